"""Against scipy, against closed forms, and by how often an interval holds the truth."""

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from research.compare.item_tests import has_statistic, item_interval, paired_items_p
from research.compare.significance import paired_t
from research.compare.statistics import Items, ScoredSplit, average_items, comparable, holm, sample_sd, t_interval
from research.metrics.correlations import moments, pearson

VALUES = st.lists(st.floats(-100, 100).map(lambda x: round(x, 3)), min_size=3, max_size=8)


def items(loss, tokens=None, ids=None, correct=None) -> Items:
    n = len(loss)
    return Items(
        np.arange(n) if ids is None else ids,
        np.ones(n, np.int64) if tokens is None else tokens,
        {"loss": np.asarray(loss, float), "correct": np.zeros(n) if correct is None else correct},
    )


@given(values=VALUES, confidence=st.sampled_from([0.9, 0.95, 0.99]))
def test_the_t_interval_is_scipys(values, confidence):
    found = t_interval(values, confidence)
    spread = stats.sem(values)
    wanted = stats.t.interval(confidence, len(values) - 1, np.mean(values), spread) if spread > 0 else (np.mean(values),) * 2
    np.testing.assert_allclose((found.low, found.high), wanted, rtol=1e-9, atol=1e-9)
    assert found.half * 2 == pytest.approx(found.high - found.low)
    assert sample_sd(values) == pytest.approx(statistics.stdev(values), abs=1e-12)


@given(values=VALUES, seed=st.integers(0, 1000))
def test_the_paired_t_is_scipys(values, seed):
    other = np.asarray(values) + np.random.default_rng(seed).normal(0.3, 1.0, len(values))
    assert paired_t(values, other.tolist()) == pytest.approx(stats.ttest_rel(values, other).pvalue, rel=1e-6)


def test_holm_by_hand():
    # sorted: 0.005 * 4, 0.01 * 3, 0.03 * 2, 0.04 * 1 -> the running maximum
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.5, 0.9]) == (1.0, 1.0)
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.randoms())
def test_holm_lies_between_none_and_bonferroni_and_ignores_the_order(p_values, random):
    adjusted = holm(p_values)
    assert all(p <= a <= min(1.0, p * len(p_values)) + 1e-12 for p, a in zip(p_values, adjusted, strict=True))
    order = list(range(len(p_values)))
    random.shuffle(order)
    assert holm([p_values[i] for i in order]) == pytest.approx([adjusted[i] for i in order])


def test_an_interval_over_items_is_the_delta_methods():
    random = np.random.default_rng(1)
    tokens = random.integers(1, 40, 800)
    loss = tokens * random.normal(4.0, 1.0, 800)
    ratio = loss.sum() / tokens.sum()
    error = np.sqrt(np.sum((loss - ratio * tokens) ** 2)) / tokens.sum()  # of a ratio of sums
    found = item_interval(items(loss, tokens), "loss", ratio)
    np.testing.assert_allclose((found.low, found.high), ratio + np.array([-1.96, 1.96]) * error, atol=0.1 * error)
    perplexity = item_interval(items(loss, tokens), "perplexity", float(np.exp(ratio)))
    np.testing.assert_allclose(np.log(perplexity[1:]), found[1:], rtol=1e-6)
    bits = item_interval(items(loss, tokens), "bits_per_character", 2.5)
    np.testing.assert_allclose(np.divide(bits[1:], 2.5), np.divide(found[1:], ratio))


def test_accuracy_over_items_is_the_binomials():
    correct = np.arange(1000) < 620
    found = item_interval(items(np.zeros(1000), correct=correct), "accuracy", 0.62)
    np.testing.assert_allclose(found.half, 1.96 * np.sqrt(0.62 * 0.38 / 1000), rtol=0.06)


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=2, max_size=9))
def test_a_correlation_from_summed_moments_is_scipys(pairs):
    x, y = np.array(pairs, float).T
    varied = np.ptp(x) > 0 and np.ptp(y) > 0
    assert pearson(moments(x, y).sum(axis=0)) == pytest.approx(stats.pearsonr(x, y).statistic if varied else 0.0)


def test_a_correlation_over_items_is_fishers():
    x, noise = np.random.default_rng(7).standard_normal((2, 2000))
    items = Items(np.arange(2000), np.ones(2000, int), {"correlation": moments(x, x + noise)[:, None]})
    interval = item_interval(items, "correlation", float(np.corrcoef(x, x + noise)[0, 1]))
    assert interval.half == pytest.approx(1.96 * 0.5 / np.sqrt(2000), rel=0.1)  # (1 - r^2) / sqrt(n), r^2 = 1/2
    closer = items._replace(fields={"correlation": moments(x, x + 0.9 * noise)[:, None]})
    assert paired_items_p(items, closer, "correlation") < 0.001


def test_95_percent_intervals_hold_the_truth_about_that_often():
    random = np.random.default_rng(2)
    draws = random.exponential(1.0, (400, 120))
    held = [interval.low <= 1.0 <= interval.high for interval in (item_interval(items(loss), "loss", loss.mean()) for loss in draws)]
    assert 0.90 <= np.mean(held) <= 0.975


def test_pairing_finds_what_unpaired_intervals_hide():
    random = np.random.default_rng(4)
    hard = random.normal(5, 2, 200)
    a, b = items(hard + random.normal(0, 0.1, 200)), items(hard + 0.05 + random.normal(0, 0.1, 200))
    one, other = (item_interval(each, "loss", each.fields["loss"].mean()) for each in (a, b))
    assert one.high > other.low
    assert paired_items_p(a, b, "loss") < 0.01
    assert paired_items_p(a, b, "loss") == paired_items_p(b, a, "loss")
    assert paired_items_p(a, a, "loss") == 1.0


def test_items_are_averaged_by_id_whatever_their_order():
    random = np.random.default_rng(6)
    first = items([1.0, 2.0, 3.0], ids=np.array([7, 8, 9]), tokens=np.array([1, 2, 3]), correct=np.array([1.0, 0.0, 1.0]))
    order = random.permutation(3)
    second = items(np.array([3.0, 2.0, 1.0])[order], np.array([1, 2, 3])[order], np.array([7, 8, 9])[order])
    found = average_items([first, second])
    np.testing.assert_array_equal(found.id, [7, 8, 9])
    np.testing.assert_array_equal(found.fields["loss"], [2.0, 2.0, 2.0])
    np.testing.assert_array_equal(found.fields["correct"], [0.5, 0.0, 0.5])
    assert average_items([first, items([1.0, 2.0, 3.0])]) is None


ITEMS = items([1.0, 2.0, 3.0])._replace(truth=np.array([0, 1, 0]))
CHANGED = [  # what changes, whether the loss compares, whether bits a character do
    ({}, True, True),
    ({"items": ITEMS._replace(fields={"correct": np.ones(3)})}, True, True),
    ({"items": ITEMS._replace(truth=None)}, True, True),
    ({"items": None, "text": None, "targets": None}, True, True),
    ({"items": ITEMS._replace(id=np.array([1, 2, 3]))}, False, False),
    ({"items": items([1.0, 2.0])}, False, False),
    ({"items": ITEMS._replace(truth=np.array([0, 1, 1]))}, False, True),
    ({"items": ITEMS._replace(tokens=np.array([2, 2, 2]))}, False, True),  # other tokens of the same characters
    ({"targets": "other"}, False, True),
    ({"text": "other", "targets": "other"}, False, False),
]


@pytest.mark.parametrize(("changed", "loss", "bits"), CHANGED)
def test_runs_compare_unless_something_known_says_that_they_predicted_other_targets(changed, loss, bits):
    a = ScoredSplit("text", "targets", ITEMS)
    b = a._replace(**changed)
    for statistic in ("loss", "perplexity", "accuracy", "macro_f1", "accuracy_at_16", "perplexity_at_128"):
        assert comparable(a, b, statistic) == comparable(b, a, statistic) == loss
    for statistic in ("bits_per_character", "bits_per_byte"):
        assert comparable(a, b, statistic) == comparable(b, a, statistic) == bits


def test_items_without_correctness_have_no_accuracy():
    assert has_statistic(ITEMS, "accuracy")
    assert not has_statistic(ITEMS._replace(fields={"loss": ITEMS.fields["loss"]}), "accuracy")
