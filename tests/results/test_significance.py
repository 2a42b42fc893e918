"""Against scipy, against the enumeration of every sign, and by what no test may ever say."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from research.compare.item_tests import count_clusters, item_interval, paired_items_p
from research.compare.significance import (
    both_p,
    estimate_from_influence,
    paired_t,
    seeds_estimate,
    sign_flip_p,
    skewed,
    swap_p,
    t_bounds,
    unskewed,
    wilson_bounds,
)
from research.compare.statistics import Items
from research.metrics.class_scores import confusion, summed_macro_f1, summed_weighted_f1
from research.metrics.correlations import moments, pearson

FEW = st.lists(st.integers(-5, 5), min_size=1, max_size=9)


def items(loss, cluster=None, **fields) -> Items:
    n = len(loss)
    return Items(np.arange(n), np.ones(n, np.int64), {"loss": np.asarray(loss, float), **fields}, cluster=cluster)


@given(FEW)
def test_flipping_signs_is_the_enumeration_of_them(differences):
    d = np.array(differences, float)
    signs = np.array(list(itertools.product([-1, 1], repeat=len(d))))
    wanted = np.mean(np.abs(signs @ d) >= abs(d.sum())) if d.sum() else 1.0
    assert sign_flip_p(d, np.sign(d.sum())) == pytest.approx(wanted)
    assert sign_flip_p(d, -np.sign(d.sum())) == 1.0


@pytest.mark.parametrize("n", [8, 40, 90])
def test_flipping_signs_is_scipys_permutation_test(n):
    random = np.random.default_rng(n)
    d = random.normal(0.25, 1.0, n)
    wanted = stats.permutation_test((d,), np.sum, permutation_type="samples", n_resamples=30_000, rng=random).pvalue
    assert sign_flip_p(d, np.sign(d.sum())) == pytest.approx(wanted, abs=0.01)


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9), st.integers(-9, 9)), min_size=3, max_size=6))
def test_swapping_rows_is_the_enumeration_of_swaps(rated):
    truth, x, y = np.array(rated, float).T
    a, b = moments(truth, x), moments(truth, y)
    difference = lambda swaps: float(pearson(np.where(swaps, b, a).sum(axis=0)) - pearson(np.where(swaps, a, b).sum(axis=0)))
    every = [abs(difference(np.array(swaps)[:, None])) for swaps in itertools.product([False, True], repeat=len(a))]
    seen = difference(np.zeros((len(a), 1), bool))
    wanted = np.mean(np.array(every) >= abs(seen) * (1 - 1e-9)) if abs(seen) > 1e-12 else None
    if wanted is not None:
        assert swap_p(pearson, a, b, np.sign(seen)) == pytest.approx(wanted)
        assert swap_p(pearson, b, a, -np.sign(seen)) == pytest.approx(wanted)


LOSSES = st.lists(st.tuples(st.floats(0, 9, width=16), st.floats(0, 9, width=16), st.integers(0, 3)), min_size=1, max_size=12)


@given(LOSSES)
def test_p_over_items_is_never_below_two_to_the_one_less_their_number(rows):
    """Of items, and of clusters of them; and it is the same when the rows are swapped, and 1 of a row with itself."""
    x, y, cluster = (np.array(column) for column in zip(*rows, strict=True))
    for a, b in (items(x), items(y)), (items(x, cluster=cluster), items(y, cluster=cluster)):
        p, n = paired_items_p(a, b, "loss"), count_clusters(a, b)
        assert 2.0 ** (1 - n) <= p <= 1
        assert paired_items_p(b, a, "loss") == p
        assert paired_items_p(a, a, "loss") == 1


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_items_that_all_agree_have_the_sign_tests_p(n):
    """Three test lines, a 1-gram and a 3-gram: no difference is significant on them."""
    p = paired_items_p(items(np.arange(n) + 5.0), items(np.arange(n) * 1.1 + 2.0), "loss")
    assert p == pytest.approx(2.0 ** (1 - n))
    assert item_interval(items([1.0]), "loss", 1.0) is None


def test_a_hundred_and_twenty_six_comparisons_can_still_reject():
    random = np.random.default_rng(0)
    for n in (20, 60, 400):
        hard = random.normal(5, 2, n)
        assert 126 * paired_items_p(items(hard), items(hard + 1 + random.normal(0, 0.3, n)), "loss") < 0.05


def test_of_many_clusters_it_is_students_t():
    random = np.random.default_rng(1)
    a, b = random.normal(5, 2, (2, 500))
    assert paired_items_p(items(a), items(b), "loss") == pytest.approx(stats.ttest_rel(a, b).pvalue, rel=0.02)


def test_few_items_that_differ_among_many_are_few():
    """McNemar's exact test, where six of a thousand answers changed."""
    right = np.arange(1000) >= 6
    p = paired_items_p(items(np.zeros(1000), correct=np.ones(1000)), items(np.zeros(1000), correct=right.astype(float)), "accuracy")
    assert p == pytest.approx(stats.binomtest(6, 6).pvalue)


def test_clusters_count_and_not_their_copies():
    random = np.random.default_rng(2)
    x, y = random.normal(5, 1, (2, 30))
    y += 0.3
    copied = [items(np.tile(side, 4), cluster=np.tile(np.arange(30), 4)) for side in (x, y)]
    assert paired_items_p(*copied, "loss") == pytest.approx(paired_items_p(items(x), items(y), "loss"))
    assert paired_items_p(*(run._replace(cluster=None) for run in copied), "loss") < paired_items_p(*copied, "loss") / 10
    one, whole = item_interval(items(x), "loss", x.mean()), item_interval(copied[0], "loss", x.mean())
    np.testing.assert_allclose(one, whole)
    assert count_clusters(copied[0], items(np.tile(y, 4))) == 30


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=9))
def test_f1_from_summed_counts_is_scikit_learns(pairs):
    from sklearn.metrics import f1_score

    truth, called = np.array(pairs).T
    summed = confusion(truth, called).sum(axis=0, keepdims=True).astype(float)
    assert summed_macro_f1(summed)[0] == pytest.approx(f1_score(truth, called, average="macro", zero_division=0))
    assert summed_weighted_f1(summed)[0] == pytest.approx(f1_score(truth, called, average="weighted", zero_division=0))


@given(n=st.integers(2, 200), share=st.floats(0, 1))
def test_a_share_has_wilsons_interval(n, share):
    right = (np.arange(n) < round(share * n)).astype(float)
    found = item_interval(items(np.zeros(n), correct=right), "accuracy", right.mean())
    wanted = stats.binomtest(int(right.sum()), n).proportion_ci(method="wilson")
    np.testing.assert_allclose(found[1:], wanted, atol=1e-12)


def test_a_share_over_clusters_is_worth_fewer_trials():
    random = np.random.default_rng(4)
    by_cluster = random.random(50) < 0.8
    alike = items(np.zeros(500), correct=np.repeat(by_cluster, 10).astype(float), cluster=np.repeat(np.arange(50), 10))
    found = item_interval(alike, "accuracy", by_cluster.mean())
    wanted = stats.binomtest(int(by_cluster.sum()), 50).proportion_ci(method="wilson")
    np.testing.assert_allclose(found[1:], wanted, atol=0.02)
    whole = item_interval(alike._replace(fields={"correct": np.ones(500)}), "accuracy", 1.0)
    np.testing.assert_allclose(whole.low, 1 / (1 + stats.t.ppf(0.975, 49) ** 2 / 50))
    assert whole.high == 1


@pytest.mark.parametrize(("statistic", "field"), [("distinct_1", "distinct_1"), ("token_accuracy", "token_accuracy")])
def test_what_is_the_same_everywhere_is_not_certain(statistic, field):
    same = Items(np.arange(12), np.ones(12, np.int64), {field: np.ones(12)})
    assert item_interval(same, statistic, 1.0).low == pytest.approx(stats.binomtest(12, 12).proportion_ci(method="wilson").low)
    assert item_interval(items(np.full(12, 2.0)), "loss", 2.0) is None  # a loss has no greatest value that could bound it


@given(st.floats(-3, 3), st.floats(-1, 1))
def test_halls_transformation_is_turned_back(t, skew):
    assert skewed(unskewed(t, skew), skew) == pytest.approx(t, abs=1e-6)


def test_an_interval_is_what_its_test_does_not_reject():
    from research.compare.significance import studentised_p

    of = estimate_from_influence(0.7, np.random.default_rng(5).exponential(1.0, 25) / 25)
    for side, sign in zip(t_bounds(of), (1, -1), strict=True):
        assert studentised_p(of._replace(value=of.value - side), sign) == pytest.approx(0.05)


@given(st.lists(st.floats(-3, 3, width=16), min_size=5, max_size=10), st.floats(-3, 3, width=16))
def test_a_test_over_both_sources_asks_for_more_than_either(values, shift):
    """With as many clusters as seeds, so that freedom is no excuse."""
    a, b = np.array(values), np.zeros(len(values)) - shift
    over_seeds = seeds_estimate(a, b)
    of = estimate_from_influence(over_seeds.value, np.random.default_rng(6).normal(size=300) / 300)
    sign = np.sign(over_seeds.value)
    if sign and np.ptp(a) > 0.01:
        assert both_p(over_seeds, of, sign) >= 2 * stats.t.sf(abs(of.t), 299) - 1e-12
        assert both_p(over_seeds, of, -sign) == 1.0


@given(st.integers(2, 12))
def test_seeds_without_spread_are_as_many_signs(n):
    assert paired_t(np.ones(n), np.zeros(n)) == 2.0 ** (1 - n)
    assert paired_t(np.full(n, 0.3), np.full(n, 0.1 + 0.2)) == 1.0


@given(st.floats(0, 1), st.floats(1, 1000))
def test_wilsons_bounds_hold_the_share_and_stay_within_one(share, n):
    low, high = wilson_bounds(share, n)
    assert 0 <= low <= share <= high <= 1
