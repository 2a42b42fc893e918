"""Correlations of what is predicted with what is right: Pearson's of numbers, Spearman's of their ranks.

Items have weights of 0 or 1, and ranks are those among the items of weight 1; ties have their mean rank. A run's predictions may be
replaced by their ranks within the run, which changes no rank correlation.
Shapes: r choices of items, m or n items of a run.
"""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float, Num

from research.metrics.metric_kind import ItemField, Metric, Statistic, of_ranks, of_sums

Array = np.ndarray
NUMBERS_AT_ONCE = 2**21  # of one array
ROUNDING = 1e-13  # of sums of squares


def standardise(values: Float[Array, " n"]) -> Float[Array, " n"]:
    """Mean 0 and deviation 1, which changes no correlation; zeros where all are equal."""
    return (values - values.mean()) / values.std() if np.ptp(values) > 0 else np.zeros(len(values))


def standard_moments(x: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, "n 6"]:
    """`moments` of both sides standardised, so that rows on other scales can change places item by item, and sums keep their digits."""
    return moments(standardise(x), standardise(y))


def moments(x: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, "n 6"]:
    """1, x, y, x^2, y^2 and xy of each item: what a correlation is made of."""
    return np.stack([np.ones(len(x)), x, y, x * x, y * y, x * y], axis=1)


def pearson(sums: Float[Array, "*c 6"]) -> Float[Array, "*c"]:
    """The correlation of samples whose `moments` are summed; 0 where one side does not vary, up to the rounding of its squares."""
    n, x, y, xx, yy, xy = np.moveaxis(np.asarray(sums, float), -1, 0)
    x_spread, y_spread = (np.where(n * s - t * t > ROUNDING * n * s, n * s - t * t, 0.0) for s, t in ((xx, x), (yy, y)))
    spread = np.sqrt(x_spread * y_spread)
    return np.where(spread > 0, (n * xy - x * y) / np.where(spread > 0, spread, 1.0), 0.0)


def mean_ranks(values: Float[Array, " m"], weights: Num[Array, "r m"]) -> Float[Array, "r m"]:
    """The rank of each item among those of weight 1, from 1, less the mean of all ranks; what is left out has no meaningful one."""
    order = np.argsort(values, kind="stable")
    starts = np.flatnonzero(np.diff(values[order], prepend=np.nan) != 0)
    tied = np.add.reduceat(weights[:, order].astype(float), starts, axis=1)
    below = np.cumsum(tied, axis=1) - tied
    ranks = below + (tied - weights.sum(axis=1, keepdims=True)) / 2
    group = np.empty(len(values), int)
    group[order] = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(values)))
    return ranks[:, group]


def spearman_of_choices(x: Float[Array, " m"], y: Float[Array, " m"], weights: Num[Array, "r m"]) -> Float[Array, " r"]:
    """The correlation of the ranks of the items of weight 1; 0 where one side of them does not vary."""
    step = max(1, NUMBERS_AT_ONCE // len(x))
    return np.concatenate([_spearman(x, y, weights[start : start + step]) for start in range(0, len(weights), step)])


def _spearman(x: Float[Array, " m"], y: Float[Array, " m"], weights: Num[Array, "r m"]) -> Float[Array, " r"]:
    first, second = mean_ranks(x, weights), mean_ranks(y, weights)
    xy, xx, yy = ((weights * left * right).sum(axis=1) for left, right in ((first, second), (first, first), (second, second)))
    spread = np.sqrt(xx * yy)
    return np.where(spread > 0, xy / np.where(spread > 0, spread, 1.0), 0.0)


def rank_pairs(predicted: Float[Array, " n"], numbers: Float[Array, " n"]) -> Float[Array, "n 2"]:
    """The ranks of one run's predictions, and of what is right."""
    everything = np.ones((1, len(predicted)))
    return np.stack([mean_ranks(predicted, everything)[0], mean_ranks(numbers, everything)[0]], axis=1)


def _read_moments(arrays: Mapping[str, Array]) -> Array | None:
    if "rating" in arrays and "predicted" in arrays:
        return standard_moments(arrays["predicted"], arrays["rating"])
    return arrays.get(MOMENTS.name)


def _read_ranks(arrays: Mapping[str, Array]) -> Array | None:
    return rank_pairs(arrays["predicted"], arrays["rating"]) if "rating" in arrays and "predicted" in arrays else None


MOMENTS = ItemField("correlation", "counts", "targets", _read_moments, None)
RANKS = ItemField("ranks", "counts", "targets", _read_ranks, None)


def _correlation(name: str, title: str, statistic: Statistic, measured: bool) -> Metric:
    return Metric(name, title, 1, (-1.0, 1.0), "number", "split", "targets", name, "group", statistic, measured=measured)


CORRELATION = _correlation("correlation", "correlation", of_sums(MOMENTS, pearson), measured=False)
PEARSON = _correlation("pearson", "Pearson r", of_sums(MOMENTS, pearson), measured=True)
SPEARMAN = _correlation("spearman", "Spearman rho", of_ranks(RANKS, spearman_of_choices), measured=True)
CORRELATIONS = (CORRELATION, PEARSON, SPEARMAN)
