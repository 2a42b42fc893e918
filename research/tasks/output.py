"""What becomes of logits, without ever holding those of a large vocabulary for all positions at once."""

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int

LOGITS_LIMIT = 2**23  # numbers (32 MiB): where a batch has more logits, they are made in blocks of positions


def output_blocks(batch: int, positions: int, vocabulary: int) -> int:
    """In how many blocks of positions logits are made: the least that keeps a block within LOGITS_LIMIT numbers, if one position is."""
    return math.ceil(positions / max(1, LOGITS_LIMIT // (batch * vocabulary)))


def by_blocks(
    judge: Callable[[Float[Array, "b p d"], Int[Array, "b p"]], Any], h: Float[Array, "b q d"], targets: Int[Array, "b q"], vocabulary: int
) -> Any:
    """judge(h, targets) -> arrays [b q], position by position; a block is computed again in the backward pass, which keeps only its h.

    Blocks divide the positions and not the rows, so that the rows of a batch may lie on different devices.
    """
    blocks = output_blocks(targets.shape[0], targets.shape[1], vocabulary)
    if blocks == 1:
        return judge(h, targets)
    positions = targets.shape[1]
    size = math.ceil(positions / blocks)
    padding = math.ceil(positions / size) * size - positions

    def cut(a: Array) -> Array:
        a = jnp.pad(a, [(0, 0), (0, padding)] + [(0, 0)] * (a.ndim - 2))
        return jnp.moveaxis(a.reshape(a.shape[0], -1, size, *a.shape[2:]), 1, 0)

    def join(a: Array) -> Array:
        return jnp.moveaxis(a, 0, 1).reshape(a.shape[1], -1)[:, :positions]

    return jax.tree.map(join, lax.map(lambda block: jax.checkpoint(judge)(*block), (cut(h), cut(targets))))
