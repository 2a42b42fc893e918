"""What a finished run makes of a prompt set: its metrics, and the items that tests compare."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from research.classic import ngram
from research.data.dataset import Identity
from research.data.prompts import Asked, Query, identify_prompts, queries, unknown
from research.tasks.prompting import Judged, by_line, judge, judge_by_counts, metrics


class Prompted(NamedTuple):
    """`unknown`: symbols of the set that the vocabulary has not."""

    metrics: dict[str, float]
    items: dict[str, np.ndarray]
    identity: Identity
    unknown: int


def prompted(model: Any, params: Any, asked: Asked, seed: int) -> Prompted:
    """The set by a trained model; examples are drawn by the run's seed."""
    found = queries(asked, seed)
    return _prompted(asked, found, judge(model, params, asked.vocabulary.size, found))


def prompted_by_counts(model: ngram.Model, asked: Asked) -> Prompted:
    """The set by an n-gram, which reads no line before the prompt's."""
    found = queries(asked._replace(examples=0), 0)
    return _prompted(asked, found, judge_by_counts(model, found))


def _prompted(asked: Asked, found: Sequence[Query], judged: Sequence[Judged]) -> Prompted:
    items = by_line(found, judged)
    return Prompted(metrics(found, items), items, identify_prompts(asked), unknown(asked))
