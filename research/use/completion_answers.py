"""How a finished language model scores the completions of prompts, and what it writes in their place."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from research.data.prompts import Query
from research.tasks.completions import (
    CompletionScores,
    greedy_completions,
    greedy_completions_by_ngram,
    score_completions,
    score_completions_by_ngram,
)
from research.use.finished_run import FinishedRun


class CompletionAnswers(NamedTuple):
    """How a kind of model answers queries.

    scores(run, queries) -> those of every completion
    greedy(run, queries) -> the likeliest text after each context, as long as its completion
    no_examples: why examples on the lines before a prompt are refused, as an error says it; "" where they are read
    """

    scores: Callable[[FinishedRun, Sequence[Query]], list[CompletionScores]]
    greedy: Callable[[FinishedRun, Sequence[Query]], list[np.ndarray]]
    no_examples: str


def _score_by_model(run: FinishedRun, queries: Sequence[Query]) -> list[CompletionScores]:
    return score_completions(run.config.model, run.parameters, run.data.vocabulary.size, queries)


def _write_by_model(run: FinishedRun, queries: Sequence[Query]) -> list[np.ndarray]:
    return greedy_completions(run.config.model, run.parameters, run.data.vocabulary.size, queries)


def _score_by_counts(run: FinishedRun, queries: Sequence[Query]) -> list[CompletionScores]:
    return score_completions_by_ngram(run.parameters, queries)


def _write_by_counts(run: FinishedRun, queries: Sequence[Query]) -> list[np.ndarray]:
    return greedy_completions_by_ngram(run.parameters, queries)


TRAINED_COMPLETIONS = CompletionAnswers(_score_by_model, _write_by_model, "")
COUNTED_COMPLETIONS = CompletionAnswers(
    _score_by_counts,
    _write_by_counts,
    "An n-gram begins anew at every line, so --examples on lines before a prompt change nothing; leave it out.",
)
