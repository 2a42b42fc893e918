"""Scores by blocks of the vocabulary: those of logits made at once, with less memory."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.nn.linear import linear
from research.tasks import position_scores

BATCH, WIDTH = 3, 4


def problem(positions, vocabulary, seed=0):
    random = np.random.default_rng(seed)
    normal = lambda *shape: jnp.asarray(3 * random.normal(size=shape), jnp.float32)
    targets = jnp.asarray(random.integers(vocabulary, size=(BATCH, positions)), jnp.int32)
    weights = normal(2, BATCH, positions)
    return normal(BATCH, positions, WIDTH), normal(WIDTH, vocabulary), normal(vocabulary), targets, weights


def graded(h, kernel, bias, targets, weights):
    """The scores, and the gradient of a weighted sum of both kinds of nats by h, kernel and bias. Compiled anew for each limit."""

    def total(h, kernel, bias):
        found = position_scores.logit_scores(h, kernel, bias, targets)
        return (found.nats * weights[0] + found.uniform * weights[1]).sum(), found

    return jax.jit(jax.value_and_grad(total, argnums=(0, 1, 2), has_aux=True))(h, kernel, bias)


@pytest.mark.parametrize(("positions", "vocabulary", "limit"), [(1, 10, 3), (6, 10, 54), (7, 11, 100), (5, 9, 1), (5, 9, 134)])
def test_blocks_change_nothing(positions, vocabulary, limit, monkeypatch):
    """Whether the vocabulary divides into blocks or the last one overlaps the one before, down to one symbol a block."""
    given = problem(positions, vocabulary)
    at_once = graded(*given)
    monkeypatch.setattr(position_scores, "LOGITS_LIMIT", limit)
    assert position_scores.block_size(BATCH * positions, vocabulary) < vocabulary
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5), graded(*given), at_once)


def test_the_first_of_equal_logits_is_the_likeliest(monkeypatch):
    monkeypatch.setattr(position_scores, "LOGITS_LIMIT", 9)
    h, kernel, bias, targets, _ = problem(2, 8)
    found = position_scores.logit_scores(h, jnp.zeros_like(kernel), jnp.zeros_like(bias).at[jnp.array([3, 5])].set(1.0), targets)
    assert (found.likeliest == 3).all()


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.6])
def test_nats_and_uniform_are_the_cross_entropy_against_smoothed_labels(smoothing):
    h, kernel, bias, targets, _ = problem(2, 7)

    def ours(h):
        found = position_scores.logit_scores(h, kernel, bias, targets)
        return ((1 - smoothing) * found.nats + smoothing * found.uniform).sum()

    labels = optax.smooth_labels(jax.nn.one_hot(targets, 7), smoothing)
    theirs = lambda h: optax.softmax_cross_entropy(linear(h, kernel, bias), labels).sum()
    results = (jax.jit(jax.value_and_grad(one))(h) for one in (ours, theirs))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), *results)


@settings(deadline=None)
@given(st.integers(1, 2**16), st.integers(1, 200_000))
def test_a_block_is_within_the_limit_if_one_symbol_is(positions, vocabulary):
    size = position_scores.block_size(positions, vocabulary)
    assert 1 <= size <= vocabulary
    assert positions * size <= position_scores.LOGITS_LIMIT or size == 1
    if positions * vocabulary <= position_scores.LOGITS_LIMIT:
        assert size == vocabulary


def test_memory_does_not_grow_with_the_vocabulary(monkeypatch):
    """Temporaries of a gradient, beyond the gradients themselves, which are results here."""
    monkeypatch.setattr(position_scores, "LOGITS_LIMIT", 2**18)

    def temporaries(vocabulary):
        total = lambda *args: position_scores.logit_scores(*args, jnp.zeros((8, 64), jnp.int32)).nats.sum()
        shapes = ((8, 64, 32), (32, vocabulary), (vocabulary,))
        args = [jax.ShapeDtypeStruct(shape, jnp.float32) for shape in shapes]
        return jax.jit(jax.grad(total, argnums=(0, 1, 2))).lower(*args).compile().memory_analysis().temp_size_in_bytes

    assert temporaries(40_000) < 1.1 * temporaries(4_000)
