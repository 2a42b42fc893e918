"""The splits of data of the user's own: the rows of tables and the lines of files, and which of them are which split.

A split is a file, the rows that a column says, or a share of the training file: the same for every kind of own data.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

from research.config.errors import StepladderError, did_you_mean
from research.config.own_files import OwnFiles
from research.config.unicode import decode_path
from research.data.clusters import Clusters
from research.data.dataset import SPLITS
from research.data.file_checksums import content_checksum
from research.data.formats.rows import Row, label_cell
from research.data.formats.tables import TABLES_VERSION, is_table, read_rows, table_digest
from research.data.held_out import hold_out, hold_out_groups
from research.data.source_kind import Contents

SPLIT_NAMES = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "validation", "val", "dev", "development"), "valid"),
    **dict.fromkeys(("test", "testing"), "test"),
}
MANY_GROUPS = 20  # documents that a file tells apart, where they are so many, are held out whole
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class OwnRow(Generic[Item]):
    """What a row or a line holds, with the place that errors begin with; the split that the row names, and its group, or nothing."""

    place: str
    item: Item
    split: str = ""
    group: str = ""


@dataclass(frozen=True)
class RowForm(Generic[Item]):
    """What a kind of data makes of a row of a table, and of a file of lines."""

    columns: tuple[str, ...]
    item: Callable[[Row], Item]  # raises StepladderError for a cell that is none
    lines: Callable[[str, str], list[OwnRow[Item]]]  # (word of [data], path as it is written) -> those of a file that is no table
    stratum: Callable[[Item], str]  # the class, of which every split has its part; "" where there is none


def find_table(config: OwnFiles, path: str, data_dir: Path | None) -> Path | None:
    """Where the table of a path is, here or in `data_dir`; None where it is a file of lines, or is not there."""
    there = next((place for place in own_paths(path, data_dir) if place.exists()), None)
    return there if there is not None and (config.columns_named or is_table(there, config.columns_named)) else None


def own_table(config: OwnFiles, key: str, path: str, data_dir: Path | None) -> Path:
    """Where the table `data.<key>` is. Raises StepladderError where nothing is there, or a file of lines."""
    table = find_table(config, path, data_dir)
    if table is not None:
        return table
    there = next((place for place in own_paths(path, data_dir) if place.exists()), None)
    if there is None:
        looked_for = " and ".join(map(str, own_paths(path, data_dir)))
        raise StepladderError(f"data.{key} = {path!r} does not exist (looked for {looked_for}). It is to be a table with named columns.")
    return there


def own_paths(path: str, data_dir: Path | None) -> list[Path]:
    """Where a path of the user's own is looked for."""
    return [decode_path(path), *([data_dir / decode_path(path)] if data_dir else [])]


def read_own_splits(config: OwnFiles, data_dir: Path | None, form: RowForm[Item]) -> dict[str, list[OwnRow[Item]]]:
    """The rows of each split that has some, in the order of their files."""
    paths = {split: path for split, path in config.split_sources.items() if isinstance(path, str)}
    rows = {split: read_own_file(config, split, path, data_dir, form) for split, path in paths.items()}
    return divide_rows(config, rows, form.stratum, str(paths.get("train", "")))


def read_own_file(config: OwnFiles, split: str, path: str, data_dir: Path | None, form: RowForm[Item]) -> list[OwnRow[Item]]:
    """The rows or lines of the file `data.<split>`."""
    table = find_table(config, path, data_dir)
    return form.lines(split, path) if table is None else list(table_rows(config, table, path, form.columns, form.item))


def table_rows(config: OwnFiles, table: Path, place: str, columns: Sequence[str], item: Callable[[Row], Item]) -> Iterable[OwnRow[Item]]:
    """The rows of one table, each with its split and group where columns say them."""
    split, group = config.split_column, config.group_column
    more = [column for column in (split, group) if column is not None and column not in columns]
    for row in read_rows(table, [*columns, *more], config.encoding, place):
        yield OwnRow(row.place, item(row), _split_name(row, split) if split else "", label_cell(row, group) if group else "")


def _split_name(row: Row, column: str) -> str:
    name = label_cell(row, column)
    if name.lower() not in SPLIT_NAMES:
        raise StepladderError(
            f"{row.place}, has {name!r} for `{column}`, which is no split{did_you_mean(name.lower(), SPLIT_NAMES) or '.'} A row is of "
            f"{', '.join(SPLITS)} (or {', '.join(name for name in SPLIT_NAMES if name not in SPLITS)})."
        )
    return SPLIT_NAMES[name.lower()]


def divide_rows(
    config: OwnFiles, rows: dict[str, list[OwnRow[Item]]], stratum: Callable[[Item], str], place: str
) -> dict[str, list[OwnRow[Item]]]:
    """The splits of rows: those of `train` by their column where there is one, then what is held out of it. `place` names its file.

    Raises StepladderError for a split without a row, and for one that a column names and that is held out too.
    """
    if config.split_column is not None:
        rows = rows | {split: [row for row in rows["train"] if row.split == split] for split in SPLITS}
    for split in SPLITS if config.split_column is not None else ():
        if bool(rows[split]) == (split in config.held_out):
            raise StepladderError(_split_problem(config, split, place))
    total = len(rows["train"])
    for split, share in config.held_out.items():
        train, classes = rows["train"], [stratum(row.item) for row in rows["train"]]
        groups = [row.group for row in train]
        if config.group_column is None and len(set(groups)) < MANY_GROUPS:
            parts = hold_out(share, train, classes, place, split, total)
        else:
            parts = hold_out_groups(share, train, classes, groups, place, split, total)
        rows = rows | {"train": parts[0], split: parts[1]}
    return rows


def _split_problem(config: OwnFiles, split: str, place: str) -> str:
    column = f"The column `{config.split_column}` of {place}"
    if split in config.held_out:
        return f"{column} says which rows are {split}, and data.{split} holds others out: leave data.{split} out."
    if split == "train":
        return f"{column} says of no row that it is train: nothing could be learned."
    return f"{column} says of no row that it is {split}: set data.{split} = 0.1, that share of its training rows, or name the rows."


def own_contents(
    config: OwnFiles, columns: Sequence[str], paths: dict[str, str], data_dir: Path | None, find: Callable[..., Path]
) -> Contents:
    """What identifies own data: the unpacked bytes of each path, by its word, and for tables the words that select from them.

    `find` looks a file of lines up, from its word, its path and `data_dir`.
    """
    tables = {key: find_table(config, path, data_dir) for key, path in paths.items()}
    digests: Contents = [
        content_checksum(find(key, path, data_dir), path) if (table := tables[key]) is None else table_digest(table, path)
        for key, path in paths.items()
    ]
    if not any(tables.values()):
        return digests
    return [*digests, {"tables": TABLES_VERSION, "columns": list(columns), "split": config.split_column, "group": config.group_column}]


def group_numbers(groups: Sequence[str]) -> Clusters:
    """The number of each row's group, in the order in which groups come first."""
    numbers = {group: number for number, group in enumerate(dict.fromkeys(groups))}
    return np.array([numbers[group] for group in groups], np.int64)
