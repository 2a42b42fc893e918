"""The small parts: products, initialisers, norms, dropout, feed-forward, embedding, masks, the order of what exists."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads
from quick import jit, parameters
from scipy import special

from research.config.model import FeedForward, LayerNorm, NoNorm, NormalInit, RMSNorm, UniformInit, VarianceInit
from research.nn.dropout import dropout
from research.nn.embedding import lookup
from research.nn.feed_forward import feed_forward, init_feed_forward
from research.nn.initialisers import draw_bias, draw_weights
from research.nn.linear import dense, linear
from research.nn.masks import causal_mask, masked_softmax, padding_mask, window_mask
from research.nn.norm import EPSILON, init_norm, norm
from research.nn.padding import gather_valid, scatter_valid, valid_first_order

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(2, 3, 4)).astype(np.float32)
KERNEL, BIAS = RANDOM.normal(size=(4, 5)).astype(np.float32), RANDOM.normal(size=5).astype(np.float32)


@pytest.mark.parametrize("bias", [None, BIAS], ids=["no bias", "bias"])
@pytest.mark.parametrize("wide", [5, 3])
@pytest.mark.parametrize("x", [X[0, 0], X[0], X, X[None]], ids=lambda x: f"{x.ndim} axes")
def test_dense_has_the_values_and_gradients_of_linear(x, wide, bias):
    arguments = (x, KERNEL[:, :wide]) if bias is None else (x, KERNEL[:, :wide], bias[:wide])
    weigh = lambda f: jit(jax.value_and_grad(lambda *a: (f(*a) ** 3).sum(), argnums=tuple(range(len(arguments)))))(*arguments)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), weigh(dense), weigh(linear))


def test_numerical_gradients_of_dense():
    check_grads(jax.jit(dense), (X, KERNEL, BIAS), order=1, modes=["rev"], rtol=2e-2)


def test_linear_has_forward_and_second_derivatives():
    np.testing.assert_allclose(jit(jax.jacfwd(linear))(X[0, 0], KERNEL, BIAS), KERNEL.T, rtol=1e-6)
    hessian = jit(jax.hessian(lambda *a: (linear(*a) ** 2).sum()))(X[0, 0], KERNEL, BIAS)
    np.testing.assert_allclose(hessian, 2 * KERNEL @ KERNEL.T, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("init", "deviation"),
    [(VarianceInit(scale=2.0), 0.2), (NormalInit(kind="normal", scale=0.3), 0.3), (UniformInit(kind="uniform", scale=0.3), 0.3 / 3**0.5)],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_initial_values_have_the_configured_deviation(init, deviation):
    values = np.asarray(jit(lambda key: draw_weights(init, key, (400, 100), 100))(jax.random.key(0)))
    assert abs(values.mean()) < 5 * deviation / 200
    np.testing.assert_allclose(values.std(), deviation, rtol=0.02)
    bias = draw_bias(init, jax.random.key(0), 50)
    if init.kind == "uniform":
        assert 0.25 < np.abs(bias).max() < 0.3
        assert 0.29 < np.abs(values).max() < 0.3
    else:
        assert not bias.any()


def test_norms_are_those_of_flax():
    x, scale, shift = 3 * X + 1, BIAS[:4], BIAS[1:]
    ours = jit(norm, static_argnums=0)
    layer = ours(LayerNorm(), init_norm(LayerNorm(), 4).replace(scale=scale, shift=shift), x)
    np.testing.assert_allclose(layer, linen.LayerNorm(epsilon=EPSILON).apply({"params": {"scale": scale, "bias": shift}}, x), atol=2e-6)
    rms = ours(RMSNorm(kind="rms"), init_norm(RMSNorm(kind="rms"), 4).replace(scale=scale), x)
    np.testing.assert_allclose(rms, linen.RMSNorm(epsilon=EPSILON).apply({"params": {"scale": scale}}, x), atol=2e-6)
    np.testing.assert_array_equal(ours(NoNorm(kind="none"), init_norm(NoNorm(kind="none"), 4), x), x)


def test_dropout_is_off_without_a_key_and_unbiased_with_one():
    x = jnp.asarray(X)
    assert dropout(None, 0.5, x) is x
    assert dropout(jax.random.key(0), 0.0, x) is x
    dropped = np.asarray(dropout(jax.random.key(0), 0.25, jnp.ones(40_000)))
    assert set(np.unique(dropped)) == {0, np.float32(1 / 0.75)}
    assert abs((dropped == 0).mean() - 0.25) < 5 * (0.25 * 0.75 / 40_000) ** 0.5


ACTIVATIONS = {
    "relu": lambda a: np.maximum(a, 0),
    "silu": lambda a: a * special.expit(a),
    "gelu": lambda a: a * special.ndtr(a),
}


@pytest.mark.parametrize("kind", ["gelu", "relu", "silu", "swiglu"])
def test_feed_forward_is_its_formula(kind):
    config = FeedForward(kind=kind, width=6)
    params = jax.tree.map(np.asarray, parameters(init_feed_forward, config, 4))
    if kind == "swiglu":
        gate, value = np.split(X @ params.up, 2, axis=-1)
        expected = ACTIVATIONS["silu"](gate) * value @ params.down
    else:
        expected = ACTIVATIONS[kind](X @ params.up + params.up_bias) @ params.down + params.down_bias
    tolerance = 1e-3 if kind == "gelu" else 2e-6  # ours is the tanh form, this close to the exact one
    np.testing.assert_allclose(jit(feed_forward, static_argnums=0)(config, params, X), expected, atol=tolerance)


@pytest.mark.parametrize("width", [4, 64, 96, 128])
def test_a_gate_is_as_dear_as_none_at_the_default_width(width):
    """Shazeer 2020, sec. 3.1: with a third matrix two thirds of the hidden width, so that the number of weights is kept."""
    count = lambda kind: sum(
        leaf.size
        for leaf in jax.tree.leaves(jax.eval_shape(lambda: init_feed_forward(FeedForward(kind=kind), jax.random.key(0), width)))
        if leaf.ndim > 1
    )
    assert count("gelu") == 8 * width**2
    assert abs(count("swiglu") - count("gelu")) <= 1.5 * width
    assert FeedForward(kind="swiglu", width=9).hidden(width) == 9


def test_lookup_gives_rows_adds_up_their_gradients_and_shows_a_wrong_token():
    table, tokens = RANDOM.normal(size=(5, 3)).astype(np.float32), np.array([[1, 4], [1, 0]])
    look = jax.jit(lookup)
    np.testing.assert_array_equal(look(table, tokens), table[tokens])
    gradient = jax.grad(lambda table: look(table, tokens).sum())(table)
    np.testing.assert_array_equal(gradient, np.array([1, 2, 0, 0, 1])[:, None].repeat(3, axis=1))
    assert np.isnan(look(table, np.array([[1, 5]])))[0, 1].all()


def test_a_fully_masked_row_is_zero_with_a_zero_gradient():
    logits, mask = jnp.ones((2, 3)), jnp.array([[True, True, False], [False] * 3])
    np.testing.assert_allclose(masked_softmax(logits, mask), [[0.5, 0.5, 0], [0, 0, 0]])
    gradient = jit(jax.grad(lambda logits: (masked_softmax(logits, mask) ** 2 * jnp.arange(3.0)[None]).sum()))(logits)
    assert np.isfinite(gradient).all()
    assert gradient[0].any()
    assert not gradient[1].any()


def test_masks_compose():
    distance = jnp.asarray(np.subtract.outer(np.arange(4), np.arange(4)))[None]
    exists = jnp.array([[True, False, True, True]])
    mask = causal_mask(distance) & window_mask(distance, 2) & padding_mask(exists)
    np.testing.assert_array_equal(mask[0], [[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]])


@jax.jit
def there_and_back(x, valid):
    order = valid_first_order(valid)
    packed = gather_valid(order, x)
    return order, packed, scatter_valid(order, packed)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(st.booleans(), min_size=6, max_size=6), min_size=2, max_size=2))
def test_what_exists_goes_first_in_order_and_back(rows):
    valid = np.array(rows)
    x = np.arange(1, 13, dtype=np.float32).reshape(2, 6)
    order, packed, back = jax.tree.map(np.asarray, there_and_back(x, valid))
    for row in range(2):
        np.testing.assert_array_equal(packed[row], [*x[row][valid[row]], *x[row][~valid[row]]])
    np.testing.assert_array_equal(back, x)
    np.testing.assert_array_equal(order.count, valid.sum(axis=1))
    np.testing.assert_array_equal(jax.grad(lambda x: (there_and_back(x, valid)[1] * packed).sum())(x), x)
