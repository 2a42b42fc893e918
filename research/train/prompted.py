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


def prompted(model: Any, params: Any, prompt_set: Asked, seed: int) -> Prompted:
    """The set by a trained model; examples are drawn by the run's seed."""
    prompt_queries = queries(prompt_set, seed)
    return _prompted(prompt_set, prompt_queries, judge(model, params, prompt_set.vocabulary.size, prompt_queries))


def prompted_by_counts(model: ngram.Model, prompt_set: Asked) -> Prompted:
    """The set by an n-gram, which reads no line before the prompt's."""
    prompt_queries = queries(prompt_set._replace(examples=0), 0)
    return _prompted(prompt_set, prompt_queries, judge_by_counts(model, prompt_queries))


def _prompted(prompt_set: Asked, prompt_queries: Sequence[Query], judged: Sequence[Judged]) -> Prompted:
    items = by_line(prompt_queries, judged)
    return Prompted(metrics(prompt_queries, items), items, identify_prompts(prompt_set), unknown(prompt_set))
