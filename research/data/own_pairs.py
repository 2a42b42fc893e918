"""Pairs of the user's own: two files of lines a split, or tables, to the texts of each split, and what identifies them."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from research.config.errors import StepladderError
from research.config.own_files import PairColumns
from research.config.pairs import PairFiles
from research.config.unicode import split_lines
from research.data.clusters import Clusters
from research.data.dataset import SPLITS, PairTexts
from research.data.formats.compression import read_content
from research.data.formats.rows import Row, filled_text_cell
from research.data.formats.text_lines import ADVICE
from research.data.own_rows import OwnRow, divide_rows, group_numbers, own_contents, own_table, table_rows
from research.data.own_texts import find_text
from research.data.pair_texts import READER
from research.data.source_kind import Contents
from research.data.utf8 import as_text
from research.text.sides import normalise_text

Pair = tuple[str, str]


def read_pair_files(config: PairFiles, data_dir: Path | None) -> dict[str, PairTexts]:
    """The user's own files. Raises StepladderError for files of unequal length, and for an empty line or cell, with its place."""
    rows = _pair_rows(config, data_dir)
    return {split: PairTexts(*zip(*(row.item for row in rows[split]), strict=True)) for split in SPLITS}


def own_pairs(config: PairFiles, data_dir: Path | None) -> Contents:
    """The checksums of the user's own files, and what selects from tables."""
    columns = config.columns or PairColumns()
    return [READER, *own_contents(config, (columns.source, columns.target), _paths(config), data_dir, partial(_find, config))]


def pair_groups(config: PairFiles, data_dir: Path | None, sources: Sequence[str]) -> Clusters | None:
    """The number of each test pair's group, where a column says it."""
    return group_numbers([row.group for row in _pair_rows(config, data_dir)["test"]]) if config.group_column else None


def _pair_rows(config: PairFiles, data_dir: Path | None) -> dict[str, list[OwnRow[Pair]]]:
    rows = {}
    for split in SPLITS:
        path, sides = getattr(config, split), {key: path for key, path in config.sides(split).items() if path is not None}
        if isinstance(path, str):
            rows[split] = _table_pairs(config, split, path, data_dir)
        elif sides:
            rows[split] = _aligned(config, sides, data_dir)
    return divide_rows(config, rows, lambda pair: "", config.train or config.train_source or "")


def _paths(config: PairFiles) -> dict[str, str]:
    """The files by their words, in the order of the splits, the source's before the target's."""
    keys = [key for split in SPLITS for key in (split, *config.sides(split))]
    return {key: path for key in keys if isinstance(path := getattr(config, key), str)}


def _find(config: PairFiles, key: str, path: str, data_dir: Path | None) -> Path:
    return own_table(config, key, path, data_dir) if key in SPLITS else find_text(key, path, data_dir)


def _table_pairs(config: PairFiles, split: str, path: str, data_dir: Path | None) -> list[OwnRow[Pair]]:
    columns = config.columns or PairColumns()

    def item(row: Row) -> Pair:
        source, target = (
            normalise_text(filled_text_cell(row, column), False, config.normalisation) for column in (columns.source, columns.target)
        )
        return source, target

    return list(table_rows(config, own_table(config, split, path, data_dir), path, (columns.source, columns.target), item))


def _aligned(config: PairFiles, sides: dict[str, str], data_dir: Path | None) -> list[OwnRow[Pair]]:
    places = {key: f"data.{key} = {path!r}" for key, path in sides.items()}
    sources, targets = (_side_lines(config, key, path, places[key], data_dir) for key, path in sides.items())
    source_place, target_place = places.values()
    if len(sources) != len(targets):
        raise StepladderError(
            f"{source_place} has {len(sources)} lines and {target_place} has {len(targets)}: line i of one is to be the translation of "
            "line i of the other. Align them first."
        )
    return [OwnRow(source_place, pair) for pair in zip(sources, targets, strict=True)]


def _side_lines(config: PairFiles, key: str, path: str, place: str, data_dir: Path | None) -> list[str]:
    lines = split_lines(as_text(read_content(find_text(key, path, data_dir), path), place, config.encoding, ADVICE))
    stripped = [normalise_text(line.strip(), False, config.normalisation) for line in lines]
    if "" in stripped:
        raise StepladderError(
            f"{place}, line {stripped.index('') + 1}, is empty: each side of a pair needs a word. Remove it on both sides."
        )
    return stripped
