"""Cross-entropy, its own gradient against optax."""

import jax
import numpy as np
import optax
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from research.tasks.cross_entropy import cross_entropy

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
