"""What is computed from the logits of scored positions, without ever holding those of a large vocabulary.

Shapes: b rows, q scored positions, d width, v vocabulary.
"""

import math
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PyTree

from research.nn.linear import dense, kernel_gradient, linear, product
from research.tasks.cross_entropy import cross_entropy

LOGITS_LIMIT = 2**23  # numbers (32 MiB): where a batch has more logits, they are made in blocks of the vocabulary


class PositionScores(NamedTuple):
    """In nats. What a caller does not read is not computed, where the logits are made at once."""

    nats: Float[Array, "b q"]  # the cross-entropy of the target
    uniform: Float[Array, "b q"]  # the mean cross-entropy of all symbols, for label smoothing
    likeliest: Int[Array, "b q"]  # the first of the symbols with the largest logit


def logit_scores(
    h: Float[Array, "b q d"], kernel: Float[Array, "d v"], bias: Float[Array, " v"], targets: Int[Array, "b q"]
) -> PositionScores:
    """Of the logits h kernel + bias. A target of -1 has no meaningful score."""
    size = block_size(targets.size, kernel.shape[1])
    if size < kernel.shape[1]:
        return PositionScores(*_in_blocks(size, h, kernel, bias, targets))
    logits = dense(h, kernel, bias)
    uniform = jax.nn.logsumexp(logits, axis=-1) - logits.mean(axis=-1)
    return PositionScores(cross_entropy(logits, targets), uniform, logits.argmax(axis=-1).astype(jnp.int32))


def block_size(positions: int, vocabulary: int) -> int:
    """How many symbols' logits are made at a time: equal blocks, as few as keep one within LOGITS_LIMIT numbers, if one symbol is."""
    blocks = math.ceil(vocabulary / max(1, LOGITS_LIMIT // positions))
    return math.ceil(vocabulary / blocks)


class _Accumulators(NamedTuple):
    """Of the symbols in the blocks so far, for each position."""

    best: Float[Array, "b q"]  # the largest logit
    likeliest: Int[Array, "b q"]
    mass: Float[Array, "b q"]  # sum of exp(logit - best)
    sum: Float[Array, "b q"]
    picked: Float[Array, "b q"]  # the target's logit


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def _in_blocks(size: int, h: Array, kernel: Array, bias: Array, targets: Array) -> tuple[Array, Array, Array]:
    """`logit_scores` by one pass over the vocabulary, and one more in the backward pass, which makes each block's logits again.

    A block's gradient of the kernel is whole, so that nothing of the kernel's size is added up (Wijmans et al. 2024).
    """
    return _forward(size, h, kernel, bias, targets)[0]


def _forward(
    size: int, h: Array, kernel: Array, bias: Array, targets: Array
) -> tuple[tuple[Array, Array, Array], tuple[Array, Array, Array, Array, Array]]:
    vocabulary, shape = kernel.shape[1], targets.shape

    def add(i: Array, accumulators: _Accumulators) -> _Accumulators:
        symbols, new, logits = _block(size, i, h, kernel, bias)
        logits = jnp.where(new, logits, -jnp.inf)
        best = jnp.maximum(accumulators.best, logits.max(axis=-1))
        mass = accumulators.mass * jnp.exp(accumulators.best - best) + jnp.exp(logits - best[..., None]).sum(axis=-1)
        likeliest = jnp.where(best > accumulators.best, symbols[0, 0, 0] + logits.argmax(axis=-1).astype(jnp.int32), accumulators.likeliest)
        hit = new & (symbols == targets[..., None])
        return _Accumulators(
            best,
            likeliest,
            mass,
            accumulators.sum + jnp.where(new, logits, 0).sum(axis=-1),
            accumulators.picked + jnp.where(hit, logits, 0).sum(axis=-1),
        )

    zero = jnp.zeros(shape)
    initial = _Accumulators(jnp.full(shape, -jnp.inf), jnp.zeros(shape, jnp.int32), zero, zero, zero)
    accumulators = lax.fori_loop(0, math.ceil(vocabulary / size), add, initial)
    total = accumulators.best + jnp.log(accumulators.mass)
    return (total - accumulators.picked, total - accumulators.sum / vocabulary, accumulators.likeliest), (h, kernel, bias, targets, total)


def _backward(size, saved, gradient):  # type: ignore[no-untyped-def]
    h, kernel, bias, targets, total = saved
    d_nats, d_uniform = (d_score[..., None] for d_score in gradient[:2])

    def add(i: Array, gradients: PyTree) -> PyTree:
        d_h, d_kernel, d_bias = gradients
        symbols, new, logits = _block(size, i, h, kernel, bias)
        start, hit = symbols[0, 0, 0], symbols == targets[..., None]
        likely = jnp.exp(logits - total[..., None])
        d_logits = likely * (d_nats + d_uniform) - jnp.where(hit, d_nats, 0) - d_uniform / kernel.shape[1]
        d_logits = lax.optimization_barrier(jnp.where(new, d_logits, 0))
        part = kernel_gradient(h.astype(kernel.dtype), d_logits.astype(kernel.dtype))
        return (
            d_h + product(d_logits, _columns(kernel, start, size).T),
            _add_columns(d_kernel, start, part),
            _add_columns(d_bias, start, d_logits.sum(axis=(0, 1))),
        )

    blocks = math.ceil(kernel.shape[1] / size)
    zeros = (jnp.zeros(h.shape), jnp.zeros(kernel.shape), jnp.zeros(bias.shape))
    d_h, d_kernel, d_bias = lax.fori_loop(0, blocks, add, zeros)
    return d_h.astype(h.dtype), d_kernel.astype(kernel.dtype), d_bias.astype(bias.dtype), None


_in_blocks.defvjp(_forward, _backward)


def _block(size: int, i: Array, h: Array, kernel: Array, bias: Array) -> tuple[Int[Array, "1 1 s"], Bool[Array, "1 1 s"], Array]:
    """The symbols of block `i`, which of them no earlier block had, and their logits [b, q, s]. The last block begins early, to be full."""
    start = jnp.minimum(i * size, kernel.shape[1] - size)
    symbols = start + lax.broadcasted_iota(jnp.int32, (1, 1, size), 2)
    logits = linear(h, _columns(kernel, start, size), _columns(bias, start, size))
    return symbols, symbols >= i * size, logits


def _columns(x: Array, start: Array, size: int) -> Array:
    return lax.dynamic_slice_in_dim(x, start, size, axis=-1)


def _add_columns(x: Array, start: Array, added: Array) -> Array:
    return lax.dynamic_update_slice_in_dim(x, _columns(x, start, added.shape[-1]) + added, start, axis=-1)
