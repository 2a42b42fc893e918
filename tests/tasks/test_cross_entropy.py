"""Cross-entropy, its own gradient and label smoothing against optax."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from research.tasks.cross_entropy import cross_entropy, smoothed

logits = arrays(np.float32, (2, 3, 5), elements=st.floats(-60, 60, width=32))
targets = arrays(np.int32, (2, 3), elements=st.integers(0, 4))
weights = arrays(np.float32, (2, 3), elements=st.floats(0, 2, width=32))


def with_gradient(loss):
    return jax.jit(jax.value_and_grad(lambda logits, targets, weights: (loss(logits, targets) * weights).sum()))


OURS, THEIRS = with_gradient(cross_entropy), with_gradient(optax.softmax_cross_entropy_with_integer_labels)


@settings(max_examples=40, deadline=None)
@given(logits, targets, weights)
def test_value_and_gradient_are_those_of_optax(logits, targets, weights):
    """To the rounding of the largest logit, 4e-6."""
    (value, gradient), (expected, expected_gradient) = OURS(logits, targets, weights), THEIRS(logits, targets, weights)
    np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.6])
def test_smoothing_is_the_cross_entropy_against_smoothed_labels(smoothing):
    rng = np.random.default_rng(0)
    logits, targets = jnp.asarray(rng.normal(size=(4, 7)), jnp.float32), jnp.asarray(rng.integers(7, size=4))
    labels = optax.smooth_labels(jax.nn.one_hot(targets, 7), smoothing)
    ours = jax.value_and_grad(lambda logits: smoothed(logits, targets, smoothing).sum())
    theirs = jax.value_and_grad(lambda logits: optax.softmax_cross_entropy(logits, labels).sum())
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), ours(logits), theirs(logits))
