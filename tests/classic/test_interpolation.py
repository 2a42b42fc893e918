import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from research.classic.interpolation import best_weight, interpolate

seeds, sizes = st.integers(0, 10**6), st.integers(1, 200)


def two_models(seed, size, scale=3.0):
    """Natural log-probabilities of the same tokens under two models."""
    return -np.random.default_rng(seed).exponential(scale, (2, size))


@given(seeds, sizes, st.sampled_from([0.01, 3.0, 400.0]))
@settings(max_examples=60, deadline=None)
def test_no_other_weight_is_better(seed, size, scale):
    p1, p2 = two_models(seed, size, scale)
    weight = best_weight(p1, p2)
    grid = [interpolate(p1, p2, w).mean() for w in np.linspace(0.0, 1.0, 101).tolist()]
    assert 0.0 <= weight <= 1.0
    assert interpolate(p1, p2, weight).mean() >= max(grid) - 1e-12 * abs(max(grid))
    assert best_weight(p2, p1) == pytest.approx(1.0 - weight, abs=1e-9)


def test_the_weight_is_the_optimum_of_scipy():
    p1, p2 = two_models(0, 5000)
    found = minimize_scalar(lambda w: -interpolate(p1, p2, float(w)).mean(), bounds=(0, 1), method="bounded", options={"xatol": 1e-9})
    assert best_weight(p1, p2) == pytest.approx(found.x, abs=1e-5)
    assert interpolate(p1, p2, best_weight(p1, p2)).mean() > max(p1.mean(), p2.mean())


def test_a_known_weight():
    """A tokens with p1 = 1, p2 = 0 and B tokens with p1 = 0, p2 = 1: w = A / (A + B)."""
    p1 = np.where(np.arange(10) < 3, 0.0, -np.inf)
    assert best_weight(p1, p1[::-1].copy()) == pytest.approx(0.5, abs=1e-12), "three against three, four impossible under both"
    assert best_weight(p1, np.where(np.arange(10) < 3, -np.inf, 0.0)) == pytest.approx(0.3, abs=1e-12)


def test_a_model_that_is_never_better_gets_nothing():
    p1, _ = two_models(0, 50)
    assert best_weight(p1, p1 - 1.0) == 1.0
    assert best_weight(p1 - 1.0, p1) == 0.0
    assert best_weight(p1, p1) == 0.5


@given(seeds, st.floats(0.0, 1.0))
@settings(max_examples=40, deadline=None)
def test_a_mixture_is_the_weighted_mean_and_a_distribution(seed, weight):
    p1, p2 = np.random.default_rng(seed).dirichlet(np.ones(9), 2)
    mixed = interpolate(np.log(p1), np.log(p2), weight)
    np.testing.assert_allclose(np.exp(mixed), weight * p1 + (1 - weight) * p2, rtol=1e-12)
    assert np.exp(mixed).sum() == pytest.approx(1.0, abs=1e-12)


def test_the_ends_are_the_models_themselves():
    p1, p2 = np.array([-1.0, -np.inf, -2.0, -np.inf]), np.array([-3.0, -1.0, -np.inf, -np.inf])
    np.testing.assert_array_equal(interpolate(p1, p2, 1.0), p1)
    np.testing.assert_array_equal(interpolate(p1, p2, 0.0), p2)
    half = np.log(0.5)
    np.testing.assert_allclose(interpolate(p1, p2, 0.5), [half + np.logaddexp(-1, -3), half - 1, half - 2, -np.inf])
