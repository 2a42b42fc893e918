"""Interpolated modified Kneser-Ney (Chen & Goodman 1999, sec. 3), without cut-offs, as in KenLM (Heafield et al. 2013)."""

import warnings
from itertools import pairwise

import numpy as np
from jaxtyping import Int

from research.classic.ngram_counts import NGramTable
from research.classic.smoothing import NGramProbabilities, context_ids
from research.config.model import KneserNey

FALLBACK = (0.5, 1.0, 1.5)  # lmplz --discount_fallback


def kneser_ney(config: KneserNey, tables: tuple[NGramTable, ...], vocabulary_size: int) -> NGramProbabilities:
    """p(w | h) = (a(h w) - D(a(h w))) / a(h .) + weight(h) p(w | h without its first symbol); below the unigram, 1 / V.

    The a are adjusted counts, D one of three discounts of the order, and weight(h) the share that was discounted, so that
    every distribution sums to one over the V words. Warns, once, if an order falls back on fixed discounts.
    """
    discounted, weight, fallback = [], [], []
    for k, adjusted in enumerate(adjusted_counts(tables)):
        estimated = discounts(adjusted)
        if estimated is None:
            fallback.append(k + 1)
        discount = np.array([0.0, *(FALLBACK if estimated is None else estimated)])[np.minimum(adjusted, 3)]
        context, contexts = context_ids(tables, k, vocabulary_size)
        total = np.bincount(context, adjusted, contexts)
        discounted.append(np.append((adjusted - discount) / total[context], 0.0))
        shared = np.divide(np.bincount(context, discount, contexts), total, out=np.ones(contexts), where=total > 0)
        weight.append(np.append(shared, 1.0))
    _warn(fallback)
    return NGramProbabilities(tuple(discounted), tuple(weight), interpolated=True, fallback=tuple(fallback))


def adjusted_counts(tables: tuple[NGramTable, ...]) -> list[Int[np.ndarray, " _"]]:
    """Of the highest order, occurrences; below it, the number of distinct symbols seen before the n-gram.

    Nothing precedes an n-gram that begins with <s>: it keeps its occurrences.
    """
    adjusted = [table.counts for table in tables]
    for k, (table, above) in enumerate(pairwise(tables)):
        adjusted[k] = np.where(table.begins, table.counts, np.bincount(above.suffix, minlength=len(table.keys)))
    return adjusted


def discounts(adjusted: Int[np.ndarray, " m"]) -> tuple[float, float, float] | None:
    """The discounts of the counts 1, 2 and 3 or more of one order (Chen & Goodman 1999, eq. 26).

    None where they cannot be estimated: no n-gram has the count 1, 2 or 3, or a discount is negative or above its count.
    """
    n = np.bincount(np.minimum(adjusted, 5), minlength=6).astype(float)
    if not n[1:4].all():
        return None
    y = n[1] / (n[1] + 2.0 * n[2])
    d1, d2, d3 = (c - (c + 1) * y * n[c + 1] / n[c] for c in (1, 2, 3))
    return (d1, d2, d3) if min(d1, d2, d3) >= 0.0 else None


def _warn(orders: list[int]) -> None:
    if orders:
        warnings.warn(
            f"Kneser-Ney: the counts of order {', '.join(map(str, orders))} are too few to estimate discounts from; "
            f"{FALLBACK} are used for the counts 1, 2 and 3 or more",
            stacklevel=5,
        )
