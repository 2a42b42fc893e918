"""Positions against their formulas, and the properties they are chosen for."""

import math
from typing import ClassVar, Literal

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from quick import by_default, jit

from research.config.mixer import AttentionConfig, MlpScore
from research.config.position import T5, ActsOn, Alibi, Learned, PositionConfig, Rotary, Sinusoidal
from research.laws.position_laws import extrapolation_fault, place_fault
from research.nn import positions
from research.nn.attention import AttentionSpec, empty_attention, init_attention, mix_attention
from research.nn.positions import (
    POSITIONS,
    PositionKind,
    alibi_slopes,
    init_bias,
    init_position,
    no_flops,
    rotary,
    sinusoidal,
    t5_boundaries,
)
from research.plugin import register_position

add_position = jit(positions.add_position, static_argnums=0)
turn_position = jit(positions.rotate_by_position, static_argnums=0)


def position_bias(config, params, heads, distance):
    """Of a bias that reads no content."""
    q, k = (np.full((1, heads, n, 2), np.nan, np.float32) for n in distance.shape[1:])
    return jit(positions.position_bias, static_argnums=0)(config, params, q, k, distance)


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
    for config in (by_default(kind) for kind in POSITIONS):
        if config.acts_on != "input":
            assert init_position(config, jax.random.key(0), 7, 6) == ()
            np.testing.assert_array_equal(add_position(config, (), X, POSITION), X)
        if config.acts_on != "logits":
            assert init_bias(config, jax.random.key(0), 2, 3) == ()
            assert position_bias(config, (), 2, POSITION[None]) is None
        if config.acts_on != "queries_and_keys":
            np.testing.assert_array_equal(turn_position(config, X[:, None], POSITION), X[:, None])


@pytest.mark.parametrize("kind", POSITIONS, ids=lambda kind: kind.__name__)
def test_an_entry_acts_where_its_words_say_and_as_far_as_they_say(kind):
    assert place_fault(by_default(kind)) is None
    assert extrapolation_fault(by_default(kind)) is None


def test_a_position_that_does_not_state_its_facts_cannot_be_written():
    with pytest.raises(TypeError, match="Forgetful does not say what its acts_on, backward_only"):
        type("Forgetful", (PositionConfig,), {"extrapolates": True, "__annotations__": {"kind": Literal["forgetful"]}})


class Relative(PositionConfig):
    acts_on: ClassVar[ActsOn] = "logits"
    backward_only: ClassVar[bool] = True
    extrapolates: ClassVar[bool] = True
    kind: Literal["relative"]
    buckets: int = 4


def test_a_bias_may_look_at_queries_and_at_the_width_in_which_they_are_compared(registering):
    """Relative keys (Shaw et al. 2018) as a new entry: q . r of the distance, clipped; chunk by chunk as at once."""

    def init_relative(config, key, heads, width, initialiser):
        return jax.random.normal(key, (config.buckets, heads, width))

    def relative(config, params, q, k, distance):
        keys = params[jnp.clip(distance, 0, config.buckets - 1)]
        return jnp.einsum("bhtk,btshk->bhts", q, jnp.broadcast_to(keys, (len(q), *keys.shape[1:])))

    register_position(Relative, PositionKind(no_flops, init_bias=init_relative, bias=relative))
    spec = AttentionSpec(AttentionConfig(heads=2, score=MlpScore(kind="mlp", width=5)), Relative(kind="relative"))
    params = init_attention(spec, jax.random.key(0), 6)
    assert params.bias.shape == (4, 2, 5)
    assert np.abs(params.bias).max() > 0
    mix = jit(lambda params, carry, x: mix_attention(spec, params, carry, x, jnp.ones(x.shape[:2], bool))[:2])
    empty = empty_attention(spec, 2, 4, 6)
    _, whole = mix(params, empty, X)
    carry, first = mix(params, empty, X[:, :3])
    _, second = mix(params, carry, X[:, 3:])
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-5)
    np.testing.assert_allclose(mix(params, empty_attention(spec, 2, 0, 6), X)[1], whole, atol=1e-5)  # as in training, without a memory
    assert np.abs(mix(params.replace(bias=0 * params.bias), empty, X)[1] - whole).max() > 1e-3


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
    assert not init_bias(config, jax.random.key(0), 3, 5).any()
    table = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    bias = position_bias(config, table, 3, np.arange(40)[None, None])
    expected = [table[slow_bucket(distance, 8, 20)] for distance in range(40)]
    np.testing.assert_array_equal(bias[0, :, 0].T, expected)


def test_slopes_of_a_number_of_heads_that_is_no_power_of_two_are_those_of_the_released_code():
    """github.com/ofirpress/attention_with_linear_biases: 12 heads have the 8 slopes of 8, then every second one of 16."""
    expected = [2.0**-i for i in range(1, 9)] + [2.0 ** -(i + 0.5) for i in range(4)]
    np.testing.assert_allclose(alibi_slopes(12), expected)
    np.testing.assert_allclose(alibi_slopes(8), [2.0**-i for i in range(1, 9)])
    np.testing.assert_allclose(alibi_slopes(1), [2.0**-8])
    np.testing.assert_allclose(alibi_slopes(3), [2.0**-4, 2.0**-8, 2.0**-2])


@pytest.mark.parametrize("base", [100.0, 10_000.0, 1e8])
def test_angles_of_far_positions_are_those_of_float64(base):
    position = np.array([0, 1, 1023, 1024, 99_999, 123_457, 1_000_003, 5_000_000])
    x = np.random.default_rng(0).normal(size=(1, 1, len(position), 16)).astype(np.float32)
    turned = rotary(Rotary(kind="rotary", base=base), jnp.asarray(x), jnp.asarray(position)[None])
    angle = position[:, None] * base ** (-np.arange(0, 16, 2) / 16)
    first, second = np.split(x[0, 0].astype(np.float64), 2, axis=-1)
    sine, cosine = np.sin(angle), np.cos(angle)
    expected = np.concatenate([first * cosine - second * sine, second * cosine + first * sine], axis=-1)
    np.testing.assert_allclose(turned[0, 0], expected, atol=3e-3)
    vectors = sinusoidal(Sinusoidal(kind="sinusoidal", base=base), (), 16, jnp.asarray(position)[None])[0]
    np.testing.assert_allclose(vectors, np.stack([sine, cosine], axis=-1).reshape(len(position), 16), atol=1e-3)
