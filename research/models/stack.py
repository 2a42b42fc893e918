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

from research.config.model import StackConfig
from research.models.block import BlockParams, CrossAttentionCarry, Use, cast_kernels, init_block, mix_block, split_keys
from research.nn.cross_attention import (
    ProjectedMemory,
    project_memory,
)
from research.nn.dropout import dropout
from research.nn.initialisers import draw_embedding
from research.nn.mixers import BoundMixer, bound_mixers
from research.nn.norm import NormParams, init_norm, norm
from research.nn.positions import add_position, init_position

CHECKPOINT_POLICIES = {
    "products": jax.checkpoint_policies.dots_with_no_batch_dims_saveable,
    "layers": jax.checkpoint_policies.nothing_saveable,
}
UNROLLED = 8  # a stack of so many periods is no loop, so that layers keep what they keep where it is; a deeper one compiles once


@struct.dataclass
class StackParams:
    """With the table of the vectors of the symbols that are read, or () where another part of the model has it."""

    embedding: Float[Array, "v d"]
    position: Float[Array, "n d"] | tuple[()]  # the learned table, or ()
    blocks: tuple[BlockParams, ...]  # one for each mixer of the pattern, stacked over the periods
    norm: NormParams  # after the last block, where norm is pre


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
        return jax.vmap(lambda k: init_block(config, use, mixer, k, memory))(jax.random.split(key, repeats))

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
    keys, params = split_keys(key, 3), _in_precision(config, use, params)
    position = carry.position[:, None] + jnp.cumsum(valid, axis=1, dtype=jnp.int32) - 1
    x = _embedding_scale(config) * x
    x = dropout(keys[0], config.dropout.input, add_position(config.position, params.position, x, position).astype(x.dtype))

    period = partial(_mix_period, config, use, valid, keys[1], observe)
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


def _mix_period(config: StackConfig, use: Use, valid: Array, key: Array | None, observe: bool, x: Array, layer: Layers) -> Mixed:
    """One block of each mixer of the pattern."""
    index, blocks, carries = layer
    new_carries, mixer_aux = [], []
    for offset, (mixer, block, state) in enumerate(zip(bound_mixers(config, use.masked), blocks, carries, strict=True)):
        number = index * len(blocks) + offset
        layer_key = None if key is None else jax.random.fold_in(key, number)
        state, x, aux = mix_block(config, use, mixer, block, state, x, valid, layer_key, observe)
        x = _between(config, layer_key, number, x)
        new_carries.append(state)
        if observe:
            mixer_aux.append({**dict(aux), "output": x})
    return x, (tuple(new_carries), tuple(mixer_aux))


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


def _in_precision(config: StackConfig, use: Use, params: Params) -> Params:
    """The blocks with their kernels as the products read them; the gradient comes back in float32. All other parameters are float32."""
    if config.precision == "float32":
        return params
    float32_names = [mixer.kind.float32 for mixer in bound_mixers(config, use.masked)]
    return replace(
        params, blocks=tuple(cast_kernels(config, names, block) for names, block in zip(float32_names, params.blocks, strict=True))
    )


def _rematerialised(config: StackConfig, period: Period) -> Period:
    """A period of layers of which everything is kept for the backward pass, its products, or its input alone (Chen et al. 2016)."""
    return period if config.rematerialise == "nothing" else jax.checkpoint(period, policy=CHECKPOINT_POLICIES[config.rematerialise])


def _between(config: StackConfig, key: Array | None, number: Array, x: Array) -> Array:
    if key is None or not config.dropout.between:
        return x
    return jnp.where(number < config.layers - 1, dropout(split_keys(key, 4)[3], config.dropout.between, x), x)


def _embedding_scale(config: StackConfig) -> float:
    return config.width**0.5 if config.embedding_scale == "sqrt_width" else config.embedding_scale
