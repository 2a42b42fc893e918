"""What runs scored by test item, over seeds, and the arithmetic of means over seeds. numpy and scipy only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from research.compare.quantiles import student_quantile
from research.metrics.metric_kind import ItemField
from research.metrics.registry import METRICS, alike, fields_of_items

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
    half = student_quantile((1 + confidence) / 2, n - 1) * sample_sd(values) / n**0.5
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
    """What a run scored, by test item, or several runs.

    fields: by name, as `research.metrics.registry.fields_of_items` declares them. Of nats and shares float64[n], their means over the runs;
    of counts [n s m], those of each of s runs, which are not averaged: a score of means is no mean of scores.
    """

    id: Array  # int64[n]
    tokens: Array  # int64[n]
    fields: Mapping[str, Array] = {}
    truth: Array | None = None  # the class that is right, int64[n], or the number, float64[n]; None of what has neither
    cluster: Array | None = None  # int64[n]: items of one number are not independent; None where each stands alone


def read_run_items(arrays: Mapping[str, Array]) -> Items:
    """The items of one run from the arrays of its items.npz."""
    read = {field.name: (field.holds, field.read(arrays)) for field in fields_of_items().values()}
    fields = {name: array[:, None] if holds == "counts" else array for name, (holds, array) in read.items() if array is not None}
    return Items(arrays["id"], arrays["tokens"], fields, arrays.get("class", arrays.get("rating")), arrays.get("cluster"))


def average_items(runs: Sequence[Items]) -> Items | None:
    """The items of several seeds as one, in the order of ids: losses and correctness averaged by id, the counts of texts side by side.

    None if the items differ. A field that a run has not is left out.
    """
    ordered = [_by_id(run) for run in runs]
    if not ordered or not all(_same_items(ordered[0], other) for other in ordered):
        return None
    common = [field for field in fields_of_items().values() if all(field.name in run.fields for run in ordered)]

    def joined(field: ItemField) -> Array:
        arrays = [run.fields[field.name] for run in ordered]
        return np.concatenate(as_wide(arrays), axis=1) if field.holds == "counts" else np.mean(arrays, axis=0)

    return ordered[0]._replace(fields={field.name: joined(field) for field in common})


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
    optional = {name: array[order] for name, array in (("truth", run.truth), ("cluster", run.cluster)) if array is not None}
    return Items(run.id[order], run.tokens[order], {name: array[order] for name, array in run.fields.items()}, **optional)


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
    if _compares_by_text(statistic):
        return _agree(a.text, b.text) and (a.items is None or b.items is None or np.array_equal(a.items.id, b.items.id))
    return _agree(a.targets, b.targets) and (a.items is None or b.items is None or _same_items(a.items, b.items))


def _compares_by_text(name: str) -> bool:
    """As its entry says; of a name without one, whether it is a setting, as a share of misspelt words, of a metric that does."""
    if name in METRICS:
        return METRICS[name].compares == "text"
    return any(metric.compares == "text" and metric.at == "setting" and name.startswith(metric.like) for metric in alike(name))


def _agree(a: str | None, b: str | None) -> bool:
    return a is None or b is None or a == b
