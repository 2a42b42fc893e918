"""Metrics of counts that are summed over the items, and are no means over them: correlation and F1. BLEU and chrF are in text_scores."""

import numpy as np
from jaxtyping import Float, Int

Array = np.ndarray


def moments(x: Float[Array, " n"], y: Float[Array, " n"]) -> Float[Array, "n 6"]:
    """1, x, y, x^2, y^2 and xy of each item: what a correlation is made of."""
    return np.stack([np.ones(len(x)), x, y, x * x, y * y, x * y], axis=1)


def pearson(sums: Float[Array, "*c 6"]) -> Float[Array, "*c"]:
    """The correlation of samples whose `moments` are summed; 0 where one side does not vary."""
    n, x, y, xx, yy, xy = np.moveaxis(np.asarray(sums, float), -1, 0)
    spread = np.sqrt(np.maximum(n * xx - x * x, 0.0) * np.maximum(n * yy - y * y, 0.0))
    return np.where(spread > 0, (n * xy - x * y) / np.where(spread > 0, spread, 1.0), 0.0)


def macro_f1(sums: Float[Array, "*c m"]) -> Float[Array, "*c"]:
    """The mean F1 of the classes that are there or were predicted, from `confusion` summed."""
    right, called, of = (sums[..., part::3] for part in range(3))
    there = called + of > 0
    return np.where(there, 2 * right / np.where(there, called + of, 1), 0.0).sum(axis=-1) / np.maximum(there.sum(axis=-1), 1)


def weighted_f1(sums: Float[Array, "*c m"]) -> Float[Array, "*c"]:
    """The mean F1 of the classes, each as often as it is there."""
    right, called, of = (sums[..., part::3] for part in range(3))
    return (2 * right / np.maximum(called + of, 1) * of).sum(axis=-1) / np.maximum(of.sum(axis=-1), 1)


def confusion(truth: Int[Array, " n"], predicted: Int[Array, " n"]) -> Int[Array, "n m"]:
    """For every class: whether an item is of it and called so, is called so, is of it. Summed, they are what F1 is made of."""
    classes = np.arange(1 + max(truth.max(initial=0), predicted.max(initial=0)))
    of, called = truth[:, None] == classes, predicted[:, None] == classes
    return np.stack([of & called, called, of], axis=2).reshape(len(truth), -1).astype(np.int64)
