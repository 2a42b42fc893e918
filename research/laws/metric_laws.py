"""What holds of every metric: its bounds, its direction, and that what a task measures is what the statistics make of the items."""

import math
from collections.abc import Iterator

import numpy as np

from research.compare.item_tests import estimate_items
from research.compare.statistics import read_run_items
from research.laws.item_draws import Arrays, draw_item_arrays, item_tokens
from research.laws.law import Fault, LawResult, apply_laws
from research.metrics.item_values import fields_needed, measure_fields, measured_names, read_fields, statistic_value
from research.metrics.metric_kind import Metric
from research.metrics.registry import METRICS

SIZES = (2, 3, 8, 40)  # items, the fewest first
SEEDS = range(3)


def metric_entry_fault(metric: Metric) -> Fault:
    """The entry stands under its name, says a direction and bounds that leave room, and is of items where tasks measure it."""
    if METRICS.get(metric.name) is not metric:
        return f"it is registered under a name that is not {metric.name!r}"
    if metric.direction not in (-1, 0, 1) or not metric.bounds[0] < metric.bounds[1]:
        return f"direction {metric.direction} and bounds {metric.bounds}: a direction is -1, 0 or 1, and the least is below the greatest"
    if metric.measured and metric.statistic is None:
        return "it says measured = True, and has no statistic by which it would be"
    return None


def bounds_fault(metric: Metric) -> Fault:
    """Of drawn items the value lies within the bounds."""
    low, high = metric.bounds
    for n, seed, arrays in _draws(metric):
        value = _measure(metric, arrays)
        if not low - 1e-9 <= value <= high + 1e-9:
            return f"{_items(n, seed, arrays)}: {value:.6g}, and the bounds are {low:g} and {high:g}"
    return None


def estimate_fault(metric: Metric) -> Fault:
    """The statistic over the items, from which intervals and tests come, is the measure."""
    assert metric.statistic is not None
    for n, seed, arrays in _draws(metric):
        items = read_run_items({"id": np.arange(n), **arrays})
        estimated = estimate_items(items, metric.name).value
        estimated = math.exp(estimated) if metric.statistic.shown == "exponential" else estimated
        if not math.isclose(measured := _measure(metric, arrays), estimated, rel_tol=1e-9, abs_tol=1e-9):
            return f"{_items(n, seed, arrays)}: measured {measured:.6g}, and {estimated:.6g} by the items' statistic"
    return None


def item_order_fault(metric: Metric) -> Fault:
    """The order of the items changes nothing."""
    for n, seed, arrays in _draws(metric):
        turned = {name: values[::-1] for name, values in arrays.items()}
        if not math.isclose(straight := _measure(metric, arrays), other := _measure(metric, turned), rel_tol=1e-9, abs_tol=1e-9):
            return f"{_items(n, seed, arrays)}: {straight:.6g}, and {other:.6g} in the opposite order"
    return None


def direction_fault(metric: Metric) -> Fault:
    """Of items that are all right no value is worse than of others."""
    for n, seed, arrays in _draws(metric):
        perfect = _all_right(metric, arrays)
        if metric.direction and perfect is not None and math.isfinite(best := _measure(metric, perfect)):
            value = _measure(metric, arrays)
            if metric.direction * (best - value) < -1e-9:
                way = "higher" if metric.direction > 0 else "lower"
                return f"{_items(n, seed, arrays)}: {value:.6g}, and {best:.6g} where all is right; the entry says that {way} is better"
    return None


def measured_fault(metric: Metric) -> Fault:
    """A task measures it where its fields are, and nowhere else, if it says so."""
    assert metric.statistic is not None
    n, _, arrays = next(_draws(metric))
    needed = fields_needed(metric.statistic)
    measured = metric.name in measure_fields(_fields(arrays)), metric.name in measured_names(needed)
    if measured != (metric.measured, metric.measured):
        return f"of {n} items with the fields {', '.join(sorted(needed))} it is {'' if measured[0] else 'not '}measured"
    return None


OF_ENTRY = {"entry": metric_entry_fault}
OF_ITEMS = {
    "bounds": bounds_fault,
    "statistic": estimate_fault,
    "order of items": item_order_fault,
    "direction": direction_fault,
    "measured": measured_fault,
}


def check_metric(metric: Metric) -> list[LawResult]:
    """Of a metric; those of items where it is made of them."""
    return apply_laws(OF_ENTRY if metric.statistic is None else OF_ENTRY | OF_ITEMS, [("", metric)])


def _draws(metric: Metric) -> Iterator[tuple[int, int, Arrays]]:
    """How many items, which draw, and what they hold."""
    assert metric.statistic is not None
    for n in SIZES:
        for seed in SEEDS:
            arrays = draw_item_arrays(metric.statistic.field, np.random.default_rng([n, seed]), n)
            if arrays is None:
                raise ValueError(f"no items were drawn that hold {metric.statistic.field.name}; its `read` wants arrays of its own")
            yield n, seed, arrays | {"tokens": item_tokens(metric, n)}


def _fields(arrays: Arrays) -> Arrays:
    return read_fields(arrays, {"tokens": arrays["tokens"]})


def _measure(metric: Metric, arrays: Arrays) -> float:
    assert metric.statistic is not None
    return statistic_value(metric.statistic, _fields(arrays))


def _all_right(metric: Metric, arrays: Arrays) -> Arrays | None:
    """The items with every prediction right; None where that is not known of them."""
    truth = next((name for name in ("class", "rating") if name in arrays), None)
    if truth is not None:
        return arrays | {"predicted": arrays[truth]}
    assert metric.statistic is not None
    field = metric.statistic.field
    return arrays | {field.name: np.zeros_like(arrays[field.name])} if field.holds == "nats" else None


def _items(n: int, seed: int, arrays: Arrays) -> str:
    """How many items, and the first of them."""
    shown = ", ".join(f"{name} {np.asarray(values)[:2].tolist()}" for name, values in arrays.items())
    return f"{n} items (draw {seed}), of which the first two have {shown}"
