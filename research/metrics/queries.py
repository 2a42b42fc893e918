"""How near the top a query's right document is: means over the queries."""

from typing import Literal

from research.metrics.metric_kind import Metric, Shown, ratio, stored_field


def _query_metric(name: str, title: str, like: str, shown: Shown, at: Literal["group", "setting"]) -> Metric:
    statistic = ratio(stored_field(name, "shares"), "items", shown)
    return Metric(name, title, 1, (0.0, 1.0), "number", "split", "targets", like, at, statistic, measured=False)


QUERY_SCORES = (
    _query_metric("reciprocal_rank", "MRR", "reciprocal_rank", "itself", "group"),
    _query_metric("precision_at_1", "precision at 1", "precision", "trials", "setting"),
    _query_metric("precision_at_10", "precision at 10", "precision", "itself", "setting"),
)
