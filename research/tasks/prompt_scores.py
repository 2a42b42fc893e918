"""What a finished run makes of a prompt set: its metrics, and the items that tests compare."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import PyTree

from research.classic import ngram
from research.config.node import Node
from research.data.dataset import Identity
from research.data.prompts import PromptSet, Query, count_unknown, identify_prompts, prompt_queries
from research.tasks.completions import CompletionScores, completion_metrics, line_items, score_completions, score_completions_by_ngram


class PromptScores(NamedTuple):
    """`unknown`: symbols of the set that the vocabulary has not."""

    metrics: dict[str, float]
    items: dict[str, np.ndarray]
    identity: Identity
    unknown: int


def score_prompt_set(model: Node, params: PyTree, prompt_set: PromptSet, seed: int) -> PromptScores:
    """The set by a trained model; examples are drawn by the run's seed."""
    completion_queries = prompt_queries(prompt_set, seed)
    return _prompted(prompt_set, completion_queries, score_completions(model, params, prompt_set.vocabulary.size, completion_queries))


def score_prompt_set_by_ngram(model: ngram.NGramModel, prompt_set: PromptSet) -> PromptScores:
    """The set by an n-gram, which reads no line before the prompt's."""
    completion_queries = prompt_queries(prompt_set._replace(examples=0), 0)
    return _prompted(prompt_set, completion_queries, score_completions_by_ngram(model, completion_queries))


def _prompted(prompt_set: PromptSet, completion_queries: Sequence[Query], judged: Sequence[CompletionScores]) -> PromptScores:
    items = line_items(completion_queries, judged)
    return PromptScores(completion_metrics(completion_queries, items), items, identify_prompts(prompt_set), count_unknown(prompt_set))
