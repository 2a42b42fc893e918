"""Sentences that people rated, scored by rules: with all of them, without one, with none, and as they were meant."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, get_args

import numpy as np
from sklearn.metrics import f1_score

from research.classic.lexicon import Lexicon, load_lexicon
from research.classic.sentiment_rules import polarity, sentiment_score
from research.compare.statistics import Items
from research.config.rules import Rules
from research.config.sweep import TableLayout
from research.data.dataset_sources import read_data_source
from research.data.download import digest_of
from research.data.vader import Part, read_rated
from research.metrics.class_scores import confusion
from research.metrics.correlations import moments, pearson
from research.report.study import Study, StudyCell

NEGATION = ("negation", "never_so", "no", "least")
ALONE = ("intensifiers", "idioms", "capitals", "contrast", "punctuation", "emoji")
OFF: dict[str, Sequence[str]] = {  # row -> switches that are off
    "all rules": (),
    "no negation": NEGATION,
    **{f"no {switch}": (switch,) for switch in ALONE},
    "lexicon alone": (*NEGATION, *ALONE),
    "without slips": ("quirks",),
}
TABLE = TableLayout(
    rows="rules",
    columns="text",
    metrics=("test.weighted_f1", "test.accuracy"),
    baseline="all rules",
    figure="none",
)


class Rated(NamedTuple):
    """A sentence and the mean of its ratings, from -4 to 4."""

    text: str
    rating: float


def read_parts(data_dir: Path | None) -> tuple[Lexicon, dict[str, list[Rated]]]:
    """The lexicon, and every sentence of each kind of text."""
    (archive,) = read_data_source("vader", data_dir).values()
    parts = {part: [Rated(text, rating) for _, rating, text in read_rated(archive, part)] for part in get_args(Part)}
    return load_lexicon("vader", data_dir), parts


def study_of(preset: str, question: str, lexicon: Lexicon, parts: Mapping[str, Sequence[Rated]]) -> Study:
    """Every set of rules on the same sentences; nothing is drawn and nothing is trained."""
    return Study(
        name="rules",
        question=question,
        preset=preset,
        settings={"threshold": Rules(kind="rules").threshold},
        digest=digest_of([[sentence.text, str(sentence.rating)] for rated in parts.values() for sentence in rated])[:16],
        table=TABLE,
        metric="test.correlation",
        cells=tuple(_measure(row, part, lexicon, rated) for row in OFF for part, rated in parts.items()),
    )


def _measure(row: str, part: str, lexicon: Lexicon, rated: Sequence[Rated]) -> StudyCell:
    """The score of a sentence against its rating (Pearson), and its sign against the rating's."""
    begun = time.perf_counter()
    rules = Rules(kind="rules").model_copy(update=dict.fromkeys(OFF[row], False))
    scores = np.array([sentiment_score(rules, lexicon, sentence.text) for sentence in rated])
    ratings = np.array([sentence.rating for sentence in rated])
    signs, truth = np.array([polarity(rules, value) for value in scores]), np.sign(ratings).astype(int)
    right = (signs == truth).astype(float)
    summed, confused = moments(scores, ratings), confusion(truth + 1, signs + 1)
    fields = {"correct": right, "correlation": summed[:, None], "confusion": confused[:, None]}
    items = Items(np.arange(len(rated)), np.ones(len(rated), np.int64), fields, truth)
    means = {
        "correlation": float(pearson(summed.sum(axis=0))),
        "weighted_f1": float(f1_score(truth, signs, average="weighted")),
        "accuracy": float(right.mean()),
    }
    return StudyCell({"rules": row, "text": part}, {0: means}, {"sentences": len(rated)}, {0: items}, time.perf_counter() - begun)
