"""Shares of what is right: of tokens or classes, and of prompts whose right completion a model prefers."""

from typing import Literal

from research.metrics.metric_kind import Metric, Statistic, ratio, stored_field

CORRECT = stored_field("correct", "shares")  # tokens that are right
PREFERRED = stored_field("preferred", "shares")
UP_TO_ONE = (0.0, 1.0)


def _share(name: str, title: str, like: str, statistic: Statistic, compares: Literal["targets", "text"]) -> Metric:
    return Metric(name, title, 1, UP_TO_ONE, "per cent", "split", compares, like, "group", statistic, measured=False)


ACCURACY = _share("accuracy", "accuracy", "accuracy", ratio(CORRECT, "tokens", "trials"), "targets")
PREFERENCE = _share("preferred", "preferred", "preferred", ratio(PREFERRED, "items", "trials"), "text")
SHARES = (ACCURACY, PREFERENCE)
