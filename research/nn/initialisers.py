"""How a parameter is drawn before training."""

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from research.config.model import Initialiser, NormalInit, UniformInit, VarianceInit

Key = PRNGKeyArray | Array  # a typed key, or the raw numbers of one
LECUN = VarianceInit()  # the default, as in a config


def draw_weights(init: Initialiser, key: Key, shape: tuple[int, ...], fan_in: int) -> Float[Array, "..."]:
    """A matrix or an embedding table.

    variance: N(0, scale^2 / fan_in), which keeps the variance of a sum of `fan_in` terms (LeCun et al. 1998); for an embedding `fan_in`
    is its width. uniform: U(-scale, scale) (Zaremba et al. 2014). normal: N(0, scale^2) (GPT-2).
    """
    if isinstance(init, UniformInit):
        return jax.random.uniform(key, shape, minval=-init.scale, maxval=init.scale)
    deviation = init.scale if isinstance(init, NormalInit) else init.scale / math.sqrt(fan_in)
    return deviation * jax.random.normal(key, shape)


def draw_embedding(init: Initialiser, embedding_init: Initialiser | None, key: Key, rows: int, width: int) -> Float[Array, "rows width"]:
    """A table of vectors, by its own initialiser where it has one, else by the model's."""
    return draw_weights(init if embedding_init is None else embedding_init, key, (rows, width), width)


def draw_bias(init: Initialiser, key: Key, width: int) -> Float[Array, " width"]:
    """U(-scale, scale) under the uniform initialiser, zero under the others."""
    return draw_weights(init, key, (width,), 1) if isinstance(init, UniformInit) else jnp.zeros(width)
