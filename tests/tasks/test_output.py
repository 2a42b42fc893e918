"""Logits in blocks: the numbers and gradients of logits made at once, and less memory."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.tasks import output
from research.tasks.cross_entropy import cross_entropy

BATCH, WIDTH, VOCABULARY = 3, 4, 10
RANDOM = np.random.default_rng(0)
KERNEL = RANDOM.normal(size=(WIDTH, VOCABULARY)).astype(np.float32)


def graded(positions):
    """Nats, the likeliest symbols, and the gradient of a weighted sum of the nats by h and by the kernel."""
    h = RANDOM.normal(size=(BATCH, positions, WIDTH)).astype(np.float32)
    targets = RANDOM.integers(VOCABULARY, size=(BATCH, positions)).astype(np.int32)
    weights = RANDOM.normal(size=(BATCH, positions)).astype(np.float32)

    def total(h, kernel):
        judge = lambda h, targets: (cross_entropy(h @ kernel, targets), (h @ kernel).argmax(axis=-1))
        nats, likeliest = output.by_blocks(judge, h, jnp.asarray(targets), VOCABULARY)
        return (nats * weights).sum(), (nats, likeliest)

    return jax.value_and_grad(total, argnums=(0, 1), has_aux=True)(jnp.asarray(h), jnp.asarray(KERNEL))


@pytest.mark.parametrize("positions", [1, 6, 7])
@pytest.mark.parametrize("limit", [1, 30, 61, 95])
def test_blocks_change_nothing(positions, limit, monkeypatch):
    state = RANDOM.bit_generator.state
    at_once = graded(positions)
    RANDOM.bit_generator.state = state
    monkeypatch.setattr(output, "LOGITS_LIMIT", limit)
    if positions > 1:
        assert output.output_blocks(BATCH, positions, VOCABULARY) > 1
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), graded(positions), at_once)


@settings(deadline=None)
@given(st.integers(1, 64), st.integers(1, 512), st.integers(1, 200_000))
def test_a_block_is_within_the_limit_if_one_position_is(batch, positions, vocabulary):
    blocks = output.output_blocks(batch, positions, vocabulary)
    largest = -(-positions // blocks)
    assert batch * vocabulary * largest <= output.LOGITS_LIMIT or largest == 1
    if batch * vocabulary * positions <= output.LOGITS_LIMIT:
        assert blocks == 1


def test_memory_does_not_grow_with_the_vocabulary():
    """Temporaries of a gradient, beyond the kernel's own gradient and its copies in the loop over blocks."""

    def temporaries(vocabulary):
        def total(h, kernel):
            judge = lambda h, targets: cross_entropy(h @ kernel, targets)
            return output.by_blocks(judge, h, jnp.zeros(h.shape[:2], jnp.int32), vocabulary).sum()

        h, kernel = jax.ShapeDtypeStruct((16, 256, 1), jnp.float32), jax.ShapeDtypeStruct((1, vocabulary), jnp.float32)
        memory = jax.jit(jax.grad(total, argnums=(0, 1))).lower(h, kernel).compile().memory_analysis()
        return memory.temp_size_in_bytes

    assert 8 * output.LOGITS_LIMIT < 16 * 256 * 30_000
    assert temporaries(30_000) < 1.3 * temporaries(10_000)
