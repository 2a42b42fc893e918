"""Texts of the user's own: files of lines and tables, to the text of each split, what identifies them, and which lines belong together."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from research.config.cell_identity import file_paths
from research.config.corpora import Files
from research.config.errors import StepladderError
from research.config.own_files import TextColumns
from research.config.unicode import decode_path, split_lines
from research.data.clusters import Clusters, documents, parts
from research.data.formats.compression import read_content
from research.data.formats.rows import Row, text_cell
from research.data.formats.text_lines import ADVICE
from research.data.own_rows import OwnRow, RowForm, find_table, group_numbers, own_contents, own_paths, read_own_splits
from research.data.source_kind import Contents
from research.data.utf8 import as_text


def find_text(key: str, path: str, data_dir: Path | None) -> Path:
    """The user's own text `data.<key>`, where it stands or in `data_dir`. Raises StepladderError where it is not."""
    for candidate in own_paths(path, data_dir):
        if candidate.is_file():
            return candidate
    problem = "is a folder" if decode_path(path).is_dir() else "does not exist"
    where = f" (nor is {data_dir / path} a file)" if data_dir else ""
    raise StepladderError(
        f"data.{key} = {path!r} {problem}{where}. It is to be a text file, one sentence a line, or a table; relative paths start at "
        f"{Path.cwd()}."
    )


def read_own_texts(config: Files, data_dir: Path | None) -> dict[str, str]:
    """The text of each split: the lines of a file, or the rows of a table, each with an end of its last line."""
    paths = {split: path for split, path in config.split_sources.items() if isinstance(path, str)}
    if config.held_out or any(find_table(config, path, data_dir) for path in paths.values()):
        rows = read_own_splits(config, data_dir, _text_form(config, data_dir))
        return {split: "".join(row.item for row in split_rows) for split, split_rows in rows.items()}
    return {split: _read_lines(config, split, path, data_dir) for split, path in paths.items()}


def _read_lines(config: Files, split: str, path: str, data_dir: Path | None) -> str:
    return as_text(read_content(find_text(split, path, data_dir), path), f"data.{split} = {path!r}", config.encoding, ADVICE)


def _text_form(config: Files, data_dir: Path | None) -> RowForm[str]:
    columns = config.columns or TextColumns()

    def item(row: Row) -> str:
        return text_cell(row, columns.text).rstrip("\n") + "\n"

    def lines(split: str, path: str) -> list[OwnRow[str]]:
        text = _read_lines(config, split, path, data_dir)
        return [OwnRow(path, f"{line}\n") for line in split_lines(text)]

    return RowForm((columns.text,), item, lines, stratum=lambda text: "")


def own_text(config: Files, data_dir: Path | None) -> Contents:
    """The checksums of the user's own files, and what selects from tables."""
    columns = config.columns or TextColumns()
    return own_contents(config, (columns.text,), file_paths(config), data_dir, find_text)


def text_groups(config: Files, data_dir: Path | None, lines: Sequence[str]) -> Clusters | None:
    """The cluster of each test line: as `data.documents` says, where it does; its group, where a column says it; its row, where rows have
    several lines; else its part."""
    if config.documents != "unknown":
        return documents(config, data_dir, lines)
    path = config.test if isinstance(config.test, str) else config.train
    if find_table(config, path, data_dir) is None:
        return parts(config, data_dir, lines) if isinstance(config.test, str) else None
    rows = read_own_splits(config, data_dir, _text_form(config, data_dir))["test"]
    counts = [row.item.count("\n") for row in rows]
    if config.group_column is None and max(counts) == 1:
        return parts(config, data_dir, lines)
    clusters = group_numbers([row.group for row in rows]) if config.group_column else np.arange(len(rows))
    return np.repeat(clusters, counts)[: len(lines)]
