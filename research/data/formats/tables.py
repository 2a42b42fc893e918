"""Tables with named columns, in whatever format they are: `read_rows`. Each format is one entry of `FORMATS`.

A file's format is told by the ending of its name, once that of a compression is taken off (`a.csv.gz`); a folder's by what is in it.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from research.config.errors import StepladderError
from research.config.unicode import Encoding
from research.data.download import digest_of
from research.data.file_checksums import content_checksum
from research.data.formats.arrow_tables import is_saved_dataset, read_parquet, read_saved_dataset, saved_dataset_parts
from research.data.formats.class_folders import class_folder_parts, read_class_folders
from research.data.formats.compression import COMPRESSIONS, plain_name
from research.data.formats.delimited import read_csv, read_tsv
from research.data.formats.json_lines import read_json_lines
from research.data.formats.rows import Row

TABLES_VERSION = 1  # raised when a change here alters the rows of a file


class Format(NamedTuple):
    """A format of tables."""

    shown: str  # an ending, or what a folder holds
    matches: Callable[[Path], bool]  # whether a path has this format
    read: Callable[[Path, str, Sequence[str], Encoding], Iterator[Row]]  # (path, its name in errors, columns, encoding)
    parts: Callable[[Path], list[Path]]  # the files whose names and contents identify the rows
    has_encoding: bool  # whether `data.encoding` says how its texts are written
    needs_columns: bool  # whether the same ending may be a file of lines, so that it is a table only where its columns are named


def _ends(*endings: str) -> Callable[[Path], bool]:
    return lambda path: not path.is_dir() and plain_name(path).endswith(endings)


def _is_class_folder(path: Path) -> bool:
    return path.is_dir() and not is_saved_dataset(path)


def _itself(path: Path) -> list[Path]:
    return [path]


FORMATS: dict[str, Format] = {
    "csv": Format(".csv", _ends(".csv"), read_csv, _itself, has_encoding=True, needs_columns=False),
    "tsv": Format(".tsv", _ends(".tsv"), read_tsv, _itself, has_encoding=True, needs_columns=True),
    "json_lines": Format(".jsonl", _ends(".jsonl", ".ndjson"), read_json_lines, _itself, has_encoding=True, needs_columns=False),
    "json": Format(".json", _ends(".json"), read_json_lines, _itself, has_encoding=True, needs_columns=True),
    "parquet": Format(".parquet", _ends(".parquet"), read_parquet, _itself, has_encoding=False, needs_columns=False),
    "saved_dataset": Format(
        "a folder of save_to_disk", is_saved_dataset, read_saved_dataset, saved_dataset_parts, has_encoding=False, needs_columns=False
    ),
    "class_folders": Format(
        "a folder of texts by class", _is_class_folder, read_class_folders, class_folder_parts, has_encoding=True, needs_columns=False
    ),
}


def read_rows(path: Path, columns: Sequence[str], encoding: Encoding = "utf-8", place: str = "") -> Iterator[Row]:
    """The rows of a table, in its order, with the cells of these columns; `place` names the table in errors, by default its path.

    What a cell holds is checked by whoever takes it (`text_cell`, `label_cell`, `number_cell`, `words_cell` of `formats.rows`). Raises
    StepladderError for a format that is none, a column that is not there, a broken row with its line, and a table without a row.
    """
    place = place or str(path)
    entry = _format(path, place)
    if not entry.has_encoding and encoding != "utf-8":
        raise StepladderError(f"{place} says itself how its texts are written, so data.encoding = {encoding} does nothing: leave it out.")
    row = None
    for row in entry.read(path, place, columns, encoding):
        yield row
    if row is None:
        raise StepladderError(f"{place} is empty: a table needs at least one row.")


def is_table(path: Path, columns_named: bool) -> bool:
    """Whether a path has a format with named columns; `.tsv` and `.json` have it only where columns are named, and are lines otherwise."""
    entry = next((entry for entry in FORMATS.values() if entry.matches(path)), None)
    return entry is not None and (columns_named or not entry.needs_columns)


def table_digest(path: Path, place: str) -> str:
    """What identifies the rows of a table: the unpacked bytes of a file; of a folder, those of its files, and their names."""
    parts = _format(path, place).parts(path)
    contents = [content_checksum(part, place) for part in parts]
    names = [part.relative_to(path).as_posix() for part in parts] if path.is_dir() else []
    return digest_of([*names, *contents]) if path.is_dir() else contents[0]


def _format(path: Path, place: str) -> Format:
    entry = next((entry for entry in FORMATS.values() if entry.matches(path)), None)
    if entry is None:
        shown = ", ".join(entry.shown for entry in FORMATS.values())
        raise StepladderError(
            f"{place} is no table with named columns: {shown} are, files also with {' or '.join(COMPRESSIONS)} behind. Rename it, or leave "
            "data.columns out if it is a file of lines."
        )
    return entry
