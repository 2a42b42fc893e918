"""What runs scored by test item, over seeds, and the arithmetic of means over seeds. numpy and scipy only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from scipy import stats

from research.results.corpus_scores import CORPUS, DIVERSITIES, MEANS
from research.results.rank_correlation import rank_pairs
from research.results.summed_scores import confusion, standard_moments

Array = np.ndarray


class Interval(NamedTuple):
    """A value and its interval at the stated confidence."""

    mean: float
    low: float
    high: float

    @property
    def half(self) -> float:
        """Half of its width: the number after the +-."""
        return (self.high - self.low) / 2

    @property
    def even(self) -> bool:
        """Whether both sides are about as wide, so that one number after a +- tells both."""
        return abs(self.low + self.high - 2 * self.mean) <= 0.2 * (self.high - self.low)


def sample_sd(values: Sequence[float]) -> float:
    """The standard deviation with n - 1; needs two values."""
    return float(np.std(np.asarray(values, float), ddof=1))


def t_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """The t interval of a mean over independent runs (Student 1908); needs two values."""
    mean, n = float(np.mean(values)), len(values)
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * sample_sd(values) / n**0.5
    return Interval(mean, mean - half, mean + half)


def clip_interval(interval: Interval, low: float, high: float) -> Interval:
    """The interval as far as it lies between two bounds."""
    return Interval(interval.mean, max(interval.low, low), min(interval.high, high))


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p values of a family of comparisons (Holm 1979), in the given order."""
    order = np.argsort(p_values, kind="stable")
    m = len(order)
    scaled = np.asarray(p_values, float)[order] * (m - np.arange(m))
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return tuple(float(p) for p in adjusted)


class Items(NamedTuple):
    """What a run scored, by test item; losses are averaged over seeds where there are several."""

    id: Array  # int64[n]
    loss: Array | None  # nats summed over the item, float64[n]; None where a model has no probabilities
    tokens: Array  # int64[n]
    correct: Array | None  # float64[n]; None where nothing is right or wrong
    truth: Array | None = None  # the class that is right, int64[n], or the number, float64[n]; None of what has neither
    misspelt: Array | None = None  # as `loss`, of the item's misspelt copy; None where it was not asked for
    exact: Array | None = None  # float64[n], of drawn texts, as the following; None where none were drawn
    token_accuracy: Array | None = None  # float64[n]
    bleu: Array | None = None  # int64[n s 10]: counts of each of s runs, which are not averaged: a score of means is no mean of scores
    chrf: Array | None = None  # int64[n s 18]
    distinct_1: Array | None = None  # float64[n], of several texts of a source, as the following
    distinct_2: Array | None = None
    distinct_3: Array | None = None
    self_bleu: Array | None = None
    correlation: Array | None = None  # float64[n s 6]: `moments` of each of s runs
    reciprocal_rank: Array | None = None  # float64[n], of queries, as the following
    precision_at_1: Array | None = None
    precision_at_10: Array | None = None
    preferred: Array | None = None  # float64[n], of prompts with several completions
    confusion: Array | None = None  # int64[n s 3k], of k classes: see `confusion`; of each of s runs
    ranks: Array | None = None  # float64[n s 2]: `rank_pairs` of each of s runs
    spans: Array | None = None  # int64[n s 3] of each of s runs: spans that are right, predicted, there
    cluster: Array | None = None  # int64[n]: items of one number are not independent; None where each stands alone


def read_run_items(arrays: Mapping[str, Array]) -> Items:
    """The items of one run from the arrays of its items.npz."""
    counts = {name: arrays[name][:, None] for name in SUMMED if name in arrays}
    if "class" in arrays and "predicted" in arrays:
        counts["confusion"] = confusion(arrays["class"], arrays["predicted"])[:, None]
    if "rating" in arrays and "predicted" in arrays:
        counts["correlation"] = standard_moments(arrays["predicted"], arrays["rating"])[:, None]
        counts["ranks"] = rank_pairs(arrays["predicted"], arrays["rating"])[:, None]
    fields = {name: arrays.get(name) for name in Items._fields} | {"truth": arrays.get("class", arrays.get("rating"))}
    return Items(**fields | counts)  # type: ignore[arg-type]


def average_items(runs: Sequence[Items]) -> Items | None:
    """The items of several seeds as one, in the order of ids: losses and correctness averaged by id, the counts of texts side by side.

    None if the items differ.
    """
    ordered = [_by_id(run) for run in runs]
    if not ordered or not all(_same_items(ordered[0], other) for other in ordered):
        return None

    def field_values(name: str) -> list[Array] | None:
        """The field of every run; None where a run has it not."""
        values = [getattr(run, name) for run in ordered]
        return None if any(value is None for value in values) else values

    means: dict[str, Any] = {}
    counts: dict[str, Any] = {}
    for name in ("loss", "correct", "misspelt", *MEANS.values(), *NAMED):
        means[name] = None if (values := field_values(name)) is None else np.mean(values, axis=0)
    for name in (*SUMMED, "ranks"):
        counts[name] = None if (values := field_values(name)) is None else np.concatenate(as_wide(values), axis=1)
    return ordered[0]._replace(**means, **counts)


def as_wide(fields: Sequence[Array]) -> list[Array]:
    """The same with zeros for the counts that one has and another has not: of classes that it neither holds nor predicts."""
    width = max(field.shape[-1] for field in fields)
    return [np.pad(field, [(0, 0)] * (field.ndim - 1) + [(0, width - field.shape[-1])]) for field in fields]


@dataclass(frozen=True, eq=False)
class SeedItems:
    """The items of one cell by seed. It is hashed by identity, so that each average is made once."""

    by_seed: Mapping[int, Items] = field(default_factory=dict)

    def average(self, seeds: tuple[int, ...]) -> Items | None:
        """The items of these seeds as one: see `average_items`; None where a seed has none."""
        return _average(self, seeds) if seeds and all(seed in self.by_seed for seed in seeds) else None


NO_ITEMS = SeedItems()


@lru_cache(maxsize=64)
def _average(items: SeedItems, seeds: tuple[int, ...]) -> Items | None:
    return average_items([items.by_seed[seed] for seed in seeds])


def _by_id(run: Items) -> Items:
    order = np.argsort(run.id, kind="stable")
    return Items(*(None if field is None else field[order] for field in run))  # type: ignore[arg-type]


def _same_items(a: Items, b: Items) -> bool:
    truths = a.truth is None or b.truth is None or np.array_equal(a.truth, b.truth)
    return truths and np.array_equal(a.id, b.id) and np.array_equal(a.tokens, b.tokens)


class ScoredSplit(NamedTuple):
    """What is known of a split that a run was scored on. What is None is not known."""

    text: str | None  # a digest of the text, whatever its tokens
    targets: str | None  # a digest of the symbols or classes that were predicted
    items: Items | None  # in the order of their ids


def comparable(a: ScoredSplit, b: ScoredSplit, statistic: str) -> bool:
    """Whether this metric of two runs compares: nothing that is known says that they predicted different targets.

    Bits a character or byte, a preference by them, and scores of drawn texts, need the same text, by its digest and in the same items;
    every other metric the same targets, in as many tokens an item.
    """
    if statistic.startswith("bits") or statistic in (*TEXTS, *DIVERSITIES, "preferred"):
        return _agree(a.text, b.text) and (a.items is None or b.items is None or np.array_equal(a.items.id, b.items.id))
    return _agree(a.targets, b.targets) and (a.items is None or b.items is None or _same_items(a.items, b.items))


def _agree(a: str | None, b: str | None) -> bool:
    return a is None or b is None or a == b


PERPLEXITIES = ("perplexity", "pseudo_perplexity")  # exponentials of a mean loss
LOSSES = ("loss", "mse", *PERPLEXITIES, "bits_per_character", "bits_per_byte")
TEXTS = {**MEANS, **{name: name for name in CORPUS}}  # metric of drawn texts -> its field of Items
RANKED = ("reciprocal_rank", "precision_at_1", "precision_at_10")  # metrics of queries, each a mean over them
SUMMED = (*CORPUS, "correlation", "confusion", "spans")  # fields whose sums over the items make a metric, and which are no means
NAMED = (*RANKED, *DIVERSITIES, "preferred")  # means over items of the same names
MISSPELT = "_misspelt"  # how the names of bits a character of misspelt copies end
