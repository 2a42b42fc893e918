"""Two sources of noise, kept apart: seeds (t) and test items (bootstrap). numpy and scipy only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from scipy import stats

from research.results.text_scores import CORPUS, DIVERSITIES, MEANS, corpus_score

Array = np.ndarray
RESAMPLES = 5000
CHUNK = 250  # resamples drawn at a time
KEEP = 100_000_000  # bytes of resampling counts worth keeping for the next comparison on the same items


class Interval(NamedTuple):
    """A value and its interval at the stated confidence."""

    mean: float
    low: float
    high: float

    @property
    def half(self) -> float:
        """Half of its width: the number after the +-."""
        return (self.high - self.low) / 2


def sample_sd(values: Sequence[float]) -> float:
    """The standard deviation with n - 1; needs two values."""
    return float(np.std(np.asarray(values, float), ddof=1))


def t_interval(values: Sequence[float], confidence: float = 0.95) -> Interval:
    """The t interval of a mean over independent runs (Student 1908); needs two values."""
    mean, n = float(np.mean(values)), len(values)
    half = float(stats.t.ppf((1 + confidence) / 2, n - 1)) * sample_sd(values) / n**0.5
    return Interval(mean, mean - half, mean + half)


def paired_t(a: Sequence[float], b: Sequence[float]) -> float:
    """Two-sided p of the paired t test, a[i] and b[i] from one seed. Differences without spread decide by their sign alone: p is 0 or 1."""
    difference = np.asarray(a, float) - np.asarray(b, float)
    if np.ptp(difference) <= 1e-12 * max(1.0, float(np.abs(difference).max())):
        return float(difference[0] == 0)
    return float(stats.ttest_1samp(difference, 0.0).pvalue)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p values of a family of comparisons (Holm 1979), in the given order."""
    order = np.argsort(p_values, kind="stable")
    m = len(order)
    scaled = np.asarray(p_values, float)[order] * (m - np.arange(m))
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.maximum.accumulate(scaled), 1.0)
    return tuple(float(p) for p in adjusted)


def resampled_sums(values: Float[Array, "i m"], resamples: int = RESAMPLES) -> Float[Array, "r m"]:
    """Column sums over `resamples` bootstrap samples of the items (rows), drawn with replacement (Efron 1979).

    The draw depends on the number of items and of resamples only. So two models on the same items are resampled alike, which
    is what makes their comparison paired, and a table has the same bytes whenever it is rebuilt.
    """
    return _resampled(values.tobytes(), values.shape, resamples)


@lru_cache(maxsize=256)
def _resampled(content: bytes, shape: tuple[int, int], resamples: int) -> Float[Array, "r m"]:
    """Each row of a table is compared with many others, and resampled once."""
    values = np.frombuffer(content).reshape(shape)
    chunks = [_counts(len(values), chunk) for chunk in range(-(-resamples // CHUNK))]
    return np.concatenate([counts @ values for counts in chunks])[:resamples]


def _counts(items: int, chunk: int) -> Float[Array, "c i"]:
    drawn = _kept_counts(items, chunk) if items * RESAMPLES <= KEEP else _draw_counts(items, chunk)
    return drawn.astype(np.float64)


def _draw_counts(items: int, chunk: int) -> Array:
    """How often each item is drawn, uint8[CHUNK items]; a count above 255 has no probability worth a wider type."""
    random = np.random.Generator(np.random.PCG64([items, chunk]))
    drawn = random.integers(items, size=(CHUNK, items)) + items * np.arange(CHUNK)[:, None]
    return np.bincount(drawn.ravel(), minlength=CHUNK * items).reshape(CHUNK, items).astype(np.uint8)


_kept_counts = lru_cache(maxsize=RESAMPLES // CHUNK)(_draw_counts)


def percentile_interval(value: float, resampled: Float[Array, " r"], confidence: float = 0.95) -> Interval:
    """The percentile interval of a statistic, from its values over bootstrap samples."""
    low, high = np.quantile(resampled, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(value, float(low), float(high))


def bootstrap_p(differences: Float[Array, " r"]) -> float:
    """Two-sided p that a difference is zero: the level at which its percentile interval begins to hold zero; at least 2 / (r + 1)."""
    r = len(differences)
    below, above = np.count_nonzero(differences <= 0), np.count_nonzero(differences >= 0)
    return min(1.0, 2 * (1 + min(below, above)) / (r + 1))


class Items(NamedTuple):
    """What a run scored, by test item; losses are averaged over seeds where there are several."""

    id: Array  # int64[n]
    loss: Array | None  # nats summed over the item, float64[n]; None where a model has no probabilities
    tokens: Array  # int64[n]
    correct: Array | None  # float64[n]; None where nothing is right or wrong
    truth: Array | None = None  # the class that is right, int64[n]; None of what has no classes
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


def read_run_items(arrays: Mapping[str, Array]) -> Items:
    """The items of one run from the arrays of its items.npz."""
    counts = {name: arrays[name][:, None] for name in SUMMED if name in arrays}
    given = {name: arrays.get("class" if name == "truth" else name) for name in Items._fields}
    return Items(**given | counts)  # type: ignore[arg-type]


def average_items(runs: Sequence[Items]) -> Items | None:
    """The items of several seeds as one, in the order of ids: losses and correctness averaged by id, the counts of texts side by side.

    None if the items differ.
    """
    ordered = [_by_id(run) for run in runs]
    if not ordered or not all(_same_items(ordered[0], other) for other in ordered):
        return None
    mean = lambda fields: None if any(field is None for field in fields) else np.mean(fields, axis=0)
    beside = lambda fields: None if any(field is None for field in fields) else np.concatenate(fields, axis=1)
    column = lambda name: [getattr(run, name) for run in ordered]
    means = {name: mean(column(name)) for name in ("loss", "correct", "misspelt", *MEANS.values(), *NAMED)}
    return ordered[0]._replace(**means, **{name: beside(column(name)) for name in SUMMED})  # type: ignore[arg-type]


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


class Scored(NamedTuple):
    """What is known of a split that a run was scored on. What is None is not known."""

    text: str | None  # a digest of the text, whatever its tokens
    targets: str | None  # a digest of the symbols or classes that were predicted
    items: Items | None  # in the order of their ids


def comparable(a: Scored, b: Scored, statistic: str) -> bool:
    """Whether this metric of two runs compares: nothing that is known says that they predicted different targets.

    Bits a character or byte, a preference by them, and scores of drawn texts, need the same text, by its digest and in the same items;
    every other metric the same targets, in as many tokens an item.
    """
    if statistic.startswith("bits") or statistic in (*TEXTS, *DIVERSITIES, "preferred"):
        return _agree(a.text, b.text) and (a.items is None or b.items is None or np.array_equal(a.items.id, b.items.id))
    return _agree(a.targets, b.targets) and (a.items is None or b.items is None or _same_items(a.items, b.items))


def _agree(a: str | None, b: str | None) -> bool:
    return a is None or b is None or a == b


LOSSES = ("loss", "perplexity", "bits_per_character", "bits_per_byte")
TEXTS = {**MEANS, **{name: name for name in CORPUS}}  # metric of drawn texts -> its field of Items
RANKED = ("reciprocal_rank", "precision_at_1", "precision_at_10")  # metrics of queries, each a mean over them
SUMMED = (*CORPUS, "correlation")  # metrics of sums over the items, which are no means
NAMED = (*RANKED, *DIVERSITIES, "preferred")  # means over items of the same names
MISSPELT = "_misspelt"  # how the names of bits a character of misspelt copies end


def has_statistic(items: Items | None, statistic: str) -> bool:
    """Whether the items hold what this metric of a test set is made of."""
    if items is None:
        return False
    known = statistic in (*TEXTS, *NAMED, *SUMMED, *LOSSES, "accuracy") or statistic.endswith(MISSPELT)
    return known and _kept(items, statistic) is not None


def _kept(items: Items, statistic: str) -> Array | None:
    if statistic in (*TEXTS, *NAMED, *SUMMED):
        kept: Array | None = getattr(items, TEXTS.get(statistic, statistic))
        return kept
    return items.loss if statistic in LOSSES else items.misspelt if statistic.endswith(MISSPELT) else items.correct


def item_interval(items: Items, statistic: str, value: float) -> Interval:
    """The bootstrap interval over items of a run's statistic (see `has_statistic`) around the `value` that the run reports.

    loss and accuracy are sums over sums of tokens, perplexity the exponential of the former; bits scale with the loss, since the
    characters of a test set are a constant beside its losses. Exact match, token accuracy and diversity are means over the
    texts, what a ranking has over the queries.
    """
    if statistic in SUMMED:
        return percentile_interval(value, resampled_scores(items, statistic))
    weights = np.ones(len(items.id)) if statistic in (*MEANS, *NAMED) else items.tokens.astype(float)
    sums = resampled_sums(np.stack([_summed(items, statistic), weights], axis=1))
    ratio = sums[:, 0] / sums[:, 1]
    if statistic == "perplexity":
        ratio = np.exp(ratio)
    elif statistic.startswith("bits"):
        ratio = ratio * value / (_summed(items, statistic).sum() / items.tokens.sum())
    return percentile_interval(value, ratio)


def paired_items_p(a: Items, b: Items, statistic: str) -> float:
    """Two-sided paired bootstrap p over the items, which both scored in the same order: see `comparable`.

    The test statistic is the difference of mean losses a token (or of accuracies); perplexity is monotone in it. Losses a
    character, and drawn texts, compare across tokenizers, since the characters are the same. Of BLEU and chrF it is the difference
    of the scores of each resampled test set (Koehn 2004); with several seeds, of their mean scores there.
    """
    if statistic in SUMMED:
        return bootstrap_p(resampled_scores(a, statistic) - resampled_scores(b, statistic))
    sums_a, sums_b = (resampled_sums(_summed(run, statistic)[:, None]) for run in (a, b))
    return bootstrap_p((sums_a - sums_b)[:, 0])


def _summed(items: Items, statistic: str) -> Float[Array, " n"]:
    return np.asarray(_kept(items, statistic), float)


def resampled_scores(items: Items, statistic: str) -> Float[Array, " r"]:
    """A metric of SUMMED of bootstrap samples of the test set: of each run from its sums, then the mean over the runs.

    Sums are not summed over runs: the items are resampled, and the seeds are the same in every sample.
    """
    counts = np.asarray(getattr(items, statistic), float)
    sums = resampled_sums(counts.reshape(len(counts), -1)).reshape(RESAMPLES, *counts.shape[1:])
    score = pearson if statistic == "correlation" else partial(corpus_score, statistic)
    return np.asarray(score(sums)).mean(axis=1)


def moments(x: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, "n 6"]:
    """1, x, y, x^2, y^2 and xy of each item: what a correlation is made of."""
    return np.stack([np.ones(len(x)), x, y, x * x, y * y, x * y], axis=1)


def pearson(sums: Float[Array, "*c 6"]) -> Float[Array, "*c"]:
    """The correlation of samples whose `moments` are summed; 0 where one side does not vary."""
    n, x, y, xx, yy, xy = np.moveaxis(np.asarray(sums, float), -1, 0)
    spread = np.sqrt(np.maximum(n * xx - x * x, 0.0) * np.maximum(n * yy - y * y, 0.0))
    return np.where(spread > 0, (n * xy - x * y) / np.where(spread > 0, spread, 1.0), 0.0)
