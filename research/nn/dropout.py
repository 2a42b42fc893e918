"""Dropout (Srivastava et al. 2014)."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from research.nn.initialisers import Key


def dropout(key: Key | None, rate: float, x: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """Each number is zero with probability `rate`, else divided by 1 - rate. Without a key (evaluation), x as it is."""
    if key is None or not rate:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - rate, x.shape), x / (1 - rate), 0)
