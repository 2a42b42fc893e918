"""Precision, recall and F1 of spans, from counts that are summed over the items: spans that are right, predicted, and there."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from research.metrics.metric_kind import Metric, of_sums, stored_field

Array = np.ndarray
SPANS = stored_field("spans", "counts")  # int64[n 3]


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


def _span_metric(name: str, title: str, like: str, score: Callable[[Array], Array]) -> Metric:
    statistic = of_sums(SPANS, score)
    return Metric(name, title, 1, (0.0, 1.0), "per cent", "split", "targets", like, "group", statistic, measured=True)


SPAN_F1 = _span_metric("span_f1", "span F1", "f1", span_f1)
SPAN_PRECISION = _span_metric("span_precision", "span precision", "precision", span_precision)
SPAN_RECALL = _span_metric("span_recall", "span recall", "recall", span_recall)
SPAN_SCORES = (SPAN_F1, SPAN_PRECISION, SPAN_RECALL)
