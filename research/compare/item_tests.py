"""The interval of a metric over test items, and the paired test of two rows over them; clusters of items stay together."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from research.compare.quantiles import student_quantile
from research.compare.rank_choices import mean_over_runs, swapped_difference, without_each
from research.compare.significance import (
    FLIPPED,
    ClusterEstimate,
    estimate_from_influence,
    flipped_difference_p,
    jackknife,
    jackknife_influence,
    sign_flip_p,
    studentised_p,
    swap_p,
    t_bounds,
    wilson_bounds,
)
from research.compare.statistics import Interval, Items, as_wide
from research.metrics.metric_kind import Statistic
from research.metrics.registry import statistic_of
from research.runs.measures import bounds

Array = np.ndarray


def has_statistic(items: Items | None, name: str) -> bool:
    """Whether the items hold what this metric of a test set is made of."""
    statistic = statistic_of(name)
    return items is not None and statistic is not None and statistic.field.name in items.fields


def _statistic(name: str) -> Statistic:
    statistic = statistic_of(name)
    assert statistic is not None, f"{name} is made of items: see has_statistic"
    return statistic


def cluster_of(*runs: Items) -> Int[Array, " n"]:
    """The number, from 0, of the cluster that each item is in; of runs that say otherwise of the same items, the fewer clusters."""
    clusterings = [np.unique(run.cluster, return_inverse=True)[1] for run in runs if run.cluster is not None]
    return min(clusterings, key=lambda cluster: int(cluster.max(initial=0))) if clusterings else np.arange(len(runs[0].id))


def count_clusters(*runs: Items) -> int:
    """How many clusters of items are independent of each other."""
    return len(np.unique(cluster_of(*runs)))


def item_interval(items: Items, name: str, value: float, confidence: float = 0.95) -> Interval | None:
    """The interval over clusters of items of a run's metric (see `has_statistic`) around the `value` that the run reports.

    A share of items that are right or wrong has Wilson's, with as many trials as its variance over clusters is worth; any other
    statistic what the studentised test does not reject, within the values that it can have. loss and accuracy are sums over sums of
    tokens, perplexity the exponential of the former; bits scale with the loss, since the characters of a test set are a constant
    beside its losses. None of a single cluster, and of one that is the same in every cluster though it has no bound.
    """
    statistic, estimated, lowest_highest = _statistic(name), estimate_items(items, name), bounds(f"test.{name}")
    if estimated.n < 2 or not np.isfinite(value):
        return None
    if statistic.shown == "trials":
        return Interval(value, *_share_bounds(items, statistic, value, estimated, confidence))
    if not estimated.error > 1e-12 * abs(estimated.value):
        return _degenerate_interval(value, estimated.n, lowest_highest, confidence)
    sides = (SIDES[statistic.shown](value, estimated.value, side) for side in t_bounds(estimated, confidence))
    return Interval(value, *(float(np.clip(side, *lowest_highest)) for side in sides))


SIDES: Mapping[str, Callable[[float, float, float], float]] = {  # of the reported value, from the estimate and a side of its interval
    "itself": lambda value, estimate, side: value + side - estimate,
    "exponential": lambda value, estimate, side: value * float(np.exp(side - estimate)),
    "proportional": lambda value, estimate, side: value * side / estimate,
}


def _degenerate_interval(value: float, n: int, limits: tuple[float, float], confidence: float) -> Interval | None:
    """Of n clusters that all say the same: as if each were one trial; None where the value has no bounds."""
    low, high = limits
    if not (np.isfinite(low) and np.isfinite(high)):
        return None
    return Interval(value, *(low + (high - low) * side for side in wilson_bounds((value - low) / (high - low), n, confidence)))


def _share_bounds(items: Items, statistic: Statistic, share: float, estimated: ClusterEstimate, confidence: float) -> tuple[float, float]:
    """Wilson's bounds. Where items are tokens of sentences, or clusters, n is what its variance is worth, with Student's quantile for z
    (Korn and Graubard 1998), at most the trials that there are."""
    sums, weights = _item_values(items, statistic), _weights(items, statistic)
    if estimated.n == len(sums) and np.all(weights == 1) and np.all((sums == 0) | (sums == 1)):
        return wilson_bounds(share, len(sums), confidence)
    n = min(share * (1 - share) / estimated.error**2, float(weights.sum())) if estimated.error > 1e-12 else estimated.n
    return wilson_bounds(share, n, confidence, student_quantile((1 + confidence) / 2, estimated.n - 1))


def estimate_items(items: Items, name: str) -> ClusterEstimate:
    """A metric with its standard error over clusters; of perplexity and bits, of the mean loss a token.

    Of several runs the mean of their scores: the seeds are the same in every cluster.
    """
    statistic = _statistic(name)
    return FORMS[statistic.form].estimate(statistic, items, cluster_of(items))


def _estimate_ratio(statistic: Statistic, items: Items, cluster: Int[Array, " n"]) -> ClusterEstimate:
    sums, weights = (_cluster_sums(part, cluster) for part in (_item_values(items, statistic), _weights(items, statistic)))
    ratio = float(sums.sum() / weights.sum())
    return estimate_from_influence(ratio, (sums - ratio * weights) / weights.sum())


def _estimate_sums(statistic: Statistic, items: Items, cluster: Int[Array, " n"]) -> ClusterEstimate:
    counts, score = _cluster_counts(items, statistic, cluster), _mean_score(statistic, items)
    return estimate_from_influence(float(score(counts.sum(axis=0, keepdims=True))[0]), jackknife(score, counts))


def _estimate_ranks(statistic: Statistic, items: Items, cluster: Int[Array, " n"]) -> ClusterEstimate:
    return _estimate_of_choices(partial(mean_over_runs, statistic.score, _item_values(items, statistic)), cluster)


def _estimate_of_choices(score: Callable[[Array], Array], cluster: Int[Array, " n"]) -> ClusterEstimate:
    """Of a score of which items are chosen, [r n] -> [r], by leaving each cluster out."""
    value = float(score(np.ones((1, len(cluster))))[0])
    return estimate_from_influence(value, jackknife_influence(without_each(score, cluster)))


class PairedItems(NamedTuple):
    """What the test over items says of two rows. `difference` is that of their scores, or of their sums."""

    p: float
    difference: ClusterEstimate


class Swaps(NamedTuple):
    """Two rows that may be swapped within clusters: their difference, in how many clusters they differ, and p of all swaps by its sign."""

    difference: ClusterEstimate
    differing: int
    flipped_p: Callable[[float], float]


def paired_items(a: Items, b: Items, name: str, sign: float | None = None) -> PairedItems:
    """The paired test over clusters of items, which both scored in the same order: see `comparable`.

    p is studentised, and of flipped signs too where at most FLIPPED clusters differ; the larger counts, and at least 2^(1 - clusters).

    The test statistic is the difference of mean losses a token (or of accuracies); perplexity is monotone in it. Losses a
    character, and drawn texts, compare across tokenizers, since the characters are the same. Of BLEU, chrF, F1 and correlations it is
    the difference of the scores of the whole set (of Spearman's, ranked anew); with several seeds, of their mean scores. `sign`: the
    direction of the difference that is shown, by default its own.
    """
    statistic = _statistic(name)
    difference, differing, flipped_p = FORMS[statistic.form].swaps(statistic, a, b, cluster_of(a, b))
    tested_sign = float(np.sign(difference.value)) if sign is None else sign
    flipped = flipped_p(tested_sign) if differing <= FLIPPED else 0.0
    p = max(studentised_p(difference, tested_sign), flipped, 2.0 ** max(1 - difference.n, -1000))
    return PairedItems(p, difference)


def _swap_ratio(statistic: Statistic, a: Items, b: Items, cluster: Int[Array, " n"]) -> Swaps:
    differences = _cluster_sums(_item_values(a, statistic) - _item_values(b, statistic), cluster)
    difference = estimate_from_influence(float(differences.mean()), differences / len(differences))
    return Swaps(difference, int(np.count_nonzero(differences)), partial(sign_flip_p, differences))


def _swap_sums(statistic: Statistic, a: Items, b: Items, cluster: Int[Array, " n"]) -> Swaps:
    x, y = (_cluster_counts(run, statistic, cluster) for run in _with_same_classes(a, b, statistic))
    score = _mean_score(statistic, a)
    return Swaps(_difference(score, x, y), int(np.any(x != y, axis=1).sum()), partial(swap_p, score, x, y))


def _swap_ranks(statistic: Statistic, a: Items, b: Items, cluster: Int[Array, " n"]) -> Swaps:
    first, second = (_item_values(run, statistic) for run in (a, b))
    differs = np.bincount(cluster, np.any(first != second, axis=(1, 2))) > 0
    scores = [partial(mean_over_runs, statistic.score, pairs) for pairs in (first, second)]
    difference = _estimate_of_choices(lambda weights: scores[0](weights) - scores[1](weights), cluster)
    swapped = partial(swapped_difference, statistic.score, first, second, cluster, differs)
    return Swaps(difference, int(differs.sum()), partial(flipped_difference_p, int(differs.sum()), swapped, difference.value))


class ItemForm(NamedTuple):
    """How what is made of items in this way is estimated, and how two rows of it are compared.

    estimate(statistic, items, cluster of each item) -> the statistic with its error over clusters
    swaps(statistic, items, items of another row, cluster of each) -> what comes of swapping the rows within clusters
    """

    estimate: Callable[[Statistic, Items, Array], ClusterEstimate]
    swaps: Callable[[Statistic, Items, Items, Array], Swaps]


FORMS: dict[str, ItemForm] = {
    "ratio": ItemForm(_estimate_ratio, _swap_ratio),
    "sums": ItemForm(_estimate_sums, _swap_sums),
    "ranks": ItemForm(_estimate_ranks, _swap_ranks),
}


def paired_items_p(a: Items, b: Items, name: str) -> float:
    """Its p alone."""
    return paired_items(a, b, name).p


def _difference(score: Callable[[Array], Array], x: Float[Array, "n m"], y: Float[Array, "n m"]) -> ClusterEstimate:
    width = x.shape[1]

    def score_difference(sums: Array) -> Array:
        return score(sums[:, :width]) - score(sums[:, width:])

    counts = np.concatenate([x, y], axis=1)
    return estimate_from_influence(float(score_difference(counts.sum(axis=0, keepdims=True))[0]), jackknife(score_difference, counts))


def _item_values(items: Items, statistic: Statistic) -> Float[Array, "n ..."]:
    return np.asarray(items.fields[statistic.field.name], float)


def _weights(items: Items, statistic: Statistic) -> Float[Array, " n"]:
    return items.tokens.astype(float) if statistic.per == "tokens" else np.ones(len(items.id))


def _cluster_sums(values: Float[Array, " n"], cluster: Int[Array, " n"]) -> Float[Array, " c"]:
    return np.bincount(cluster, values)


def _cluster_counts(items: Items, statistic: Statistic, cluster: Int[Array, " n"]) -> Float[Array, "c m"]:
    """The summed counts of each cluster, those of all runs side by side."""
    counts = _item_values(items, statistic).reshape(len(items.id), -1)
    order = np.argsort(cluster, kind="stable")
    starts = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    return np.add.reduceat(counts[order], starts, axis=0)


def _with_same_classes(a: Items, b: Items, statistic: Statistic) -> list[Items]:
    """Both with counts of as many classes."""
    name = statistic.field.name
    wide = as_wide([run.fields[name] for run in (a, b)])
    return [run._replace(fields={**run.fields, name: counts}) for run, counts in zip((a, b), wide, strict=True)]


def _mean_score(statistic: Statistic, items: Items) -> Callable[[Array], Array]:
    """[r m] -> [r]: the score of each run from its sums, then the mean over the runs. Sums are not summed over runs."""
    runs = items.fields[statistic.field.name].shape[1]
    return lambda sums: np.asarray(statistic.score(sums.reshape(len(sums), runs, -1))).mean(axis=1)
