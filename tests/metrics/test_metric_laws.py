"""What holds of every entry of the registry, and names none: a new metric is tested by being there.

Only the fields of items have names: a new field says in `item_draws.DRAWS` how its items are drawn, unless it is a loss, or a share of
0 or 1.
"""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.compare.item_tests import estimate_items, has_statistic, item_interval, paired_items
from research.compare.statistics import Items, as_wide, average_items, read_run_items
from research.laws.item_draws import draw_item_arrays, item_tokens
from research.laws.metric_laws import check_metric, metric_entry_fault
from research.metrics.item_values import statistic_value
from research.metrics.registry import METRICS, fields_of_items, in_scope, statistic_of
from research.runs.measures import bounds, decimals_of, direction, is_headline, is_percentage, number, scale, title

OF_ITEMS = [name for name, metric in METRICS.items() if metric.statistic is not None]
OF_COUNTS = [name for name in OF_ITEMS if METRICS[name].statistic.form == "sums"]
DRAWS = st.tuples(st.integers(0, 10_000), st.integers(2, 8))
N = 12
FEW = settings(max_examples=8)


def draw(name, seed, n, **further) -> Items:
    """One run's items with the field of a metric, drawn by chance."""
    arrays = draw_item_arrays(statistic_of(name).field, np.random.default_rng(seed), n)
    return read_run_items({"id": np.arange(n), "tokens": item_tokens(METRICS[name], n), **arrays, **further})


def of_one_run(items):
    """The fields as a task has them, before runs stand side by side."""
    held = fields_of_items()
    own = {name: values[:, 0] if held[name].holds == "counts" else values for name, values in items.fields.items()}
    return {"tokens": items.tokens, **own}


def join(a, b):
    return {name: np.concatenate(as_wide([a[name], b[name]]) if a[name].ndim > 1 else [a[name], b[name]]) for name in a}


@pytest.mark.parametrize("name", METRICS)
def test_an_entry_says_which_way_how_far_and_in_which_form(name):
    metric = METRICS[name]
    assert metric_entry_fault(metric) is None
    assert not metric.measured or metric.statistic.shown != "proportional"
    assert (metric.scope == "split") or (metric.direction == 0 and metric.statistic is None)
    assert metric.statistic is None or metric.statistic.field is fields_of_items()[metric.statistic.field.name]


@pytest.mark.parametrize("name", OF_ITEMS)
def test_the_laws_of_a_metric_of_items_hold(name):
    assert [result for result in check_metric(METRICS[name]) if not result.holds] == []


@pytest.mark.parametrize("name", [name for name in METRICS if name not in in_scope("cell", "run", "cost")])
def test_tables_say_of_a_metric_what_its_entry_says(name):
    metric, shown = METRICS[name], f"test.{name}"
    assert direction(shown) == metric.direction
    assert bounds(shown) == metric.bounds
    assert title(shown) == f"test {metric.title}" + (", %" if metric.written == "per cent" else "")
    assert is_percentage(shown) == (metric.written == "per cent")
    assert is_headline(name)
    assert direction(f"extra.{name}") == 0
    value = min(max(metric.bounds[0], 12.5), metric.bounds[1])
    assert float(number(shown, value)) == pytest.approx(value * scale(shown), rel=0.05)
    assert decimals_of(shown, (0.04,), ()) == (2 if metric.written == "points" else 3)


@pytest.mark.parametrize("name", OF_ITEMS)
@FEW
@given(DRAWS)
def test_a_value_and_its_interval_lie_within_the_bounds(name, drawn):
    items, (low, high) = draw(name, *drawn), METRICS[name].bounds
    assert has_statistic(items, name)
    value = statistic_value(METRICS[name].statistic, of_one_run(items))
    assert low - 1e-9 <= value <= high + 1e-9
    interval = item_interval(items, name, value)
    assert interval is None or low <= interval.low <= value + 1e-9
    assert interval is None or value - 1e-9 <= interval.high <= high


@pytest.mark.parametrize("name", OF_ITEMS)
@FEW
@given(DRAWS)
def test_what_a_task_measures_is_what_the_tests_estimate(name, drawn):
    items, statistic = draw(name, *drawn), METRICS[name].statistic
    measured = statistic_value(statistic, of_one_run(items))
    estimated = estimate_items(items, name).value
    assert measured == pytest.approx(math.exp(estimated) if statistic.shown == "exponential" else estimated, abs=1e-9)
    twice = average_items([items, items])
    assert estimate_items(twice, name).value == pytest.approx(estimated, abs=1e-9)


@pytest.mark.parametrize("name", OF_COUNTS)
@FEW
@given(DRAWS, st.integers(0, 10_000))
def test_the_score_of_sums_is_that_of_all_the_items(name, drawn, other_seed):
    statistic = METRICS[name].statistic
    a, b = (of_one_run(draw(name, seed, drawn[1])) for seed in (drawn[0], other_seed))
    sums = as_wide([fields[statistic.field.name].sum(axis=0, keepdims=True).astype(float) for fields in (a, b)])
    assert float(statistic.score(sums[0] + sums[1])[0]) == pytest.approx(statistic_value(statistic, join(a, b)))


@pytest.mark.parametrize("name", OF_ITEMS)
@FEW
@given(DRAWS, st.integers(0, 10_000))
def test_a_test_over_items_is_antisymmetric_and_never_tells_a_row_from_itself(name, drawn, other_seed):
    a, b = draw(name, *drawn), draw(name, other_seed, drawn[1])
    assert paired_items(a, a, name).p == 1.0
    forward, backward = paired_items(a, b, name), paired_items(b, a, name)
    assert forward.p == pytest.approx(backward.p)
    assert forward.difference.value == pytest.approx(-backward.difference.value)
    assert 2.0 ** (1 - drawn[1]) <= forward.p <= 1.0


@pytest.mark.parametrize("name", OF_ITEMS)
def test_clusters_count_and_not_their_copies_in_any_metric(name):
    """Each item twice, as one cluster, is the same evidence once."""
    a, b = (draw(name, seed, N) for seed in (3, 4))
    a_twice, b_twice = (
        Items(np.arange(2 * N), np.tile(run.tokens, 2), {key: np.concatenate([v, v]) for key, v in run.fields.items()}, None, halves)
        for run in (a, b)
        for halves in [np.tile(np.arange(N), 2)]
    )
    plain, twice = paired_items(a, b, name), paired_items(a_twice, b_twice, name)
    assert plain.p == pytest.approx(twice.p)
    assert plain.difference.t == pytest.approx(twice.difference.t, abs=1e-9)
    value = statistic_value(METRICS[name].statistic, of_one_run(a))
    if METRICS[name].statistic.shown != "trials":  # which are as many as their variance is worth, by Student's quantile
        np.testing.assert_allclose(item_interval(a, name, value), item_interval(a_twice, name, value), atol=1e-9)
