"""F1 of classes, from counts of each class that are summed over the items."""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float, Int

from research.metrics.metric_kind import ItemField, Metric, of_sums

Array = np.ndarray


def confusion(truth: Int[Array, " n"], predicted: Int[Array, " n"]) -> Int[Array, "n m"]:
    """For every class: whether an item is of it and called so, is called so, is of it. Summed, they are what F1 is made of."""
    classes = np.arange(1 + max(truth.max(initial=0), predicted.max(initial=0)))
    is_true, is_predicted = truth[:, None] == classes, predicted[:, None] == classes
    return np.stack([is_true & is_predicted, is_predicted, is_true], axis=2).reshape(len(truth), -1).astype(np.int64)


def present_confusion(truth: Int[Array, " n"], predicted: Int[Array, " n"]) -> Int[Array, " m"]:
    """`confusion` summed over the items, without the classes that are neither there nor predicted."""
    classes, (own, called) = np.unique(np.stack([truth, predicted]), return_inverse=True)
    right, all_called, all_own = (np.bincount(numbers, minlength=len(classes)) for numbers in (own[own == called], called, own))
    return np.stack([right, all_called, all_own], axis=1).ravel()


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


def _read_confusion(arrays: Mapping[str, Array]) -> Array | None:
    if "class" in arrays and "predicted" in arrays:
        return confusion(arrays["class"], arrays["predicted"])
    return arrays.get(CONFUSION.name)


CONFUSION = ItemField("confusion", "counts", "targets", _read_confusion, None)


def _f1(name: str, title: str, score: Callable[[Array], Array] | None, per_cent: bool, measured: bool) -> Metric:
    statistic = None if score is None else of_sums(CONFUSION, score)
    return Metric(
        name, title, 1, (0.0, 1.0), "per cent" if per_cent else "number", "split", "targets", "f1", "group", statistic, measured=measured
    )


MACRO_F1 = _f1("macro_f1", "macro F1", summed_macro_f1, per_cent=True, measured=True)
WEIGHTED_F1 = _f1("weighted_f1", "weighted F1", summed_weighted_f1, per_cent=False, measured=False)
F1 = _f1("f1", "f1", None, per_cent=True, measured=False)  # of an analysis
CLASS_SCORES = (MACRO_F1, WEIGHTED_F1, F1)
