"""Shared by the tests of nn: a compilation that costs little, and parameters that are not at their initial values."""

from functools import partial
from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np

jit = partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


def parameters(init, *arguments, scale=0.5):
    """Normal numbers in the shape of what `init` would give."""
    random = np.random.default_rng(0)
    draw = lambda leaf: jnp.asarray(random.normal(scale=scale, size=leaf.shape).astype(np.float32))
    return jax.tree.map(draw, jax.eval_shape(lambda key: init(arguments[0], key, *arguments[1:]), jax.random.key(0)))


def by_default(kind, **words):
    """The config of a kind, with the words that it has by default."""
    return kind(kind=get_args(kind.model_fields["kind"].annotation)[0], **words)
