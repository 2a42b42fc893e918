"""Spearman's correlation, ranked anew for whichever items are left out, or change places between two rows.

Items have weights of 0 or 1, and ranks are those among the items of weight 1; ties have their mean rank. A run's predictions may be
replaced by their ranks within the run, which changes no correlation: so rows whose predictions lie on other scales can change places item
by item.
Shapes: r choices of items, m items, n items of a run, s runs, c clusters.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int, Num

RankPairs: TypeAlias = Float[np.ndarray, "n s 2"]  # ranks of what is predicted and of what is right, of each run
NUMBERS_AT_ONCE = 2**21  # of one array


def mean_ranks(values: Float[np.ndarray, " m"], weights: Num[np.ndarray, "r m"]) -> Float[np.ndarray, "r m"]:
    """The rank of each item among those of weight 1, from 1, less the mean of all ranks; what is left out has no meaningful one."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=np.nan) != 0)
    tied = np.add.reduceat(weights[:, order].astype(float), starts, axis=1)
    below = np.cumsum(tied, axis=1) - tied
    ranks = below + (tied - weights.sum(axis=1, keepdims=True)) / 2
    group = np.empty(len(values), int)
    group[order] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(values)))
    return ranks[:, group]


def spearman_of_choices(x: Float[np.ndarray, " m"], y: Float[np.ndarray, " m"], weights: Num[np.ndarray, "r m"]) -> Float[np.ndarray, " r"]:
    """The correlation of the ranks of the items of weight 1; 0 where one side of them does not vary."""
    step = max(1, NUMBERS_AT_ONCE // len(x))
    return np.concatenate([_spearman(x, y, weights[start : start + step]) for start in range(0, len(weights), step)])


def _spearman(x: Float[np.ndarray, " m"], y: Float[np.ndarray, " m"], weights: Num[np.ndarray, "r m"]) -> Float[np.ndarray, " r"]:
    first, second = mean_ranks(x, weights), mean_ranks(y, weights)
    xy, xx, yy = ((weights * left * right).sum(axis=1) for left, right in ((first, second), (first, first), (second, second)))
    spread = np.sqrt(xx * yy)
    return np.where(spread > 0, xy / np.where(spread > 0, spread, 1.0), 0.0)


def spearman_correlation(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> float:
    """Of all items; 0 where one side does not vary."""
    return float(spearman_of_choices(x, y, np.ones((1, len(x))))[0])


def rank_pairs(predicted: Float[np.ndarray, " n"], numbers: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n 2"]:
    """The ranks of one run's predictions, and of what is right."""
    everything = np.ones((1, len(predicted)))
    return np.stack([mean_ranks(predicted, everything)[0], mean_ranks(numbers, everything)[0]], axis=1)


def mean_spearman(pairs: RankPairs, weights: Num[np.ndarray, "r n"]) -> Float[np.ndarray, " r"]:
    """The mean over the runs of their correlations."""
    return np.mean([spearman_of_choices(pairs[:, run, 0], pairs[:, run, 1], weights) for run in range(pairs.shape[1])], axis=0)


def without_each(score: Callable[[np.ndarray], np.ndarray], cluster: Int[np.ndarray, " n"]) -> Float[np.ndarray, " c"]:
    """A score of weights [r n] -> [r] with one cluster of items after another left out; clusters are 0 .. c - 1."""
    clusters, step = np.arange(cluster.max() + 1), max(1, NUMBERS_AT_ONCE // len(cluster))
    blocks = (clusters[start : start + step, None] for start in range(0, len(clusters), step))
    return np.concatenate([score((cluster[None] != block).astype(float)) for block in blocks])


def swapped_difference(
    a: RankPairs, b: RankPairs, cluster: Int[np.ndarray, " n"], differs: Bool[np.ndarray, " c"], signs: Num[np.ndarray, "r k"]
) -> Float[np.ndarray, " r"]:
    """The difference of two rows' scores where the differing clusters of sign -1 have changed places, each mixture ranked anew."""
    swapped = np.zeros((len(signs), len(differs)), bool)
    swapped[:, differs] = signs < 0
    own = ~swapped[:, cluster]
    both, other = (np.concatenate(halves, axis=1).astype(float) for halves in ((own, ~own), (~own, own)))
    pairs = np.concatenate([a, b])
    return mean_spearman(pairs, both) - mean_spearman(pairs, other)
