"""Sentences with a number each: from a config of rated data to the rated texts of its three splits, and what identifies them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numpy as np
from jaxtyping import Float64

from research.config.errors import StepladderError
from research.config.own_files import RatedColumns
from research.config.sentence_data import SentenceData
from research.config.sentences import RatedFiles, VaderRatings
from research.config.unicode import decode
from research.data.clusters import Clusters
from research.data.dataset import Scale
from research.data.formats.rows import Row, filled_text_cell, number_cell
from research.data.formats.text_lines import ADVICE
from research.data.labelled import labelled_contents, named_files, read_vader_splits
from research.data.own_rows import OwnRow, RowForm, group_numbers, own_contents, read_own_splits
from research.data.sentence_files import find_labelled_file, read_labelled_bytes
from research.data.source_kind import Contents

Rating: TypeAlias = tuple[float, str]  # (number, text)


class RatedSplits(NamedTuple):
    """The splits of rated data, which has no classes."""

    splits: dict[str, list[Rating]]
    classes: tuple[str, ...] = ()


def read_vader_ratings(config: VaderRatings, data_dir: Path | None) -> RatedSplits:
    """The mean ratings, in the splits that the classes of the same sentences have."""
    return RatedSplits(read_vader_splits(config, data_dir))


def read_rated_files(config: RatedFiles, data_dir: Path | None) -> RatedSplits:
    """The user's own files. Raises StepladderError with file and line for what is no finite number or has no text."""
    rows = read_own_splits(config, data_dir, _rated_form(config, data_dir))
    return RatedSplits({"valid": [], "test": []} | {split: [row.item for row in split_rows] for split, split_rows in rows.items()})


def _rated_form(config: RatedFiles, data_dir: Path | None) -> RowForm[Rating]:
    columns = config.columns or RatedColumns()

    def item(row: Row) -> Rating:
        return number_cell(row, columns.rating), filled_text_cell(row, columns.text)

    def line_item(place: str, line: str) -> OwnRow[Rating]:
        rating, tab, text = line.partition("\t")
        if not tab:
            raise StepladderError(f"{place}, has no tab: {line[:60]!r}. A line is `number<TAB>text`.")
        return OwnRow(place, item(Row(place, {columns.rating: rating.strip(), columns.text: text})))

    def lines(split: str, path: str) -> list[OwnRow[Rating]]:
        text = decode(read_labelled_bytes(split, path, data_dir), path, config.encoding, ADVICE)
        if not text.strip():
            raise StepladderError(f"data.{split} = {path!r} is empty: a split needs at least one `number<TAB>text` line.")
        _refuse_header(text, path)
        return [line_item(f"{path}, line {number}", line) for number, line in enumerate(text.rstrip("\n").split("\n"), start=1)]

    return RowForm((columns.text, columns.rating), item, lines, stratum=lambda item: "")


def _refuse_header(text: str, path: str) -> None:
    """A table that would be read as lines, its header as the first of them."""
    names = [name.strip() for name in text.partition("\n")[0].split("\t")]
    if set(RatedColumns.model_fields) <= set(names):
        raise StepladderError(
            f"{path}, line 1, is a header ({', '.join(names)[:200]}), and without data.columns this file is one of lines "
            "`number<TAB>text`: set data.columns = {} to read a .tsv by its columns."
        )


def rated_groups(config: RatedFiles, data_dir: Path | None, sentences: Sequence[str]) -> Clusters | None:
    """The number of each test sentence's group, where a column says it."""
    if config.group_column is None:
        return None
    return group_numbers([row.group for row in read_own_splits(config, data_dir, _rated_form(config, data_dir))["test"]])


def own_rated(config: RatedFiles, data_dir: Path | None) -> Contents:
    """The checksums of the user's own files, and what selects from tables."""
    paths, columns = {key: getattr(config, key) for key in named_files(config)}, config.columns or RatedColumns()
    return labelled_contents(config, *own_contents(config, (columns.text, columns.rating), paths, data_dir, find_labelled_file))


def training_scale(ratings: Float64[np.ndarray, " n"]) -> Scale:
    """Mean and deviation of the training numbers."""
    with np.errstate(over="ignore", invalid="ignore"):
        return Scale(float(ratings.mean()), float(ratings.std()))


def check_ratings(config: SentenceData, ratings: Float64[np.ndarray, " n"], limit: int, classes: tuple[str, ...]) -> None:
    """Raises StepladderError where nothing can be learned from the first `limit` numbers: all are equal, or too far apart."""
    kind: str = config.kind  # type: ignore[attr-defined]
    if np.ptp(ratings[:limit]) == 0:
        raise StepladderError(
            f"All {limit} training sentences of {kind} have the number {ratings[0]:g}, so there is nothing to learn. Bring others"
            f"{', or raise data.train_sentences' if limit < len(ratings) and np.ptp(ratings) > 0 else ''}."
        )
    if not np.isfinite(training_scale(ratings[:limit])).all():
        raise StepladderError(f"The training numbers of {kind} are too large to have a deviation. Give them in another unit.")
