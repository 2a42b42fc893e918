"""Linear attention: a sum of outer products in place of a cache (Katharopoulos et al. 2020).

Shapes: b batch, t chunk length, d width, h heads, k head width, e all heads side by side.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float

from research.config.mixer import LinearAttentionConfig
from research.config.model import Initialiser
from research.nn.chunks import padded_share, scan_chunks
from research.nn.heads import merge_heads, split_heads
from research.nn.initialisers import LECUN, Key, draw_weights
from research.nn.linear import dense

CHUNK = 64
EPSILON = 1e-6  # added to the normaliser, as in the authors' code


@struct.dataclass
class LinearAttentionParams:
    """Parameters. `project` makes queries, keys and values, in this order."""

    project: Float[Array, "d 3*e"]
    out: Float[Array, "e d"]


class LinearAttentionState(NamedTuple):
    """The sums over what was seen, in float32 whatever the precision: of phi(k) v^T and of phi(k)."""

    s: Float[Array, "b h k k"]
    z: Float[Array, "b h k"]


class _Inputs(NamedTuple):
    q: Float[Array, "b h t k"]  # phi of it
    k: Float[Array, "b h t k"]  # phi of it, zero where the input does not exist
    v: Float[Array, "b h t k"]


def init_linear_attention(config: LinearAttentionConfig, key: Key, width: int, initialiser: Initialiser = LECUN) -> LinearAttentionParams:
    """Kernels without biases."""
    key_project, key_out = jax.random.split(key)
    heads_width = config.width_of_heads(width)
    project = draw_weights(initialiser, key_project, (width, 3 * heads_width), width)
    return LinearAttentionParams(project, draw_weights(initialiser, key_out, (heads_width, width), heads_width))


def empty_linear_attention(config: LinearAttentionConfig, batch: int, capacity: int, width: int) -> LinearAttentionState:
    """Zeros; the state needs no capacity."""
    head = config.width_of_head(width)
    return LinearAttentionState(jnp.zeros((batch, config.heads, head, head)), jnp.zeros((batch, config.heads, head)))


def mix_linear_attention(
    config: LinearAttentionConfig,
    params: LinearAttentionParams,
    carry: LinearAttentionState,
    x: Float[Array, "b t d"],
    valid: Bool[Array, "b t"],
    key: Key | None = None,
    observe: bool = False,
) -> tuple[LinearAttentionState, Float[Array, "b t d"], dict[str, Array] | tuple[()]]:
    """S_t = S_{t-1} + phi(k_t) v_t^T, z_t = z_{t-1} + phi(k_t), y_t = S_t^T phi(q_t) / z_t . phi(q_t), with phi = elu + 1, for each head.

    Attention without softmax inside a chunk of 64, the state between chunks. No dropout within.

    Observed: `normaliser` [b t h], z_t . phi(q_t).
    """
    q, k, v = (split_heads(part, config.heads) for part in jnp.split(dense(x, params.project), 3, axis=-1))
    inputs = _Inputs(jax.nn.elu(q) + 1, jnp.where(valid[:, None, :, None], jax.nn.elu(k) + 1, 0), v)
    carry, (mixed, normaliser) = scan_chunks(_mix_chunk, carry, inputs, _chunk_size(x.shape[1]))
    aux = {"normaliser": normaliser.swapaxes(1, 2)} if observe else ()
    return carry, dense(merge_heads(mixed), params.out), aux


def _mix_chunk(
    state: LinearAttentionState, inputs: _Inputs
) -> tuple[LinearAttentionState, tuple[Float[Array, "b h t k"], Float[Array, "b h t"]]]:
    q, k, v = inputs
    weights = jnp.tril(q @ k.swapaxes(2, 3))
    normaliser = weights.sum(axis=3) + jnp.einsum("bhtk,bhk->bht", q, state.z)
    mixed = (weights @ v + q @ state.s) / (normaliser + EPSILON)[..., None]
    return LinearAttentionState(state.s + k.swapaxes(2, 3) @ v, state.z + k.sum(axis=2)), (mixed, normaliser)


def linear_attention_flops(config: LinearAttentionConfig, width: int, length: int) -> float:
    """Forward, for one token of a window of `length`. What a chunk masks or lacks counts: it is computed."""
    size = _chunk_size(length)
    head, heads_width = config.width_of_head(width), config.width_of_heads(width)
    return 8.0 * width * heads_width + padded_share(length, size) * 4.0 * (size + head) * heads_width


def _chunk_size(length: int) -> int:
    return min(length, CHUNK)


def linear_attention_in_numpy(config: LinearAttentionConfig, params: LinearAttentionParams, x: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """The same from an empty state, one input after another."""
    heads, head, y = config.heads, config.width_of_head(x.shape[2]), np.zeros(x.shape)

    def phi(a: np.ndarray) -> np.ndarray:
        return np.where(a > 0, a + 1, np.exp(np.minimum(a, 0)))

    for row, exists in enumerate(valid):
        s, z = np.zeros((heads, head, head)), np.zeros((heads, head))
        for time in np.flatnonzero(exists):
            q, k, v = (x[row, time] @ np.asarray(params.project, np.float64)).reshape(3, heads, -1)
            s, z = s + phi(k)[:, :, None] * v[:, None], z + phi(k)
            mixed = np.einsum("hkv,hk->hv", s, phi(q)) / ((z * phi(q)).sum(axis=1, keepdims=True) + EPSILON)
            y[row, time] = mixed.ravel() @ np.asarray(params.out, np.float64)
    return y
