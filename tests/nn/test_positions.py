"""Positions against their formulas, and the properties they are chosen for."""

import math

import jax
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from quick import jit

from research.config.mixer import T5, Alibi, Learned, NoPosition, Rotary, Sinusoidal
from research.nn import positions
from research.nn.positions import init_bias, init_position, t5_boundaries

add_position = jit(positions.add_position, static_argnums=0)
turn_position = jit(positions.turn_position, static_argnums=0)
position_bias = jit(positions.position_bias, static_argnums=(0, 2))

POSITION = np.array([[0, 1, 2, 3], [5, 6, 100, 5000]])
X = np.random.default_rng(0).normal(size=(2, 4, 6)).astype(np.float32)


def test_sinusoidal_is_the_formula_at_any_position():
    config = Sinusoidal(kind="sinusoidal", base=1000.0)
    added = np.asarray(add_position(config, (), X, POSITION)) - X
    for channel in range(6):
        angle = POSITION / 1000.0 ** (2 * (channel // 2) / 6)
        np.testing.assert_allclose(added[..., channel], np.cos(angle) if channel % 2 else np.sin(angle), atol=1e-3)
    np.testing.assert_allclose(added[0, :, 1], np.cos(POSITION[0]), atol=1e-6)


def test_learned_adds_its_row_and_is_nan_past_its_end():
    config = Learned(kind="learned")
    table = np.asarray(init_position(config, jax.random.key(0), 7, 6))
    y = np.asarray(add_position(config, table, X, POSITION))
    np.testing.assert_allclose(y[0], X[0] + table[:4], rtol=1e-6)
    assert np.isfinite(y[1, :2]).all()
    assert np.isnan(y[1, 2:]).all()


def test_positions_that_act_elsewhere_add_nothing():
    for config in (NoPosition(), Rotary(kind="rotary"), Alibi(kind="alibi"), T5(kind="t5")):
        assert init_position(config, jax.random.key(0), 7, 6) == ()
        np.testing.assert_array_equal(add_position(config, (), X, POSITION), X)
    for config in (NoPosition(), Learned(kind="learned"), Sinusoidal(kind="sinusoidal")):
        assert position_bias(config, (), 2, POSITION[None]) is None
        np.testing.assert_array_equal(turn_position(config, X[:, None], POSITION), X[:, None])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(0, 500), st.sampled_from([100.0, 10_000.0]))
def test_products_of_turned_vectors_depend_on_the_distance_alone(i, j, shift, base):
    config = Rotary(kind="rotary", base=base)
    q, k = X[0, :1, None], X[1, :1, None]
    turned = lambda x, position: np.asarray(turn_position(config, x[None], np.array([[position]])))
    product = lambda i, j: (turned(q, i) * turned(k, j)).sum()
    np.testing.assert_allclose(product(i + shift, j + shift), product(i, j), atol=3e-3)
    np.testing.assert_allclose(np.linalg.norm(turned(q, i)), np.linalg.norm(q), rtol=1e-5)


def test_rotary_turns_pairs_by_the_angle_of_the_formula():
    turned = np.asarray(turn_position(Rotary(kind="rotary", base=100.0), X[:, None], POSITION))[:, 0]
    for pair in range(3):
        number = (X[..., pair] + 1j * X[..., pair + 3]) * np.exp(1j * POSITION / 100.0 ** (2 * pair / 6))
        np.testing.assert_allclose(turned[..., pair] + 1j * turned[..., pair + 3], number, atol=2e-3)


def test_alibi_is_a_geometric_sequence_of_slopes():
    distance = np.arange(5)[None, None]
    bias = np.asarray(position_bias(Alibi(kind="alibi"), (), 8, distance))
    assert bias.shape == (1, 8, 1, 5)
    np.testing.assert_allclose(bias[0, :, 0], -np.outer([1 / 2, 1 / 4, 1 / 8, 1 / 16, 1 / 32, 1 / 64, 1 / 128, 1 / 256], np.arange(5)))
    np.testing.assert_allclose(position_bias(Alibi(kind="alibi"), (), 2, distance)[0, 1, 0, 1], -(2.0**-8))


def slow_bucket(distance, buckets, max_distance):
    """Raffel et al. 2020, causal: half the buckets exact, then logarithmic up to max_distance. The tolerance is of the logarithm."""
    exact = buckets // 2
    if distance < exact:
        return distance
    share = math.log(distance / exact) / math.log(max_distance / exact)
    return min(buckets - 1, exact + math.floor(share * (buckets - exact) + 1e-9))


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 40), st.integers(1, 120))
def test_t5_buckets_are_those_of_the_paper(buckets, beyond):
    max_distance = buckets // 2 + beyond
    boundaries = t5_boundaries(buckets, max_distance)
    assert len(boundaries) == buckets - 1
    for distance in range(2 * max_distance):
        assert np.searchsorted(boundaries, distance, side="right") == slow_bucket(distance, buckets, max_distance)


def test_t5_adds_the_number_of_the_bucket_and_starts_at_zero():
    config = T5(kind="t5", buckets=8, max_distance=20)
    assert not init_bias(config, 3).any()
    table = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    bias = position_bias(config, table, 3, np.arange(40)[None, None])
    expected = [table[slow_bucket(distance, 8, 20)] for distance in range(40)]
    np.testing.assert_array_equal(bias[0, :, 0].T, expected)
