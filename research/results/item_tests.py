"""The interval of a metric over test items, and the paired test of two rows over them; clusters of items stay together."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from research.results.corpus_scores import CORPUS, MEANS, corpus_score
from research.results.measures import bounds
from research.results.rank_correlation import mean_spearman, swapped_difference, without_each
from research.results.significance import (
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
from research.results.statistics import LOSSES, MISSPELT, NAMED, PERPLEXITIES, TEXTS, Interval, Items, as_wide
from research.results.summed_scores import pearson, span_f1, span_precision, span_recall, summed_macro_f1, summed_weighted_f1

Array = np.ndarray


class Score(NamedTuple):
    """A metric of the sums over items: their field, and the metric of summed counts [*c m] -> [*c]."""

    field: str
    score: Callable[[Array], Array]


SCORES = {
    **{name: Score(name, partial(corpus_score, name)) for name in CORPUS},
    "correlation": Score("correlation", pearson),
    "pearson": Score("correlation", pearson),
    "macro_f1": Score("confusion", summed_macro_f1),
    "weighted_f1": Score("confusion", summed_weighted_f1),
    "span_f1": Score("spans", span_f1),
    "span_precision": Score("spans", span_precision),
    "span_recall": Score("spans", span_recall),
}
RANKS = {"spearman": "ranks"}  # metrics of ranks, which are made anew for the items that are chosen, and their fields
SHARES = ("accuracy", "exact_match", "preferred", "precision_at_1")  # of trials that are right or wrong


def has_statistic(items: Items | None, statistic: str) -> bool:
    """Whether the items hold what this metric of a test set is made of."""
    if items is None:
        return False
    is_known = statistic in (*TEXTS, *NAMED, *SCORES, *RANKS, *LOSSES, "accuracy") or statistic.endswith(MISSPELT)
    return is_known and _item_field(items, statistic) is not None


def _item_field(items: Items, statistic: str) -> Array | None:
    if statistic in (*TEXTS, *NAMED, *SCORES, *RANKS):
        names = {**TEXTS, **RANKS}
        field: Array | None = getattr(items, SCORES[statistic].field if statistic in SCORES else names.get(statistic, statistic))
        return field
    return items.loss if statistic in LOSSES else items.misspelt if statistic.endswith(MISSPELT) else items.correct


def cluster_of(*runs: Items) -> Int[Array, " n"]:
    """The number, from 0, of the cluster that each item is in; of runs that say otherwise of the same items, the fewer clusters."""
    clusterings = [np.unique(run.cluster, return_inverse=True)[1] for run in runs if run.cluster is not None]
    return min(clusterings, key=lambda cluster: int(cluster.max(initial=0))) if clusterings else np.arange(len(runs[0].id))


def count_clusters(*runs: Items) -> int:
    """How many clusters of items are independent of each other."""
    return len(np.unique(cluster_of(*runs)))


def item_interval(items: Items, statistic: str, value: float, confidence: float = 0.95) -> Interval | None:
    """The interval over clusters of items of a run's statistic (see `has_statistic`) around the `value` that the run reports.

    A share of items that are right or wrong has Wilson's, with as many trials as its variance over clusters is worth; any other
    statistic what the studentised test does not reject, within the values that it can have. loss and accuracy are sums over sums of
    tokens, perplexity the exponential of the former; bits scale with the loss, since the characters of a test set are a constant
    beside its losses. None of a single cluster, and of one that is the same in every cluster though it has no bound.
    """
    estimated, lowest_highest = estimate_items(items, statistic), bounds(f"test.{statistic}")
    if estimated.n < 2 or not np.isfinite(value):
        return None
    if statistic in SHARES:
        return Interval(value, *_share_bounds(items, statistic, value, estimated, confidence))
    if not estimated.error > 1e-12 * abs(estimated.value):
        return _degenerate_interval(value, estimated.n, lowest_highest, confidence)
    low, high = t_bounds(estimated, confidence)
    if statistic in PERPLEXITIES:
        low, high = value * np.exp(low - estimated.value), value * np.exp(high - estimated.value)
    elif statistic.startswith("bits"):
        low, high = value * low / estimated.value, value * high / estimated.value
    else:
        low, high = value + low - estimated.value, value + high - estimated.value
    return Interval(value, *(float(np.clip(side, *lowest_highest)) for side in (low, high)))


def _degenerate_interval(value: float, n: int, limits: tuple[float, float], confidence: float) -> Interval | None:
    """Of n clusters that all say the same: as if each were one trial; None where the value has no bounds."""
    low, high = limits
    if not (np.isfinite(low) and np.isfinite(high)):
        return None
    return Interval(value, *(low + (high - low) * side for side in wilson_bounds((value - low) / (high - low), n, confidence)))


def _share_bounds(items: Items, statistic: str, share: float, estimated: ClusterEstimate, confidence: float) -> tuple[float, float]:
    """Wilson's bounds. Where items are tokens of sentences, or clusters, n is what its variance is worth, with Student's quantile for z
    (Korn and Graubard 1998), at most the trials that there are."""
    sums, weights = _item_values(items, statistic), _weights(items, statistic)
    if estimated.n == len(sums) and np.all(weights == 1) and np.all((sums == 0) | (sums == 1)):
        return wilson_bounds(share, len(sums), confidence)
    n = min(share * (1 - share) / estimated.error**2, float(weights.sum())) if estimated.error > 1e-12 else estimated.n
    return wilson_bounds(share, n, confidence, float(stats.t.ppf((1 + confidence) / 2, estimated.n - 1)))


def estimate_items(items: Items, statistic: str) -> ClusterEstimate:
    """A statistic with its standard error over clusters; of perplexity and bits, of the mean loss a token.

    Of several runs the mean of their scores: the seeds are the same in every cluster.
    """
    cluster = cluster_of(items)
    if statistic in SCORES:
        counts, score = _cluster_counts(items, statistic, cluster), _mean_score(statistic, items)
        return estimate_from_influence(float(score(counts.sum(axis=0, keepdims=True))[0]), jackknife(score, counts))
    if statistic in RANKS:
        return _estimate_of_choices(partial(mean_spearman, np.asarray(_item_field(items, statistic), float)), cluster)
    sums, weights = (_cluster_sums(part, cluster) for part in (_item_values(items, statistic), _weights(items, statistic)))
    ratio = float(sums.sum() / weights.sum())
    return estimate_from_influence(ratio, (sums - ratio * weights) / weights.sum())


def _estimate_of_choices(score: Callable[[Array], Array], cluster: Int[Array, " n"]) -> ClusterEstimate:
    """Of a score of which items are chosen, [r n] -> [r], by leaving each cluster out."""
    value = float(score(np.ones((1, len(cluster))))[0])
    return estimate_from_influence(value, jackknife_influence(without_each(score, cluster)))


class PairedItems(NamedTuple):
    """What the test over items says of two rows. `difference` is that of their scores, or of their sums."""

    p: float
    difference: ClusterEstimate


def paired_items(a: Items, b: Items, statistic: str, sign: float | None = None) -> PairedItems:
    """The paired test over clusters of items, which both scored in the same order: see `comparable`.

    p is studentised, and of flipped signs too where at most FLIPPED clusters differ; the larger counts, and at least 2^(1 - clusters).

    The test statistic is the difference of mean losses a token (or of accuracies); perplexity is monotone in it. Losses a
    character, and drawn texts, compare across tokenizers, since the characters are the same. Of BLEU, chrF, F1 and correlations it is
    the difference of the scores of the whole set (of Spearman's, ranked anew); with several seeds, of their mean scores. `sign`: the
    direction of the difference that is shown, by default its own.
    """
    cluster = cluster_of(a, b)
    if statistic in SCORES:
        x, y = (_cluster_counts(run, statistic, cluster) for run in _with_same_classes(a, b, statistic))
        score = _mean_score(statistic, a)
        difference, differing, flip = _difference(score, x, y), int(np.any(x != y, axis=1).sum()), partial(swap_p, score, x, y)
    elif statistic in RANKS:
        first, second = (np.asarray(_item_field(run, statistic), float) for run in (a, b))
        differs = np.bincount(cluster, np.any(first != second, axis=(1, 2))) > 0
        difference = _estimate_of_choices(lambda weights: mean_spearman(first, weights) - mean_spearman(second, weights), cluster)
        differing, swapped = int(differs.sum()), partial(swapped_difference, first, second, cluster, differs)
        flip = partial(flipped_difference_p, differing, swapped, difference.value)
    else:
        differences = _cluster_sums(_item_values(a, statistic) - _item_values(b, statistic), cluster)
        difference = estimate_from_influence(float(differences.mean()), differences / len(differences))
        differing, flip = int(np.count_nonzero(differences)), partial(sign_flip_p, differences)
    tested_sign = float(np.sign(difference.value)) if sign is None else sign
    p = max(studentised_p(difference, tested_sign), flip(tested_sign) if differing <= FLIPPED else 0.0, 2.0 ** max(1 - difference.n, -1000))
    return PairedItems(p, difference)


def paired_items_p(a: Items, b: Items, statistic: str) -> float:
    """Its p alone."""
    return paired_items(a, b, statistic).p


def _difference(score: Callable[[Array], Array], x: Float[Array, "n m"], y: Float[Array, "n m"]) -> ClusterEstimate:
    width = x.shape[1]

    def score_difference(sums: Array) -> Array:
        return score(sums[:, :width]) - score(sums[:, width:])

    counts = np.concatenate([x, y], axis=1)
    return estimate_from_influence(float(score_difference(counts.sum(axis=0, keepdims=True))[0]), jackknife(score_difference, counts))


def _item_values(items: Items, statistic: str) -> Float[Array, " n"]:
    return np.asarray(_item_field(items, statistic), float)


def _weights(items: Items, statistic: str) -> Float[Array, " n"]:
    return np.ones(len(items.id)) if statistic in (*MEANS, *NAMED) else items.tokens.astype(float)


def _cluster_sums(values: Float[Array, " n"], cluster: Int[Array, " n"]) -> Float[Array, " c"]:
    return np.bincount(cluster, values)


def _cluster_counts(items: Items, statistic: str, cluster: Int[Array, " n"]) -> Float[Array, "c m"]:
    """The summed counts of each cluster, those of all runs side by side."""
    counts = np.asarray(_item_field(items, statistic), float).reshape(len(items.id), -1)
    order = np.argsort(cluster, kind="stable")
    starts = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    return np.add.reduceat(counts[order], starts, axis=0)


def _with_same_classes(a: Items, b: Items, statistic: str) -> list[Items]:
    """Both with counts of as many classes."""
    field = SCORES[statistic].field
    return [run._replace(**{field: counts}) for run, counts in zip((a, b), as_wide([getattr(a, field), getattr(b, field)]), strict=True)]


def _mean_score(statistic: str, items: Items) -> Callable[[Array], Array]:
    """[r m] -> [r]: the score of each run from its sums, then the mean over the runs. Sums are not summed over runs."""
    counts = _item_field(items, statistic)
    assert counts is not None
    runs = counts.shape[1]
    return lambda sums: np.asarray(SCORES[statistic].score(sums.reshape(len(sums), runs, -1))).mean(axis=1)
