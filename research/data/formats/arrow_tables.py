"""Tables in Apache Arrow's form: Parquet files, and data sets that `datasets` wrote with save_to_disk. pyarrow reads both."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from research.config.errors import StepladderError
from research.config.unicode import Encoding
from research.data.formats.compression import COMPRESSIONS, read_content
from research.data.formats.extra import import_extra
from research.data.formats.rows import Cell, Row, check_columns

if TYPE_CHECKING:
    import pyarrow as pa

SPLIT = "split"  # the column that tells a row's split where a folder holds several
STATE, SPLITS_FILE, INFO = "state.json", "dataset_dict.json", "dataset_info.json"  # what save_to_disk writes
Feature: TypeAlias = dict[str, Any]  # the type of a column, as dataset_info.json has it
Decode: TypeAlias = Callable[[Cell], Cell]


def read_parquet(path: Path, place: str, columns: Sequence[str], encoding: Encoding) -> Iterator[Row]:
    """The rows of a Parquet file; a place is the number of a record. Raises StepladderError for a file that is none."""
    parquet = import_extra("pyarrow.parquet", "a Parquet file", place)
    arrow = import_extra("pyarrow", "a Parquet file", place)
    packed = path.suffix.lower() in COMPRESSIONS
    number = 0
    try:
        with parquet.ParquetFile(arrow.BufferReader(read_content(path, place)) if packed else path) as file:
            check_columns(columns, file.schema_arrow.names, place)
            for batch in file.iter_batches(columns=list(columns)):
                yield from _batch_rows(batch, columns, place, number, {})
                number += batch.num_rows
    except (arrow.ArrowException, OSError) as error:
        raise StepladderError(f"{place} cannot be read as Parquet: {error}. Bring a whole copy.") from error


def read_saved_dataset(path: Path, place: str, columns: Sequence[str], encoding: Encoding) -> Iterator[Row]:
    """The rows of a Dataset, or of every split of a DatasetDict, whose column `split` names it. A class's number becomes its name."""
    for name in _split_names(path, place):
        folder = path / name if name else path
        own = [column for column in columns if not (name and column == SPLIT)]
        for row in _dataset_rows(folder, f"{place}/{name}" if name else place, own, [SPLIT] if name else []):
            yield Row(row.place, row.cells | {SPLIT: name}) if len(own) < len(columns) else row


def is_saved_dataset(path: Path) -> bool:
    """Whether save_to_disk wrote a folder."""
    return any((path / name).is_file() for name in (STATE, SPLITS_FILE))


def saved_dataset_parts(path: Path) -> list[Path]:
    """The files that hold the rows and their types, in the order of their names."""
    return sorted([*path.rglob("*.arrow"), *path.rglob(INFO), *path.rglob(SPLITS_FILE)])


def _split_names(path: Path, place: str) -> list[str]:
    """Of a DatasetDict; a Dataset is one part without a name."""
    return _read_json(path / SPLITS_FILE, place).get("splits", []) if (path / SPLITS_FILE).is_file() else [""]


def _dataset_rows(folder: Path, place: str, columns: Sequence[str], more: Sequence[str]) -> Iterator[Row]:
    arrow = import_extra("pyarrow", "a data set of `datasets`", place)
    features, state = _read_json(folder / INFO, place).get("features") or {}, _read_json(folder / STATE, place)
    if state.get("_indices_data_files"):
        raise StepladderError(f"{place} was saved with its rows selected, not written: load it, and save `flatten_indices()` of it.")
    number = 0
    try:
        for data_file in state["_data_files"]:
            with arrow.memory_map(str(folder / data_file["filename"])) as mapped, arrow.ipc.open_stream(mapped) as stream:
                check_columns(columns, [*stream.schema.names, *more], place)
                decoders = {column: _decoder(features.get(column, {})) for column in columns}
                for batch in stream:
                    yield from _batch_rows(batch.select(list(columns)), columns, place, number, decoders)
                    number += batch.num_rows
    except (arrow.ArrowException, OSError, KeyError) as error:
        raise StepladderError(f"{place} is no whole data set of `datasets`: {error}. Save it again with save_to_disk.") from error


def _batch_rows(batch: "pa.RecordBatch", columns: Sequence[str], place: str, before: int, decoders: dict[str, Decode]) -> Iterator[Row]:
    cells = {column: batch.column(column).to_pylist() for column in columns}
    for index in range(batch.num_rows):
        values = {column: cells[column][index] for column in columns}
        yield Row(f"{place}, record {before + index + 1}", {column: _decoded(decoders, column, value) for column, value in values.items()})


def _decoded(decoders: dict[str, Decode], column: str, value: Cell) -> Cell:
    return decoders[column](value) if column in decoders and value is not None else value


def _decoder(feature: Feature) -> Decode:
    """From the number of a class to its name, also in a list; -1 is a row without a class."""
    names, inner = feature.get("names"), feature.get("feature")
    if isinstance(names, list):
        return lambda value: names[value] if isinstance(value, int) and 0 <= value < len(names) else None
    if isinstance(inner, dict):
        decode = _decoder(inner)
        return lambda value: [decode(item) for item in value] if isinstance(value, list) else value
    return lambda value: value


def _read_json(path: Path, place: str) -> dict[str, Any]:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StepladderError(f"{place} is no whole data set of `datasets`: {path.name} cannot be read ({error}).") from error
