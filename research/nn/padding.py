"""Chunks with gaps: what exists goes first, in order, is mixed as if nothing else were there, and goes back to its place."""

import jax
import jax.numpy as jnp
from flax import struct
from jax import lax
from jaxtyping import Array, Bool, Float, Int


@struct.dataclass
class ValidFirstOrder:
    """A permutation of the chunk: input source[i] becomes the i-th, input j the place[j]-th; the first `count` exist."""

    source: Int[Array, "b t"]
    place: Int[Array, "b t"]
    count: Int[Array, " b"]


def valid_first_order(valid: Bool[Array, "b t"]) -> ValidFirstOrder:
    """The stable order that puts what exists first."""
    batch, length = valid.shape
    count = valid.sum(axis=1, dtype=jnp.int32)
    place = jnp.where(valid, jnp.cumsum(valid, axis=1), count[:, None] + jnp.cumsum(~valid, axis=1)) - 1
    source = jnp.zeros((batch, length), place.dtype).at[jnp.arange(batch)[:, None], place].set(jnp.arange(length)[None])
    return ValidFirstOrder(source, place, count)


def gather_valid(order: ValidFirstOrder, x: Float[Array, "b t *d"]) -> Float[Array, "b t *d"]:
    """The chunk in its new order."""
    return _permute(x, order.source, order.place, order.count)


def scatter_valid(order: ValidFirstOrder, x: Float[Array, "b t *d"]) -> Float[Array, "b t *d"]:
    """The inverse of `gather_valid`."""
    return _permute(x, order.place, order.source, order.count)


@jax.custom_vjp
def _permute(x: Array, indices: Array, inverse: Array, count: Array) -> Array:
    """Rows of x by index. A full chunk, as in training, is left alone at run time; the gradient is the inverse, not a scatter."""
    if x.shape[1] == 1:
        return x
    columns = indices.reshape(indices.shape + (1,) * (x.ndim - 2))
    rows: Array = lax.cond((count == x.shape[1]).all(), lambda: x, lambda: jnp.take_along_axis(x, columns, axis=1))
    return rows


_permute.defvjp(
    lambda x, indices, inverse, count: (_permute(x, indices, inverse, count), (indices, inverse, count)),
    lambda saved, gradient: (_permute(gradient, saved[1], saved[0], saved[2]), None, None, None),
)


def newest_entries(x: Float[Array, "b s *d"], end: Int[Array, " b"], size: int) -> Float[Array, "b size *d"]:
    """For each row the `size` entries from `end` on: after `size` old entries and a chunk of which `end` exist, the newest `size`."""
    return jax.vmap(lambda row, start: lax.dynamic_slice_in_dim(row, start, size, axis=0))(x, end)
