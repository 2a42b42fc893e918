"""The chunk form of the gated delta rule where it could lose digits: strong decays, and keys that are all alike."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from quick import jit, parameters

from research.config.mixer import GatedDeltaConfig
from research.nn.gated_delta import empty_gated_delta, gated_delta_in_numpy, init_gated_delta, inverse_of_one_plus, mix_gated_delta

CONFIG, WIDTH, LENGTH = GatedDeltaConfig(kind="gated_delta", heads=2), 8, 70
X = np.random.default_rng(0).normal(size=(2, LENGTH, WIDTH)).astype(np.float32)
ALL = np.ones((2, LENGTH), bool)


@pytest.mark.parametrize("size", [1, 2, 13, 32])
def test_the_inverse_by_blocks_is_that_of_numpy(size):
    lower = np.tril(np.random.default_rng(size).uniform(-0.3, 0.3, (3, 2, size, size)).astype(np.float32), -1)
    np.testing.assert_allclose(inverse_of_one_plus(jnp.asarray(lower)), np.linalg.inv(np.eye(size) + lower), atol=1e-4)


def test_the_inverse_is_exact_where_powers_of_the_matrix_would_grow():
    """Keys that are all alike under beta = 1: the binomial coefficients of its powers reach 1e17, its inverse has two diagonals."""
    ones = jnp.tril(jnp.ones((64, 64)), -1)
    np.testing.assert_array_equal(inverse_of_one_plus(ones), np.eye(64) - np.eye(64, k=-1))


@pytest.mark.parametrize("log_rate", [-20.0, 0.0, 6.0])
@pytest.mark.parametrize("x", [X, np.broadcast_to(X[:, :1], X.shape)], ids=["keys that differ", "keys alike"])
def test_chunks_give_the_loop_and_finite_gradients_under_every_decay(log_rate, x):
    p = parameters(init_gated_delta, CONFIG, WIDTH).replace(log_rate=jnp.full(2, log_rate))
    start = empty_gated_delta(CONFIG, 2, 0, WIDTH)

    def total(p):
        y = mix_gated_delta(CONFIG, p, start, jnp.asarray(x), jnp.asarray(ALL))[1]
        return (y * X).sum(), y

    gradient, y = jit(jax.grad(total, has_aux=True))(p)
    np.testing.assert_allclose(y, gated_delta_in_numpy(CONFIG, p, x, ALL), rtol=1e-4, atol=1e-5)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))
