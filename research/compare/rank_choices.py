"""Scores of ranks, ranked anew for whichever items are left out, or change places between two rows.

A `score` takes two numbers of each item, [n] and [n], and weights of 0 or 1, [r n], and gives [r]. A run's predictions may be replaced by
their ranks within the run, which changes no score of ranks: so rows whose predictions lie on other scales can change places item by item.
Shapes: r choices of items, n items of a run, s runs, c clusters.
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from jaxtyping import Bool, Float, Int, Num

RankScore: TypeAlias = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]
RankPairs: TypeAlias = Float[np.ndarray, "n s 2"]  # ranks of what is predicted and of what is right, of each run
NUMBERS_AT_ONCE = 2**21  # of one array


def mean_over_runs(score: RankScore, pairs: RankPairs, weights: Num[np.ndarray, "r n"]) -> Float[np.ndarray, " r"]:
    """The mean over the runs of their scores."""
    return np.mean([score(pairs[:, run, 0], pairs[:, run, 1], weights) for run in range(pairs.shape[1])], axis=0)


def without_each(score: Callable[[np.ndarray], np.ndarray], cluster: Int[np.ndarray, " n"]) -> Float[np.ndarray, " c"]:
    """A score of weights [r n] -> [r] with one cluster of items after another left out; clusters are 0 .. c - 1."""
    clusters, step = np.arange(cluster.max() + 1), max(1, NUMBERS_AT_ONCE // len(cluster))
    blocks = (clusters[start : start + step, None] for start in range(0, len(clusters), step))
    return np.concatenate([score((cluster[None] != block).astype(float)) for block in blocks])


def swapped_difference(
    score: RankScore,
    a: RankPairs,
    b: RankPairs,
    cluster: Int[np.ndarray, " n"],
    differs: Bool[np.ndarray, " c"],
    signs: Num[np.ndarray, "r k"],
) -> Float[np.ndarray, " r"]:
    """The difference of two rows' scores where the differing clusters of sign -1 have changed places, each mixture ranked anew."""
    swapped = np.zeros((len(signs), len(differs)), bool)
    swapped[:, differs] = signs < 0
    own = ~swapped[:, cluster]
    both, other = (np.concatenate(halves, axis=1).astype(float) for halves in ((own, ~own), (~own, own)))
    pairs = np.concatenate([a, b])
    return mean_over_runs(score, pairs, both) - mean_over_runs(score, pairs, other)
