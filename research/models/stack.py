"""A stack: positions, blocks of norm + mixer + residual + feed-forward, a last norm. One form for every mixer; language models, encoders,
decoders and classifiers have their own, and say by a `Use` whether it is masked and what its blocks attend to.

It has the form of a mixer, `stack_hidden(config, use, params, carry, x, valid, key, observe) -> (carry, h, aux)`, where x [b t d] are the
vectors of the symbols. The carry is (tokens seen by each row, the carries of the layers).
Layers are equal in width, so they are stacked and scanned; a pattern of mixers is one period of the scanned body.
Shapes: b batch, t chunk, d width, v symbols.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple, TypeVar

import jax
import jax.numpy as jnp
from flax import struct
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from research.config.mixer import CrossAttentionConfig
from research.config.model import StackConfig
from research.models.fields import KeyPath, field_names
from research.nn.cross_attention import (
    CrossAttentionParams,
    ProjectedMemory,
    attend_to_memory,
    init_cross_attention,
    project_memory,
)
from research.nn.dropout import dropout
from research.nn.feed_forward import AnyFeedForwardParams, feed_forward, init_feed_forward
from research.nn.initialisers import divides_branches, draw_embedding
from research.nn.mixers import BoundMixer, bound_mixers
from research.nn.norm import NormParams, init_norm, norm
from research.nn.positions import add_position, init_position

CHECKPOINT_POLICIES = {
    "products": jax.checkpoint_policies.dots_with_no_batch_dims_saveable,
    "layers": jax.checkpoint_policies.nothing_saveable,
}
LAST_PRODUCTS = ("out", "down")  # of an attention and of a feed-forward layer: what a branch writes with
UNROLLED = 8  # a stack of so many periods is no loop, so that layers keep what they keep where it is; a deeper one compiles once


class Use(NamedTuple):
    """What a stack is to its owner, static."""

    masked: bool  # a mixer that takes a mask sees what came before alone
    cross: CrossAttentionConfig | None  # how every block attends to what an encoder left, between mixer and feed-forward layer


@struct.dataclass
class BlockParams:
    """One layer, or `n` of them on a leading axis. What the config switches off is ()."""

    mixer_norm: NormParams
    mixer: PyTree
    feed_forward_norm: NormParams
    feed_forward: AnyFeedForwardParams
    cross_norm: NormParams = ()
    cross: CrossAttentionParams | tuple[()] = ()


@struct.dataclass
class StackParams:
    """With the table of the vectors of the symbols that are read, or () where another part of the model has it."""

    embedding: Float[Array, "v d"]
    position: Float[Array, "n d"] | tuple[()]  # the learned table, or ()
    blocks: tuple[BlockParams, ...]  # one for each mixer of the pattern, stacked over the periods
    norm: NormParams  # after the last block, where norm is pre


class CrossAttentionCarry(NamedTuple):
    """The carry of a layer with cross-attention: its mixer's, and what it looks at."""

    mixer: PyTree
    memory: ProjectedMemory


class StackCarry(NamedTuple):
    """The tokens that each row has seen, and the carry of each mixer of the pattern, stacked over the periods."""

    position: Int[Array, " b"]
    layers: tuple[PyTree, ...]


class UnstackedCarry(NamedTuple):
    """The carry of an unstacked model: that of each layer by itself, without the leading axis, so that it is written where it lies."""

    position: Int[Array, " b"]
    layers: tuple[PyTree, ...]


Config = TypeVar("Config", bound=StackConfig)
Params = TypeVar("Params", bound=StackParams)
Carry = TypeVar("Carry", StackCarry, UnstackedCarry)
Stack = TypeVar("Stack")

Layers = tuple[Array, tuple[BlockParams, ...], tuple[PyTree, ...]]  # of a period: its number, the blocks and their carries
Mixed = tuple[Array, tuple[tuple[PyTree, ...], tuple[dict[str, Array], ...]]]  # x, the new carries, and what the layers show
Period = Callable[[Array, Layers], Mixed]


def init_stack(config: StackConfig, use: Use, key: Key[Array, ""], vocabulary: int, length: int, memory: int = 0) -> StackParams:
    """`length`: where learned positions end. `memory`: the width of what an encoder left."""
    key_embedding, key_position, key_blocks = jax.random.split(key, 5)[:3]
    period = bound_mixers(config, use.masked)
    repeats = config.layers // len(period)

    def init_blocks(mixer: BoundMixer, key: Array) -> BlockParams:
        return jax.vmap(lambda k: _init_block(config, use, mixer, k, memory))(jax.random.split(key, repeats))

    return StackParams(
        embedding=draw_embedding(config.init, config.embedding_init, key_embedding, vocabulary, config.width),
        position=init_position(config.position, key_position, length, config.width, config.init),
        blocks=tuple(init_blocks(mixer, k) for mixer, k in zip(period, jax.random.split(key_blocks, len(period)), strict=True)),
        norm=init_norm(config.norm, config.width) if config.norm.placement == "pre" else (),
    )


def empty_stack(config: StackConfig, use: Use, batch: int, capacity: int) -> StackCarry:
    """The carry before the first token. `capacity`: tokens that a full attention cache may hold; 0 for training, where a chunk is all."""
    return StackCarry(jnp.zeros(batch, jnp.int32), _empty_mixers(config, use, batch, capacity))


def _empty_mixers(config: StackConfig, use: Use, batch: int, capacity: int) -> tuple[PyTree, ...]:
    period = bound_mixers(config, use.masked)
    repeats = config.layers // len(period)

    def layer_carry(mixer: BoundMixer) -> PyTree:
        return mixer.kind.empty(mixer.spec, batch, capacity, config.width)

    repeat = lambda leaf: jnp.broadcast_to(leaf[None], (repeats, *leaf.shape))
    return tuple(jax.tree.map(repeat, layer_carry(mixer)) for mixer in period)


def begin_stack(
    config: StackConfig, use: Use, params: StackParams, memory: Float[Array, "b s m"], exists: Bool[Array, "b s"], capacity: int
) -> StackCarry:
    """The carry of a decoder before its first token: every block's keys and values of what the encoder left."""
    params, mixers, attention = _in_precision(config, use, params), _empty_mixers(config, use, memory.shape[0], capacity), use.cross
    assert attention is not None

    def block_memory(block: BlockParams) -> ProjectedMemory:
        return jax.vmap(lambda cross: project_memory(attention, cross, memory, exists))(block.cross)

    layers = zip(mixers, params.blocks, strict=True)
    position = jnp.zeros(memory.shape[0], jnp.int32)
    return StackCarry(position, tuple(CrossAttentionCarry(mixer, block_memory(block)) for mixer, block in layers))


def stack_hidden(
    config: StackConfig,
    use: Use,
    params: StackParams,
    carry: Carry,
    x: Float[Array, "b t d"],
    valid: Bool[Array, "b t"],
    key: Key[Array, ""] | None = None,
    observe: bool = False,
) -> tuple[Carry, Float[Array, "b t d"], tuple[dict[str, Array], ...]]:
    """What an output layer reads of symbols with the vectors `x`.

    `aux` is () unless `observe`: then what each mixer of the pattern shows, and the `output` [b t d] of its layer, stacked over the
    periods.
    """
    keys, params = _keys(key, 3), _in_precision(config, use, params)
    position = carry.position[:, None] + jnp.cumsum(valid, axis=1, dtype=jnp.int32) - 1
    x = _embedding_scale(config) * x
    x = dropout(keys[0], config.dropout.input, add_position(config.position, params.position, x, position).astype(x.dtype))

    def period(x: Array, layer: Layers) -> Mixed:
        index, blocks, carries = layer
        new_carries, mixer_aux = [], []
        for offset, (mixer, block, state) in enumerate(zip(bound_mixers(config, use.masked), blocks, carries, strict=True)):
            number = index * len(blocks) + offset
            layer_key = None if keys[1] is None else jax.random.fold_in(keys[1], number)
            state, x, aux = _block(config, use, mixer, block, state, x, valid, layer_key, observe)
            x = _between(config, layer_key, number, x)
            new_carries.append(state)
            if observe:
                mixer_aux.append({**dict(aux), "output": x})
        return x, (tuple(new_carries), tuple(mixer_aux))

    if isinstance(carry, UnstackedCarry):
        x, (layers, aux) = period(x, (jnp.int32(0), _period_slice(params.blocks, 0), carry.layers))
        aux = jax.tree.map(lambda a: a[None], aux)
    else:
        repeats = config.layers // len(params.blocks)
        layer = (jnp.arange(repeats), params.blocks, carry.layers)
        x, (layers, aux) = lax.scan(_rematerialised(config, period), x, layer, unroll=repeats if repeats <= UNROLLED else 1)
    if config.norm.placement == "pre":
        x = norm(config.norm, params.norm, x)
    x = dropout(keys[2], config.dropout.output, x)
    return carry._replace(position=carry.position + valid.sum(axis=1, dtype=jnp.int32), layers=layers), x, aux if observe else ()


def unstack_layers(config: Config, use: Use, params: Params, carry: StackCarry) -> tuple[Config, Params, UnstackedCarry]:
    """The same stack as one period of all its layers, in the precision of its products: what a loop over single tokens wants.

    A stack is cut into layers, and put together again, once a token; here once a text. The numbers are those of the stack.
    """
    repeats, params = config.layers // len(params.blocks), _in_precision(config, use, params)
    flat = config.model_copy(update={"mixer": config.pattern * repeats})
    blocks = tuple(jax.tree.map(lambda leaf: leaf[None], block) for i in range(repeats) for block in _period_slice(params.blocks, i))
    layers = tuple(layer for i in range(repeats) for layer in _period_slice(carry.layers, i))
    return flat, replace(params, blocks=blocks), UnstackedCarry(carry.position, layers)


def _period_slice(stacks: tuple[Stack, ...], i: int) -> tuple[Stack, ...]:
    """What one period has of what is stacked over the periods."""
    return tuple(jax.tree.map(lambda leaf: leaf[i], stack) for stack in stacks)


def stack_rows(carry: Carry, index: Int[Array, " n"]) -> Carry:
    """The carry of the rows that `index` names, in its order; a row may be named more than once."""
    take = (lambda leaf: leaf[index]) if isinstance(carry, UnstackedCarry) else (lambda leaf: leaf[:, index])
    return carry._replace(position=carry.position[index], layers=jax.tree.map(take, carry.layers))


def kernel_in(precision: str, kernel: Float[Array, "..."]) -> Float[Array, "..."]:
    """A matrix as the products read it."""
    return kernel.astype(jnp.bfloat16) if precision == "mixed" else kernel


def _in_precision(config: StackConfig, use: Use, params: Params) -> Params:
    """The blocks with their kernels as the products read them; the gradient comes back in float32. All other parameters are float32."""
    if config.precision == "float32":
        return params
    float32_names = [mixer.kind.float32 for mixer in bound_mixers(config, use.masked)]
    return replace(
        params, blocks=tuple(_cast_kernels(config, names, block) for names, block in zip(float32_names, params.blocks, strict=True))
    )


def _cast_kernels(config: StackConfig, float32_names: tuple[str, ...], block: BlockParams) -> BlockParams:
    """Of a stacked block: what has two axes beside that of the layers, but for what the mixer's entry keeps, and what lies within."""

    def cast(path: KeyPath, leaf: Array) -> Array:
        return leaf if leaf.ndim < 3 or field_names(path) & set(float32_names) else kernel_in(config.precision, leaf)

    rounded: BlockParams = jax.tree_util.tree_map_with_path(cast, block)
    return rounded


def _rematerialised(config: StackConfig, period: Period) -> Period:
    """A period of layers of which everything is kept for the backward pass, its products, or its input alone (Chen et al. 2016)."""
    return period if config.rematerialise == "nothing" else jax.checkpoint(period, policy=CHECKPOINT_POLICIES[config.rematerialise])


def _init_block(config: StackConfig, use: Use, mixer: BoundMixer, key: Key[Array, ""], memory: int) -> BlockParams:
    key_mixer, key_feed_forward = jax.random.split(key)
    mixer_params = mixer.kind.init(mixer.spec, key_mixer, config.width, config.init)
    feed_forward_params = init_feed_forward(config.feed_forward, key_feed_forward, config.width, config.init)
    block = BlockParams(init_norm(config.norm, config.width), mixer_params, (), feed_forward_params)
    if feed_forward_params != ():
        block = replace(block, feed_forward_norm=init_norm(config.norm, config.width))
    if use.cross is not None:
        cross = init_cross_attention(use.cross, jax.random.fold_in(key, 2), config.width, memory, config.init)
        block = replace(block, cross_norm=init_norm(config.norm, config.width), cross=cross)
    return _scale_branches(config, block) if divides_branches(config.init) and config.residual else block


def _scale_branches(config: StackConfig, block: BlockParams) -> BlockParams:
    """What writes into the residual stream divided by the root of how many branches the stack has (Radford et al. 2019, sec. 2.3)."""
    branches = [part for part in (block.mixer, block.feed_forward, block.cross) if part != ()]
    scale = partial(_scale_outputs, factor=(config.layers * len(branches)) ** -0.5)
    return replace(block, mixer=scale(block.mixer), feed_forward=scale(block.feed_forward), cross=scale(block.cross))


def _scale_outputs(part: PyTree, factor: float) -> PyTree:
    names = [name for name in LAST_PRODUCTS if hasattr(part, name)]
    return replace(part, **{name: factor * getattr(part, name) for name in names}) if names else part


def _block(
    config: StackConfig,
    use: Use,
    mixer: BoundMixer,
    p: BlockParams,
    carry: PyTree,
    x: Array,
    valid: Array,
    key: Array | None,
    observe: bool,
) -> tuple[PyTree, Array, dict[str, Array] | tuple[()]]:
    keys = _keys(key, 4)
    mixer_carry = carry if use.cross is None else carry.mixer
    mixer_carry, y, aux = mixer.kind.mix(mixer.spec, p.mixer, mixer_carry, _pre_norm(config, p.mixer_norm, x), valid, keys[0], observe)
    x = _add_branch(config, p.mixer_norm, x, dropout(keys[1], config.dropout.residual, y))
    if use.cross is not None:
        x, weights = _cross_attention(config, use.cross, p, carry.memory, x, key, observe)
        carry = carry._replace(mixer=mixer_carry)
        aux = aux if isinstance(weights, tuple) else {**dict(aux), "cross_weights": weights}
    else:
        carry = mixer_carry
    if p.feed_forward == ():
        return carry, x, aux
    y = feed_forward(config.feed_forward, p.feed_forward, _pre_norm(config, p.feed_forward_norm, x))
    return carry, _add_branch(config, p.feed_forward_norm, x, dropout(keys[2], config.dropout.residual, y)), aux


def _cross_attention(
    config: StackConfig,
    attention: CrossAttentionConfig,
    p: BlockParams,
    memory: ProjectedMemory,
    x: Array,
    key: Array | None,
    observe: bool,
) -> tuple[Array, Float[Array, "b h t s"] | tuple[()]]:
    assert isinstance(p.cross, CrossAttentionParams)
    keys = (None, None) if key is None else tuple(jax.random.split(jax.random.fold_in(key, 4)))
    y, weights = attend_to_memory(
        attention, p.cross, memory, _pre_norm(config, p.cross_norm, x), keys[0], config.dropout.attention, observe
    )
    return _add_branch(config, p.cross_norm, x, dropout(keys[1], config.dropout.residual, y)), weights


def _pre_norm(config: StackConfig, p: NormParams, x: Array) -> Array:
    return norm(config.norm, p, x) if config.norm.placement == "pre" else x


def _add_branch(config: StackConfig, p: NormParams, x: Array, y: Array) -> Array:
    x = x + y.astype(x.dtype) if config.residual else y.astype(x.dtype)
    return norm(config.norm, p, x) if config.norm.placement == "post" else x


def _between(config: StackConfig, key: Array | None, number: Array, x: Array) -> Array:
    if key is None or not config.dropout.between:
        return x
    return jnp.where(number < config.layers - 1, dropout(_keys(key, 4)[3], config.dropout.between, x), x)


def _embedding_scale(config: StackConfig) -> float:
    return config.width**0.5 if config.embedding_scale == "sqrt_width" else config.embedding_scale


def _keys(key: Array | None, n: int) -> tuple[Array | None, ...]:
    return (None,) * n if key is None else tuple(jax.random.split(key, n))
