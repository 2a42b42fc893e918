"""How a parameter is drawn before training: one entry for each initialiser, in `INITIALISERS`."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from research.config.model import Initialiser, NormalInit, UniformInit, VarianceInit

Key = PRNGKeyArray | Array  # a typed key, or the raw numbers of one
LECUN = VarianceInit()  # the default, as in a config
Shape = tuple[int, ...]


class InitialiserKind(NamedTuple):
    """An initialiser.

    weights(config, key, shape, fan_in) -> a matrix or an embedding table, whose `fan_in` is its width
    bias(config, key, width) -> a bias
    divides_branches: whether what writes into the residual stream is drawn smaller (Radford et al. 2019, sec. 2.3)
    """

    weights: Callable[[Any, Key, Shape, int], Array]
    bias: Callable[[Any, Key, int], Array]
    divides_branches: bool


def _variance_weights(config: VarianceInit, key: Key, shape: Shape, fan_in: int) -> Float[Array, "..."]:
    """N(0, scale^2 / fan_in), which keeps the variance of a sum of `fan_in` terms (LeCun et al. 1998)."""
    return config.scale / math.sqrt(fan_in) * jax.random.normal(key, shape)


def _uniform_weights(config: UniformInit, key: Key, shape: Shape, fan_in: int) -> Float[Array, "..."]:
    """U(-scale, scale) (Zaremba et al. 2014)."""
    return jax.random.uniform(key, shape, minval=-config.scale, maxval=config.scale)


def _normal_weights(config: NormalInit, key: Key, shape: Shape, fan_in: int) -> Float[Array, "..."]:
    """N(0, scale^2) (GPT-2)."""
    return config.scale * jax.random.normal(key, shape)


def _uniform_bias(config: UniformInit, key: Key, width: int) -> Float[Array, " width"]:
    return _uniform_weights(config, key, (width,), 1)


def _zero_bias(config: VarianceInit | NormalInit, key: Key, width: int) -> Float[Array, " width"]:
    return jnp.zeros(width)


INITIALISERS: dict[type, InitialiserKind] = {
    VarianceInit: InitialiserKind(_variance_weights, _zero_bias, False),
    UniformInit: InitialiserKind(_uniform_weights, _uniform_bias, False),
    NormalInit: InitialiserKind(_normal_weights, _zero_bias, True),
}


def draw_weights(init: Initialiser, key: Key, shape: Shape, fan_in: int) -> Float[Array, "..."]:
    """A matrix or an embedding table; for an embedding `fan_in` is its width."""
    return INITIALISERS[type(init)].weights(init, key, shape, fan_in)


def draw_embedding(init: Initialiser, embedding_init: Initialiser | None, key: Key, rows: int, width: int) -> Float[Array, "rows width"]:
    """A table of vectors, by its own initialiser where it has one, else by the model's."""
    return draw_weights(init if embedding_init is None else embedding_init, key, (rows, width), width)


def draw_bias(init: Initialiser, key: Key, width: int) -> Float[Array, " width"]:
    """U(-scale, scale) under the uniform initialiser, zero under the others."""
    return INITIALISERS[type(init)].bias(init, key, width)


def divides_branches(init: Initialiser) -> bool:
    """Whether what writes into the residual stream is drawn smaller, by the root of how many such branches the stack has."""
    return INITIALISERS[type(init)].divides_branches
