"""The parameters and the carry that a config's model begins with."""

import jax
from jaxtyping import Array, Key, PyTree

from research.config.schema import Config
from research.models import MODELS
from research.tasks.sizes import Sizes, init_sizes


def init_params(config: Config, sizes: Sizes, key: Key[Array, ""]) -> PyTree:
    """The parameters of a model before training."""
    return MODELS[type(config.model)].init(config.model, key, *init_sizes(config.model, sizes))


def empty_carry(config: Config, sizes: Sizes, batch: int, capacity: int = 0) -> PyTree:
    """The carry of `batch` rows before their first token."""
    return MODELS[type(config.model)].empty(config.model, batch, capacity, sizes.vocabulary)


def stop_gradient(carry: PyTree) -> PyTree:
    """Truncated back-propagation: the state goes on, the gradient stops."""
    return jax.tree.map(jax.lax.stop_gradient, carry)
