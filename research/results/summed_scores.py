"""Metrics of counts that are summed over the items, and are no means over them: correlation and F1. BLEU and chrF are in text_scores."""

import numpy as np
from jaxtyping import Float, Int

Array = np.ndarray


ROUNDING = 1e-13  # of sums of squares


def standardise(values: Float[Array, " n"]) -> Float[Array, " n"]:
    """Mean 0 and deviation 1, which changes no correlation; zeros where all are equal."""
    return (values - values.mean()) / values.std() if np.ptp(values) > 0 else np.zeros(len(values))


def standard_moments(x: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, "n 6"]:
    """`moments` of both sides standardised, so that rows on other scales can change places item by item, and sums keep their digits."""
    return moments(standardise(x), standardise(y))


def pearson_correlation(x: Float[Array, " n"], y: Float[Array, " n"]) -> float:
    """Of all items; 0 where one side does not vary."""
    return float(pearson(standard_moments(x, y).sum(axis=0)))


def moments(x: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, "n 6"]:
    """1, x, y, x^2, y^2 and xy of each item: what a correlation is made of."""
    return np.stack([np.ones(len(x)), x, y, x * x, y * y, x * y], axis=1)


def pearson(sums: Float[Array, "*c 6"]) -> Float[Array, "*c"]:
    """The correlation of samples whose `moments` are summed; 0 where one side does not vary, up to the rounding of its squares."""
    n, x, y, xx, yy, xy = np.moveaxis(np.asarray(sums, float), -1, 0)
    x_spread, y_spread = (np.where(n * s - t * t > ROUNDING * n * s, n * s - t * t, 0.0) for s, t in ((xx, x), (yy, y)))
    spread = np.sqrt(x_spread * y_spread)
    return np.where(spread > 0, (n * xy - x * y) / np.where(spread > 0, spread, 1.0), 0.0)


def span_precision(sums: Float[Array, "*c 3"]) -> Float[Array, "*c"]:
    """Of summed counts of spans, right, predicted and there, the share of the predicted that is right; 0 where none is predicted."""
    return _share(sums[..., 0], sums[..., 1])


def span_recall(sums: Float[Array, "*c 3"]) -> Float[Array, "*c"]:
    """The share of the spans that are there which is found; 0 where none is there."""
    return _share(sums[..., 0], sums[..., 2])


def span_f1(sums: Float[Array, "*c 3"]) -> Float[Array, "*c"]:
    """The harmonic mean of the two, 2 right / (predicted + there); 0 where there is neither."""
    return _share(2 * sums[..., 0], sums[..., 1] + sums[..., 2])


def _share(part: Array | float, whole: Array | float) -> Array:
    return np.where(np.asarray(whole) > 0, part / np.maximum(whole, 1), 0.0)


def summed_macro_f1(sums: Float[Array, "*c m"]) -> Float[Array, "*c"]:
    """The mean F1 of the classes that are there or were predicted, from `confusion` summed."""
    true_positives, predicted, actual = (sums[..., part::3] for part in range(3))
    present = predicted + actual > 0
    return np.where(present, 2 * true_positives / np.where(present, predicted + actual, 1), 0.0).sum(axis=-1) / np.maximum(
        present.sum(axis=-1), 1
    )


def summed_weighted_f1(sums: Float[Array, "*c m"]) -> Float[Array, "*c"]:
    """The mean F1 of the classes, each as often as it is there."""
    true_positives, predicted, actual = (sums[..., part::3] for part in range(3))
    return (2 * true_positives / np.maximum(predicted + actual, 1) * actual).sum(axis=-1) / np.maximum(actual.sum(axis=-1), 1)


def confusion(truth: Int[Array, " n"], predicted: Int[Array, " n"]) -> Int[Array, "n m"]:
    """For every class: whether an item is of it and called so, is called so, is of it. Summed, they are what F1 is made of."""
    classes = np.arange(1 + max(truth.max(initial=0), predicted.max(initial=0)))
    is_true, is_predicted = truth[:, None] == classes, predicted[:, None] == classes
    return np.stack([is_true & is_predicted, is_predicted, is_true], axis=2).reshape(len(truth), -1).astype(np.int64)
