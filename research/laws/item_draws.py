"""Items drawn by chance, from which the laws of metrics make fields: as a run's items.npz holds them.

A field of counts is drawn by its name where it has its own form, else from arrays of every usual kind, of which it reads what it knows.
"""

from collections.abc import Callable, Mapping

import numpy as np

from research.metrics.metric_kind import ItemField, Metric

Arrays = dict[str, np.ndarray]
Draw = Callable[[np.random.Generator, int], Arrays]
WORDS = ("a", "bc", "def", "a bc", "g")


def draw_classes(random: np.random.Generator, n: int) -> Arrays:
    """Classes, of which some that were predicted are in no item."""
    truth = random.integers(0, 4, n)
    return {"class": truth, "predicted": np.where(random.random(n) < 0.5, truth, random.integers(0, 6, n))}


def draw_ratings(random: np.random.Generator, n: int) -> Arrays:
    """Numbers with ties, and predictions that go with them, against them, or neither."""
    rating = random.integers(0, 4, n).astype(float)
    return {"rating": rating, "predicted": random.choice([-1.0, 0.0, 1.0]) * rating + random.integers(0, 3, n)}


def draw_spans(random: np.random.Generator, n: int) -> Arrays:
    """Spans that are right, predicted and there."""
    right = random.integers(0, 3, n)
    return {"spans": np.stack([right, right + random.integers(0, 3, n), right + random.integers(0, 3, n)], axis=1)}


def draw_word_ngrams(random: np.random.Generator, n: int) -> Arrays:
    """Lengths and matches of n-grams of words."""
    drawn, reference = random.integers(0, 9, (2, n))
    totals = np.maximum(drawn[:, None] - np.arange(4), 0)
    return {"bleu": np.concatenate([drawn[:, None], reference[:, None], random.integers(0, totals + 1), totals], axis=1)}


def draw_character_ngrams(random: np.random.Generator, n: int) -> Arrays:
    """Totals and matches of n-grams of characters."""
    both = random.integers(0, 9, (n, 6, 2))
    return {"chrf": np.concatenate([both, random.integers(0, both.min(axis=2, keepdims=True) + 1)], axis=2).reshape(n, 18)}


DRAWS: dict[str, Draw] = {
    "confusion": draw_classes,
    "correlation": draw_ratings,
    "ranks": draw_ratings,
    "spans": draw_spans,
    "bleu": draw_word_ngrams,
    "chrf": draw_character_ngrams,
}
SCALARS: Mapping[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "nats": lambda random, n: random.gamma(1.0, 3.0, n),
    "shares": lambda random, n: random.integers(0, 2, n).astype(float),
}


def draw_item_arrays(field: ItemField, random: np.random.Generator, n: int) -> Arrays | None:
    """Arrays of items from which a field is read; None where no draw has what it reads."""
    if field.name in DRAWS:
        return DRAWS[field.name](random, n)
    if field.holds in SCALARS:
        return {field.name: SCALARS[field.holds](random, n)}
    if field.of_texts is not None:
        written, references = ([str(random.choice(WORDS)) for _ in range(n)] for _ in range(2))
        return {field.name: field.of_texts(written, references)}
    draws = (draw(random, n) for draw in (draw_classes, draw_ratings, draw_spans))
    return next((arrays for arrays in draws if field.read(arrays) is not None), None)


def item_tokens(metric: Metric, n: int) -> np.ndarray:
    """How many tokens each item has: 1 where they do not matter."""
    counts = metric.statistic is None or metric.statistic.field.holds == "counts"
    return np.ones(n, np.int64) if counts else np.random.default_rng(0).integers(1, 4, n)
