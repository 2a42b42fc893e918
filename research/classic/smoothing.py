"""From counts to probabilities. Every estimator has one form,

    p(w | h) = discounted(h w) + weight(h) * p_lower(w)

where p_lower is the uniform distribution over the vocabulary, or the same estimate one symbol of context shorter.
"""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from research.classic.ngram_counts import NGramTable
from research.config.model import AddK, MaximumLikelihood


class NGramProbabilities(NamedTuple):
    """The numbers of that form for the orders 1..n. The last entry of each array stands for what was never seen: UNSEEN = -1."""

    discounted: tuple[Float[np.ndarray, " _"], ...]  # by the id of the n-gram
    weight: tuple[Float[np.ndarray, " _"], ...]  # by the id of its context
    interpolated: bool  # whether the weight goes to the next shorter context, or to the uniform distribution
    fallback: tuple[int, ...] = ()  # the orders whose discounts could not be estimated


def context_ids(tables: tuple[NGramTable, ...], k: int, vocabulary_size: int) -> tuple[Int[np.ndarray, " m"], int]:
    """The id of the context of each n-gram of order k + 1, and how many contexts there are."""
    return tables[k].keys // (vocabulary_size + 1), len(tables[k - 1].keys) if k else 1


def add_k(config: AddK, tables: tuple[NGramTable, ...], vocabulary_size: int) -> NGramProbabilities:
    """(count(h w) + k) / (count(h) + k V); uniform after an unseen context."""
    return _additive_smoothing(tables, vocabulary_size, config.k * vocabulary_size, 1.0)


def maximum_likelihood(config: MaximumLikelihood, tables: tuple[NGramTable, ...], vocabulary_size: int) -> NGramProbabilities:
    """count(h w) / count(h). What was never seen, or follows an unseen context, has probability zero."""
    return _additive_smoothing(tables, vocabulary_size, 0.0, 0.0)


def _additive_smoothing(
    tables: tuple[NGramTable, ...], vocabulary_size: int, pseudocount: float, unseen_weight: float
) -> NGramProbabilities:
    """Relative frequencies after `pseudocount` occurrences, spread evenly over the vocabulary, joined each context."""
    discounted, weight = [], []
    for k, table in enumerate(tables):
        context, contexts = context_ids(tables, k, vocabulary_size)
        total = np.bincount(context, table.counts, contexts) + pseudocount
        discounted.append(np.append(table.counts / total[context], 0.0))
        shared = np.divide(pseudocount, total, out=np.full(contexts, unseen_weight), where=total > 0)
        weight.append(np.append(shared, unseen_weight))
    return NGramProbabilities(tuple(discounted), tuple(weight), interpolated=False)
