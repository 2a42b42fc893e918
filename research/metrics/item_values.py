"""Metrics of a split from the fields of its items: what tasks measure beside what they have words of their own for."""

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from jaxtyping import Shaped

from research.metrics.metric_kind import Metric, Statistic
from research.metrics.registry import AT, METRICS, fields_of_items

Array = np.ndarray
Fields = Mapping[str, Shaped[np.ndarray, "_ ..."]]  # by name, a row an item, or one row of their sums


def read_fields(arrays: Fields, present: Fields) -> dict[str, Array]:
    """The present fields, and every other that arrays as of items.npz hold."""
    read = {name: field.read(arrays) for name, field in fields_of_items().items() if name not in present}
    return {**present, **{name: values for name, values in read.items() if values is not None}}


def count_texts(written: Sequence[str], references: Sequence[str]) -> dict[str, Array]:
    """The fields of texts that their entries count themselves; an unknown symbol stands in both as <unk>."""
    return {name: field.of_texts(written, references) for name, field in fields_of_items().items() if field.of_texts is not None}


def measure_fields(fields: Fields) -> dict[str, float]:
    """Every metric that is measured wherever the fields of its statistic are, in the order of the registry."""
    return {metric.name: statistic_value(metric.statistic, fields) for metric in _measured(fields) if metric.statistic is not None}


def measure_groups(fields: Fields, groups: Array | Sequence[str] | None = None) -> dict[str, float]:
    """As `measure_fields`, and behind it within each group: `exact_match_at_12`. `groups` [n]: of each item."""
    values = measure_fields(fields)
    for group in () if groups is None else np.unique(groups):
        members = np.asarray(groups) == group
        part = measure_fields({name: field[members] for name, field in fields.items()})
        values |= {f"{name}{AT}{group}": value for name, value in part.items()}
    return values


def measured_names(fields: Collection[str]) -> tuple[str, ...]:
    """The names of what `measure_fields` gives of these fields."""
    return tuple(metric.name for metric in _measured(fields))


def _measured(fields: Collection[str]) -> list[Metric]:
    return [metric for metric in METRICS.values() if metric.measured and metric.statistic and fields_needed(metric.statistic) <= {*fields}]


def fields_needed(statistic: Statistic) -> set[str]:
    """What a statistic is made of: its field, and the tokens of the items where it is a share of them."""
    return {statistic.field.name} | ({"tokens"} if statistic.form == "ratio" and statistic.per == "tokens" else set())


def statistic_value(statistic: Statistic, fields: Fields) -> float:
    """The metric of all items of one run; of what is in proportion to a ratio, the ratio."""
    return VALUES[statistic.form](statistic, fields)


def _ratio_value(statistic: Statistic, fields: Fields) -> float:
    values = fields[statistic.field.name]
    share = float(values.sum()) / float(fields["tokens"].sum()) if statistic.per == "tokens" else float(values.mean())
    with np.errstate(over="ignore"):
        return float(np.exp(np.float64(share))) if statistic.shown == "exponential" else share


def _sums_value(statistic: Statistic, fields: Fields) -> float:
    sums = fields[statistic.field.name].sum(axis=0, keepdims=True).astype(float)
    return float(statistic.score(sums)[0])


def _ranks_value(statistic: Statistic, fields: Fields) -> float:
    first, second = fields[statistic.field.name].T
    return float(statistic.score(first, second, np.ones((1, len(first))))[0])


VALUES: dict[str, Callable[[Statistic, Fields], float]] = {"ratio": _ratio_value, "sums": _sums_value, "ranks": _ranks_value}
