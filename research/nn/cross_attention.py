"""Attention of a chunk to a memory that is given once and does not grow (Vaswani et al. 2017, sec. 3.2.3).

Shapes: b batch, t chunk, s places of the memory, d width of the chunk, m width of the memory, h heads, k head width,
e all heads side by side.
"""

from typing import NamedTuple

import jax
from flax import struct
from jaxtyping import Array, Bool, Float, PyTree

from research.config.mixer import CrossAttentionConfig as Config
from research.config.model import Initialiser
from research.nn.attention_kernels import attend, fast_attention
from research.nn.heads import merge_heads, split_heads
from research.nn.initialisers import LECUN, Key, draw_weights
from research.nn.linear import dense
from research.nn.masks import padding_mask
from research.nn.score_functions import init_score, is_dot, prepare_keys, prepare_queries, prepared_logits, score_flops


@struct.dataclass
class CrossAttentionParams:
    """Parameters. Without projections the query is the chunk, a key the memory."""

    query: Float[Array, "d e"] | tuple[()]
    key: Float[Array, "m e"] | tuple[()]
    value: Float[Array, "m e"]
    out: Float[Array, "e d"]
    score: PyTree


class ProjectedMemory(NamedTuple):
    """Keys, prepared for the score, and values of every place, in the type of the kernels, and which places exist."""

    k: Float[Array, "b h s n"]
    v: Float[Array, "b h s k"]
    exists: Bool[Array, "b s"]


def init_cross_attention(config: Config, key: Key, width: int, memory: int, initialiser: Initialiser = LECUN) -> CrossAttentionParams:
    """Kernels without biases, and the parameters of the score. `memory`: its width."""
    key_q, key_k, key_v, key_out, key_score = jax.random.split(key, 5)
    heads_width = config.width_of_heads(width)
    query_kernel = draw_weights(initialiser, key_q, (width, heads_width), width) if config.projections else ()
    key_kernel = draw_weights(initialiser, key_k, (memory, heads_width), memory) if config.projections else ()
    value_kernel = draw_weights(initialiser, key_v, (memory, heads_width), memory)
    out = draw_weights(initialiser, key_out, (heads_width, width), heads_width)
    score = init_score(config.score, key_score, config.heads, config.width_of_head(width), initialiser)
    return CrossAttentionParams(query_kernel, key_kernel, value_kernel, out, score)


def cross_attention_flops(config: Config, width: int, memory: int, places: int, length: int) -> float:
    """Forward, for one token of a chunk of `length`, with its share of the memory's keys and values, computed once for the chunk."""
    head, heads_width, kernels = config.width_of_head(width), config.width_of_heads(width), 2 if config.projections else 1
    memory_products = 2.0 * kernels * memory * heads_width * places / length
    products = 2.0 * kernels * width * heads_width
    logits = config.heads * score_flops(config.score, head, head, places, places / length)
    return memory_products + products + logits + 2.0 * places * heads_width


def project_memory(
    config: Config, params: CrossAttentionParams, memory: Float[Array, "b s m"], exists: Bool[Array, "b s"]
) -> ProjectedMemory:
    """What the queries of every later chunk compare themselves with: computed once for a source."""
    key = split_heads(dense(memory, params.key) if config.projections else memory, config.heads)
    value = split_heads(dense(memory, params.value), config.heads)
    dtype = params.out.dtype
    return ProjectedMemory(prepare_keys(config.score, params.score, key).astype(dtype), value.astype(dtype), exists)


def attend_to_memory(
    config: Config,
    params: CrossAttentionParams,
    memory: ProjectedMemory,
    x: Float[Array, "b t d"],
    key: Key | None = None,
    dropout: float = 0.0,
    observe: bool = False,
) -> tuple[Float[Array, "b t d"], Float[Array, "b h t s"] | tuple[()]]:
    """What each input sees of the memory; zero where no place exists. Observed: the weights [b h t s], else ()."""
    q = split_heads(dense(x, params.query) if config.projections else x, config.heads)
    q = prepare_queries(config.score, params.score, q).astype(memory.k.dtype)
    mask = padding_mask(memory.exists).repeat(x.shape[1], axis=1)
    if is_dot(config.score) and not observe and (key is None or not dropout):
        return dense(merge_heads(fast_attention(q, memory.k, memory.v, mask)), params.out), ()
    mixed, weights = attend(prepared_logits(config.score, params.score, q, memory.k), memory.v, mask, key, dropout)
    return dense(merge_heads(mixed), params.out), weights if observe else ()
