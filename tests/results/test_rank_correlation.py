"""Spearman's correlation against scipy: of all items, of those that are left, and of rows whose items change places."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from research.compare.item_tests import estimate_items, item_interval, paired_items
from research.compare.rank_choices import mean_over_runs, swapped_difference, without_each
from research.compare.statistics import Items, average_items, read_run_items
from research.metrics.correlations import (
    pearson,
    rank_pairs,
    spearman_of_choices,
    standard_moments,
)
from research.metrics.item_values import measure_fields
from research.runs.measures import bounds, direction

NUMBERS = st.integers(-4, 4)
TRIPLES = st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), min_size=4, max_size=9)


def scipys(x, y):
    return stats.spearmanr(x, y).statistic if len(x) > 1 and np.ptp(x) > 0 and np.ptp(y) > 0 else 0.0


def pearson_correlation(x, y):
    return measure_fields({"correlation": standard_moments(x, y)})["pearson"]


def spearman_correlation(x, y):
    return measure_fields({"ranks": rank_pairs(x, y)})["spearman"]


def run_items(predicted, rating, cluster=None):
    n = len(rating)
    arrays = {"id": np.arange(n), "tokens": np.ones(n, int), "loss": (predicted - rating) ** 2, "predicted": predicted, "rating": rating}
    return read_run_items(arrays | ({} if cluster is None else {"cluster": cluster}))


@given(TRIPLES)
def test_both_correlations_are_scipys_ties_and_all(triples):
    x, y, _ = np.array(triples, float).T
    assert spearman_correlation(x, y) == pytest.approx(scipys(x, y), abs=1e-12)
    varied = np.ptp(x) > 0 and np.ptp(y) > 0
    assert pearson_correlation(x, y) == pytest.approx(stats.pearsonr(x, y).statistic if varied else 0.0, abs=1e-12)


@given(TRIPLES, st.floats(0.1, 50), st.floats(-1e6, 1e6))
def test_a_line_of_the_predictions_changes_no_correlation(triples, slope, offset):
    x, y, _ = np.array(triples, float).T
    moved = slope * x + offset
    assert spearman_correlation(moved, y) == pytest.approx(spearman_correlation(x, y), abs=1e-9)
    assert pearson_correlation(moved, y) == pytest.approx(pearson_correlation(x, y), abs=1e-6)
    assert spearman_correlation(-x, y) == pytest.approx(-spearman_correlation(x, y), abs=1e-12)


def test_equal_predictions_have_no_correlation_whatever_rounding_does():
    rating = np.random.default_rng(0).normal(size=500)
    for constant in (0.1, 1 / 3, 1e9 + 0.1):
        assert pearson_correlation(np.full(500, constant), rating) == spearman_correlation(np.full(500, constant), rating) == 0.0
        items = run_items(np.full(500, constant), rating)
        for statistic in ("pearson", "spearman"):
            interval = item_interval(items, statistic, 0.0)
            assert estimate_items(items, statistic).value == 0.0
            assert -0.2 < interval.low < 0 < interval.high < 0.2


def test_all_but_one_equal_are_without_it_equal():
    x, y = np.array([0.3] * 9 + [0.7]), np.arange(10.0)
    assert pearson(standard_moments(x, y)[:9].sum(axis=0)) == 0.0


@given(TRIPLES, st.lists(st.integers(0, 2), min_size=9, max_size=9))
def test_without_a_cluster_the_rest_are_ranked_anew(triples, places):
    x, y, z = np.array(triples, float).T
    cluster = np.unique(places[: len(x)], return_inverse=True)[1]
    runs = np.stack([rank_pairs(x, y), rank_pairs(z, y)], axis=1)
    wanted = [np.mean([scipys(side[cluster != c], y[cluster != c]) for side in (x, z)]) for c in range(cluster.max() + 1)]
    np.testing.assert_allclose(
        without_each(lambda weights: mean_over_runs(spearman_of_choices, runs, weights), cluster), wanted, atol=1e-12
    )


@given(TRIPLES)
def test_swapped_rows_are_ranked_anew_by_their_ranks(triples):
    y, x, z = np.array(triples, float).T
    first, second = (rank_pairs(side, y)[:, None] for side in (x, z))
    n, differs = len(y), np.any(first != second, axis=(1, 2))
    for swaps in itertools.islice(itertools.product([False, True], repeat=int(differs.sum())), 16):
        swapped = np.zeros(n, bool)
        swapped[differs] = swaps
        ranks = stats.rankdata(x), stats.rankdata(z)
        wanted = scipys(np.where(swapped, ranks[1], ranks[0]), y) - scipys(np.where(swapped, ranks[0], ranks[1]), y)
        signs = np.where(np.array(swaps, bool), -1, 1)[None]
        found = swapped_difference(spearman_of_choices, first, second, np.arange(n), differs, signs)
        assert found[0] == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("statistic", ["pearson", "spearman", "mse"])
def test_a_verdict_over_items_is_antisymmetric_and_finds_a_closer_row(statistic):
    random = np.random.default_rng(1)
    rating = random.normal(size=60)
    close, far = (run_items(rating + noise * random.normal(size=60), rating) for noise in (0.3, 1.5))
    forward, backward = paired_items(close, far, statistic), paired_items(far, close, statistic)
    assert forward.p == pytest.approx(backward.p)
    assert forward.p < 0.001
    assert np.sign(forward.difference.value) == direction(f"test.{statistic}") == -np.sign(backward.difference.value)
    assert paired_items(close, close, statistic).p == 1.0


def test_rows_of_another_unit_change_places_by_ranks_and_standard_numbers():
    """A row that is another times a thousand predicts the same by either correlation."""
    random = np.random.default_rng(2)
    rating = random.normal(size=30)
    predicted = rating + random.normal(size=30)
    a, b = run_items(predicted, rating), run_items(1000 * predicted + 7, rating)
    assert paired_items(a, b, "spearman").p == 1.0
    np.testing.assert_allclose(a.fields["correlation"], b.fields["correlation"], atol=1e-9)


@pytest.mark.parametrize("statistic", ["pearson", "spearman"])
def test_intervals_hold_the_truth_about_as_often_as_they_say(statistic):
    random, rho = np.random.default_rng(3), 0.6
    truth = rho if statistic == "pearson" else 6 / math.pi * math.asin(rho / 2)
    held = []
    for _ in range(300):
        x, noise = random.normal(size=(2, 80))
        items = run_items(rho * x + math.sqrt(1 - rho**2) * noise, x)
        interval = item_interval(items, statistic, estimate_items(items, statistic).value)
        held.append(interval.low <= truth <= interval.high)
    assert 0.91 <= np.mean(held) <= 0.98


def test_seeds_stand_side_by_side_and_their_score_is_the_mean_of_scores():
    random = np.random.default_rng(4)
    rating = random.normal(size=25)
    runs = [rating + random.normal(size=25) for _ in range(3)]
    items = average_items([run_items(run, rating) for run in runs])
    assert isinstance(items, Items)
    for statistic, of in (("pearson", stats.pearsonr), ("spearman", stats.spearmanr)):
        assert estimate_items(items, statistic).value == pytest.approx(np.mean([of(run, rating).statistic for run in runs]))
    assert average_items([run_items(runs[0], rating), run_items(runs[1], rating + 1)]) is None


def test_which_way_is_better_and_what_is_possible():
    assert [direction(f"test.{name}") for name in ("mse", "mse_at_negation", "pearson", "spearman")] == [-1, -1, 1, 1]
    assert bounds("test.mse") == (0.0, math.inf)
    assert bounds("test.pearson") == bounds("test.spearman") == (-1.0, 1.0)
