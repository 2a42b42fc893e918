"""Softmax regression over sparse features, or over dense ones."""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float32, Int
from scipy.optimize import minimize

from research.config.classify import Softmax


def fit_softmax(
    config: Softmax, x: Any, labels: Int[np.ndarray, " n"], classes: int
) -> tuple[Float[np.ndarray, "f c"], Float[np.ndarray, " c"]]:
    """The minimum of the summed cross-entropy + l2 |W|^2 / 2; gradients by JAX over the features that are there, steps by L-BFGS."""
    n, features = x.shape
    rows, columns = (jnp.asarray(index) for index in x.nonzero())
    values, targets = jnp.asarray(x.data), jnp.asarray(labels)

    @jax.jit
    def objective(flat: jax.Array) -> jax.Array:
        weights, bias = flat[: features * classes].reshape(features, classes), flat[features * classes :]
        logits = jax.ops.segment_sum(values[:, None] * weights[columns], rows, n) + bias[None]
        nats = -jnp.take_along_axis(jax.nn.log_softmax(logits), targets[:, None], axis=1).sum()
        return (nats + 0.5 * config.l2 * (weights**2).sum()) / n

    return _minimum(jax.jit(jax.value_and_grad(objective)), features, classes)


def fit_dense_softmax(
    l2: float, x: Float32[np.ndarray, "n f"], labels: Int[np.ndarray, " n"], classes: int
) -> tuple[Float[np.ndarray, "f c"], Float[np.ndarray, " c"]]:
    """The same minimum where every sentence has every feature. Sets of one shape share a compiled objective."""
    values, targets = jnp.asarray(x), jnp.asarray(labels)
    return _minimum(lambda flat: _graded_dense(classes, flat, values, targets, jnp.float32(l2)), x.shape[1], classes)


@partial(jax.jit, static_argnums=0)
def _graded_dense(
    classes: int, flat: Float[Array, " m"], x: Float[Array, "n f"], targets: Int[Array, " n"], l2: Float[Array, ""]
) -> tuple[Float[Array, ""], Float[Array, " m"]]:
    def objective(flat: jax.Array) -> jax.Array:
        weights, bias = flat[:-classes].reshape(-1, classes), flat[-classes:]
        nats = -jnp.take_along_axis(jax.nn.log_softmax(x @ weights + bias[None]), targets[:, None], axis=1).sum()
        return (nats + 0.5 * l2 * (weights**2).sum()) / len(x)

    return jax.value_and_grad(objective)(flat)


def _minimum(graded: Callable[[Any], Any], features: int, classes: int) -> tuple[Float[np.ndarray, "f c"], Float[np.ndarray, " c"]]:
    """Weights and bias where a function of both, flat, with its gradient, is least; from zero."""

    def both(flat: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = graded(jnp.asarray(flat, jnp.float32))
        return float(value), np.asarray(gradient, np.float64)

    found = minimize(
        both, np.zeros((features + 1) * classes), jac=True, method="L-BFGS-B", options={"maxiter": 500, "gtol": 1e-6, "ftol": 1e-9}
    ).x
    weights, bias = np.split(found.astype(np.float32), [features * classes])
    return weights.reshape(features, classes), bias
