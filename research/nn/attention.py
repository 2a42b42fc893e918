"""Masked multi-head attention = score x position x mask (Vaswani et al. 2017, sec. 3.2).

Shapes: b batch, t chunk length, s keys, d width, h heads, k head width, e all heads side by side. Inside, heads come before time, so that
a product over keys moves nothing.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from flax import struct
from jax.typing import DTypeLike
from jaxtyping import Array, Bool, Float, Int, PyTree

from research.config.mixer import AttentionConfig
from research.config.model import Initialiser
from research.config.position import PositionConfig
from research.nn.attention_caches import AttentionInputs, Chunk, KVCache, cache_kind
from research.nn.attention_kernels import attend, fast_attention
from research.nn.heads import merge_heads, split_heads
from research.nn.initialisers import LECUN, Key, draw_weights
from research.nn.linear import dense
from research.nn.padding import ValidFirstOrder, gather_valid, scatter_valid, valid_first_order
from research.nn.positions import init_bias, position_bias, position_flops, rotate_by_position
from research.nn.score_functions import init_score, is_dot, prepare_queries_and_keys, prepared_logits, prepared_width, score_flops


@dataclass(frozen=True)
class AttentionSpec:
    """The words of a model that act inside attention; the static argument of its functions."""

    config: AttentionConfig
    position: PositionConfig
    dropout: float = 0.0  # of the weights
    masked: bool = True  # causally; else every query attends to the whole chunk, and nothing is kept
    mixed: bool = False  # whether queries, keys and values are in bfloat16, in products and in the cache

    @property
    def type(self) -> DTypeLike:
        """Of the numbers that are multiplied."""
        number_type: DTypeLike = jnp.bfloat16 if self.mixed else jnp.float32
        return number_type


@struct.dataclass
class AttentionParams:
    """Parameters. `project` makes queries, keys and values, in this order; without projections the values alone."""

    project: Float[Array, "d 3*e"] | Float[Array, "d e"]
    out: Float[Array, "e d"]
    score: PyTree
    bias: PyTree  # of a position that acts on the logits


def init_attention(spec: AttentionSpec, key: Key, width: int, initialiser: Initialiser = LECUN) -> AttentionParams:
    """Kernels without biases, the parameters of the score and of the position."""
    config, head, heads_width = spec.config, spec.config.width_of_head(width), spec.config.width_of_heads(width)
    key_project, key_out, key_score = jax.random.split(key, 3)
    key_bias = jax.random.fold_in(key, 3)
    project = draw_weights(initialiser, key_project, (width, (3 if config.projections else 1) * heads_width), width)
    out = draw_weights(initialiser, key_out, (heads_width, width), heads_width)
    score = init_score(config.score, key_score, config.heads, head, initialiser)
    bias = init_bias(spec.position, key_bias, config.heads, prepared_width(config.score, head, head), initialiser)
    return AttentionParams(project, out, score, bias)


def empty_attention(spec: AttentionSpec, batch: int, capacity: int, width: int) -> KVCache:
    """A full cache of `capacity` slots, or a window, which needs no more than its size.

    A full cache without slots is the carry of training: the chunk attends to itself, and what came before it is forgotten.
    """
    cache, heads, head = spec.config.cache, spec.config.heads, spec.config.width_of_head(width)
    slots = cache_kind(cache).slots(cache, capacity)

    def zeros(wide: int) -> Array:
        return jnp.zeros((batch, heads, slots, wide), spec.type)

    return KVCache(zeros(prepared_width(spec.config.score, head, head)), zeros(head), jnp.zeros(batch, jnp.int32))


def mix_attention(
    spec: AttentionSpec,
    params: AttentionParams,
    carry: KVCache,
    x: Float[Array, "b t d"],
    valid: Bool[Array, "b t"],
    key: Key | None = None,
    observe: bool = False,
) -> tuple[KVCache, Float[Array, "b t d"], dict[str, Array] | tuple[()]]:
    """Each input attends to itself and to what was seen before it.

    Observed: `weights` [b h t s], where s is the slots of a full cache, else the slots of the window and then the chunk; `logits_deviation`
    [b h], the standard deviation of the logits over all pairs of a query that exists and a key that it may attend to (0 if none).
    """
    order = valid_first_order(valid)
    q, k, v = _project(spec.config, params, gather_valid(order, x))
    new_carry, seen = _update_carry(spec, params, carry, q, k, v, order.count)
    seen, bias = _with_bias(spec, params, seen)
    aux: dict[str, Array] | tuple[()] = ()
    if is_dot(spec.config.score) and not observe and (key is None or not spec.dropout):
        mixed = fast_attention(seen.q, seen.k, seen.v, seen.mask, bias)
    else:
        logits = prepared_logits(spec.config.score, params.score, seen.q, seen.k)
        logits = logits if bias is None else logits + jnp.broadcast_to(bias, logits.shape)
        mixed, weights = attend(logits, seen.v, seen.mask, key, spec.dropout)
        aux = _observed(order, logits, weights, seen) if observe else ()
    return new_carry, scatter_valid(order, dense(merge_heads(mixed), params.out)), aux


def _with_bias(
    spec: AttentionSpec, params: AttentionParams, seen: AttentionInputs
) -> tuple[AttentionInputs, Float[Array, "#b h t s"] | None]:
    """The bias of the position, in float32 whatever the precision, and so the sum of what it and the score ask of queries and keys."""
    q, k = seen.q.astype(jnp.float32), seen.k.astype(jnp.float32)
    bias = position_bias(spec.position, params.bias, q, k, seen.distance)
    return (seen if bias is None else seen._replace(q=q.astype(seen.q.dtype), k=k.astype(seen.k.dtype))), bias


def attention_flops(spec: AttentionSpec, width: int, length: int) -> float:
    """Forward, for one token of a window of `length`. Masked keys count: they are computed."""
    config, head, heads_width = spec.config, spec.config.width_of_head(width), spec.config.width_of_heads(width)
    places = length + cache_kind(config.cache).places(config.cache)
    products = 2.0 * (4 if config.projections else 2) * width * heads_width
    logits = score_flops(config.score, head, head, places, 1.0)
    logits += position_flops(spec.position, prepared_width(config.score, head, head), places)
    return products + config.heads * logits + 2.0 * places * heads_width


def _project(
    config: AttentionConfig, params: AttentionParams, x: Float[Array, "b t d"]
) -> tuple[Float[Array, "b h t k"], Float[Array, "b h t k"], Float[Array, "b h t k"]]:
    projected = dense(x, params.project)
    q, k, v = jnp.split(projected, 3, axis=-1) if config.projections else (x, x, projected)
    return split_heads(q, config.heads), split_heads(k, config.heads), split_heads(v, config.heads)


def _update_carry(
    spec: AttentionSpec,
    params: AttentionParams,
    carry: KVCache,
    q: Float[Array, "b h t k"],
    k: Float[Array, "b h t k"],
    v: Float[Array, "b h t k"],
    count: Int[Array, " b"],
) -> tuple[KVCache, AttentionInputs]:
    """The carry after the chunk, of which the first `count` inputs exist, and what its queries see."""
    cache = cache_kind(spec.config.cache)
    position = jnp.arange(q.shape[2])[None] + cache.seen(carry)
    q, k = rotate_by_position(spec.position, q, position), rotate_by_position(spec.position, k, position)
    q, k, v = (x.astype(spec.type) for x in (*prepare_queries_and_keys(spec.config.score, params.score, q, k), v))
    return cache.update(spec.masked, carry, Chunk(q, k, v, position, count))


def _observed(
    order: ValidFirstOrder, logits: Float[Array, "b h t s"], weights: Float[Array, "b h t s"], seen: AttentionInputs
) -> dict[str, Array]:
    """Weights in the order in which the chunk was given, and the spread of the logits."""
    exists = jnp.arange(logits.shape[2])[None, :, None] < order.count[:, None, None]
    pairs = jnp.broadcast_to((seen.mask & exists)[:, None], logits.shape)
    deviation = jnp.where(pairs.any(axis=(2, 3)), logits.std(axis=(2, 3), where=pairs), 0)

    def restore_order(a: Array, axis: int) -> Array:
        return jnp.moveaxis(scatter_valid(order, jnp.moveaxis(a, axis, 1)), 1, axis)

    weights = restore_order(weights, 2)
    slots = logits.shape[-1] - seen.chunk
    weights = jnp.concatenate([weights[..., :slots], restore_order(weights[..., slots:], 3)], axis=-1) if seen.chunk else weights
    return {"weights": weights, "logits_deviation": deviation}
