"""A recurrence over chunks of time: each is computed at once, and only a state goes from one to the next.

Shapes: b batch, h heads, t time.
"""

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array

State = TypeVar("State")
Inputs = TypeVar("Inputs")
Outputs = TypeVar("Outputs")


def scan_chunks(step: Callable[[State, Inputs], tuple[State, Outputs]], state: State, inputs: Inputs, size: int) -> tuple[State, Outputs]:
    """The last state and the outputs of `step` over chunks of `size`; arrays of inputs and outputs are [b h t *n].

    The last chunk is filled with zeros, which must leave the state as it is. A single chunk is no loop.
    """
    length = jax.tree.leaves(inputs)[0].shape[2]
    count = -(-length // size)
    inputs = jax.tree.map(lambda a: _padded(a, count * size - length), inputs)
    if count == 1:
        state, outputs = step(state, inputs)
    else:
        state, outputs = lax.scan(step, state, jax.tree.map(lambda a: _cut(a, count), inputs))
        outputs = jax.tree.map(_joined, outputs)
    return state, jax.tree.map(lambda a: a[:, :, :length], outputs)


def padded_share(length: int, size: int) -> float:
    """How many steps are computed for each of `length`."""
    return -(-length // size) * size / length


def _padded(a: Array, more: int) -> Array:
    return jnp.pad(a, [(0, more if axis == 2 else 0) for axis in range(a.ndim)])


def _cut(a: Array, count: int) -> Array:
    return jnp.moveaxis(a.reshape(*a.shape[:2], count, a.shape[2] // count, *a.shape[3:]), 2, 0)


def _joined(a: Array) -> Array:
    return jnp.moveaxis(a, 0, 2).reshape(*a.shape[1:3], a.shape[0] * a.shape[3], *a.shape[4:])
