"""The gated delta rule: a memory that decays, and corrects what it holds under a key (Yang et al. 2024, Gated Delta Networks).

Shapes: b batch, t chunk length, d width, h heads, k head width, e all heads side by side.
"""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float

from research.config.mixer import GatedDeltaConfig
from research.config.model import Initialiser
from research.nn.chunks import padded_share, scan_chunks
from research.nn.heads import merge_heads, split_heads
from research.nn.initialisers import LECUN, Key, draw_weights
from research.nn.linear import dense

CHUNK = 16  # the inverse of a longer one costs more than the shorter loop saves on a CPU
EPSILON = 1e-6  # added to the squared length of a query or key


@struct.dataclass
class GatedDeltaParams:
    """Parameters. `project` makes queries, keys and values, `gates` what alpha and beta are made of, in this order."""

    project: Float[Array, "d 3*e"]
    gates: Float[Array, "d 2*h"]
    log_rate: Float[Array, " h"]
    step_bias: Float[Array, " h"]
    out: Float[Array, "e d"]


class GatedDeltaState(NamedTuple):
    """The memory of each head, from keys to values, in float32 whatever the precision."""

    s: Float[Array, "b h k k"]


class _Inputs(NamedTuple):
    q: Float[Array, "b h t k"]
    k: Float[Array, "b h t k"]
    v: Float[Array, "b h t k"]
    log_alpha: Float[Array, "b h t"]
    beta: Float[Array, "b h t"]


def init_gated_delta(config: GatedDeltaConfig, key: Key, width: int, initialiser: Initialiser = LECUN) -> GatedDeltaParams:
    """Kernels by the model's initialiser. As in Mamba-2 the rate of decay is of U(1, 16), the step log-uniform in [1e-3, 1e-1]."""
    key_project, key_gates, key_out, key_rate, key_step = jax.random.split(key, 5)
    heads_width = config.width_of_heads(width)
    step = jnp.exp(jax.random.uniform(key_step, (config.heads,), minval=np.log(1e-3), maxval=np.log(1e-1)))
    return GatedDeltaParams(
        project=draw_weights(initialiser, key_project, (width, 3 * heads_width), width),
        gates=draw_weights(initialiser, key_gates, (width, 2 * config.heads), width),
        log_rate=jnp.log(jax.random.uniform(key_rate, (config.heads,), minval=1.0, maxval=16.0)),
        step_bias=step + jnp.log(-jnp.expm1(-step)),  # its softplus is the step
        out=draw_weights(initialiser, key_out, (heads_width, width), heads_width),
    )


def empty_gated_delta(config: GatedDeltaConfig, batch: int, capacity: int, width: int) -> GatedDeltaState:
    """Zeros; the memory needs no capacity."""
    head = config.width_of_head(width)
    return GatedDeltaState(jnp.zeros((batch, config.heads, head, head)))


def mix_gated_delta(
    config: GatedDeltaConfig,
    params: GatedDeltaParams,
    carry: GatedDeltaState,
    x: Float[Array, "b t d"],
    valid: Bool[Array, "b t"],
    key: Key | None = None,
    observe: bool = False,
) -> tuple[GatedDeltaState, Float[Array, "b t d"], dict[str, Array] | tuple[()]]:
    """S_t = alpha_t (I - beta_t k_t k_t^T) S_{t-1} + beta_t k_t v_t^T, y_t = S_t^T q_t, for each head.

    q, k, v are silu of a product with x, q and k then of length one; alpha = exp(-exp(log_rate) softplus(w x + step_bias)) and
    beta = sigmoid(w' x). The paper's short convolutions of q, k and v are left out, and so are its output gate and norm: with keys of
    length one and gates below one the memory stays bounded without them. No dropout within.

    Observed: `alpha` and `beta` [b t h].
    """
    q, k, v = (split_heads(jax.nn.silu(part), config.heads) for part in jnp.split(dense(x, params.project), 3, axis=-1))
    step, strength = (part.swapaxes(1, 2) for part in jnp.split(dense(x, params.gates), 2, axis=-1))

    def by_head(a: Float[Array, " h"]) -> Float[Array, "b h t"]:
        return jnp.broadcast_to(a[:, None], step.shape)

    log_alpha = -by_head(jnp.exp(params.log_rate)) * jax.nn.softplus(step + by_head(params.step_bias))
    beta, exists = jax.nn.sigmoid(strength), valid[:, None]
    inputs = _Inputs(_unit(q), _unit(k), v, jnp.where(exists, log_alpha, 0), jnp.where(exists, beta, 0))
    s, mixed = scan_chunks(_mix_chunk, carry.s, inputs, _chunk_size(x.shape[1]))
    aux = {"alpha": jnp.exp(log_alpha).swapaxes(1, 2), "beta": beta.swapaxes(1, 2)} if observe else ()
    return GatedDeltaState(s), dense(merge_heads(mixed), params.out), aux


def _unit(x: Float[Array, "b h t k"]) -> Float[Array, "b h t k"]:
    return x * jax.lax.rsqrt(jnp.square(x).sum(axis=-1, keepdims=True) + EPSILON)


def _mix_chunk(s: Float[Array, "b h k k"], inputs: _Inputs) -> tuple[Float[Array, "b h k k"], Float[Array, "b h t k"]]:
    """All steps of a chunk by what each writes: S_t = sum over j <= t of decay_tj k_j written_j^T, and what is left of the first S.

    written_t = beta_t (v_t - alpha_t S_{t-1}^T k_t) is then a triangular system (the UT transform, Yang et al. 2024, sec. 3.2).
    """
    q, k, v, log_alpha, beta = inputs
    decay, since_first = _decay(log_alpha)

    def read(a: Float[Array, "b h t k"]) -> Float[Array, "b h t k"]:
        return since_first[..., None] * (a @ s)

    corrected = beta[..., None] * jnp.tril(decay * (k @ k.swapaxes(2, 3)), -1)
    written = inverse_of_one_plus(corrected) @ (beta[..., None] * (v - read(k)))
    mixed = read(q) + (decay * (q @ k.swapaxes(2, 3))) @ written
    remaining = since_first[..., -1][..., None, None] * s
    return remaining + (decay[..., -1, :, None] * k).swapaxes(2, 3) @ written, mixed


def _decay(log_alpha: Float[Array, "b h t"]) -> tuple[Float[Array, "b h t t"], Float[Array, "b h t"]]:
    """The products of alpha over j < l <= i, zero for j > i, and those over l <= i.

    Each logarithm is summed by itself: a difference of two sums from the start would lose its digits to strong decays before j.
    """
    size = log_alpha.shape[2]
    logs = jnp.cumsum(jnp.tril(jnp.broadcast_to(log_alpha[..., None], (*log_alpha.shape, size)), -1), axis=2)
    return jnp.tril(jnp.exp(logs)), jnp.exp(logs[..., 0] + log_alpha[..., :1])


def inverse_of_one_plus(lower: Float[Array, "*n c c"]) -> Float[Array, "*n c c"]:
    """(I + lower)^-1 of strictly lower triangular matrices.

    By blocks that double in size: [[A, 0], [B, D]]^-1 = [[A^-1, 0], [-D^-1 B A^-1, D^-1]], in products alone and as stable as substitution.
    All blocks of a size are one product of whole matrices: their zeros cost less than many small products.
    """
    size, block = lower.shape[-1], 2
    inverse = jnp.broadcast_to(jnp.eye(size), lower.shape) - _below_blocks(lower, 1)
    while block < size:
        inverse = inverse - inverse @ _below_blocks(lower, block) @ inverse
        block *= 2
    return inverse


def _below_blocks(lower: Float[Array, "*n c c"], block: int) -> Float[Array, "*n c c"]:
    """Of each pair of blocks on the diagonal what is below the first and left of the second."""
    index = np.arange(lower.shape[-1]) // block
    below = (index[:, None] == index[None] + 1) & (index[None] % 2 == 0)
    return jnp.where(jnp.broadcast_to(below, lower.shape), lower, 0)


def gated_delta_flops(config: GatedDeltaConfig, width: int, length: int) -> float:
    """Forward, for one token of a window of `length`. What a chunk masks or lacks counts: it is computed."""
    size, head, heads_width = _chunk_size(length), config.width_of_head(width), config.width_of_heads(width)
    inverse = 4.0 * config.heads * size * size * max((size - 1).bit_length() - 1, 0)
    chunk = (8.0 * size + 6.0 * head) * heads_width + inverse
    return 8.0 * width * heads_width + 4.0 * config.heads * width + padded_share(length, size) * chunk


def _chunk_size(length: int) -> int:
    return min(length, CHUNK)


def gated_delta_in_numpy(config: GatedDeltaConfig, params: GatedDeltaParams, x: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """The same from an empty memory, one input after another."""
    p, heads, y = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), params), config.heads, np.zeros(x.shape)

    def sigmoid(a: np.ndarray) -> np.ndarray:
        share: np.ndarray = 1 / (1 + np.exp(-a))
        return share

    def unit(a: np.ndarray) -> np.ndarray:
        direction: np.ndarray = a / np.sqrt((a**2).sum(axis=1, keepdims=True) + EPSILON)
        return direction

    for row, exists in enumerate(valid):
        s = np.zeros((heads, config.width_of_head(x.shape[2]), config.width_of_head(x.shape[2])))
        for time in np.flatnonzero(exists):
            q, k, v = (x[row, time] @ p.project * sigmoid(x[row, time] @ p.project)).reshape(3, heads, -1)
            step, strength = (x[row, time] @ p.gates).reshape(2, heads, 1, 1)
            alpha = np.exp(-np.exp(p.log_rate) * np.logaddexp(0, step[:, 0, 0] + p.step_bias))[:, None, None]
            q, k, beta = unit(q), unit(k), sigmoid(strength)
            forget = np.eye(k.shape[1]) - beta * k[:, :, None] * k[:, None]
            s = alpha * forget @ s + beta * k[:, :, None] * v[:, None]
            y[row, time] = np.einsum("hkv,hk->hv", s, q).ravel() @ p.out
    return y
