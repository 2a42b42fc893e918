"""A causal stack: embedding + position, blocks of norm + mixer + residual + feed-forward, output. One form for every mixer.

A decoder's blocks have cross-attention between mixer and feed-forward layer; an encoder's attention is not masked.

`hidden(config, params, carry, tokens, valid, key, observe) -> (carry, h, aux)` and `output(config, params) -> (kernel, bias)`:
split so that only scored positions pay for the output layer. The carry is (tokens seen by each row, the carries of the layers).
Layers are equal in width, so they are stacked and scanned; a pattern of mixers is one period of the scanned body.
Shapes: b batch, t chunk, d width, v vocabulary.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import struct
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Key

from research.config.mixer import CrossAttentionConfig
from research.config.model import LanguageModelConfig as Config
from research.config.model import NoFeedForward, NormalInit, StackConfig
from research.models.fields import Path
from research.models.stack_costs import stack_flops, stack_time_steps
from research.nn.cross_attention import ProjectedMemory, attend_to_memory, init_cross_attention, project_memory
from research.nn.dropout import dropout
from research.nn.embedding import lookup
from research.nn.feed_forward import feed_forward, init_feed_forward
from research.nn.initialisers import draw_bias, draw_embedding, draw_weights
from research.nn.mixers import BoundMixer, bound_mixers
from research.nn.norm import init_norm, norm
from research.nn.positions import add_position, init_position, last_position

CHECKPOINT_POLICIES = {
    "products": jax.checkpoint_policies.dots_with_no_batch_dims_saveable,
    "layers": jax.checkpoint_policies.nothing_saveable,
}
LAST_PRODUCTS = ("out", "down")  # of an attention and of a feed-forward layer: what a branch writes with
UNROLLED = 8  # a stack of so many periods is no loop, so that layers keep what they keep where it is; a deeper one compiles once


@struct.dataclass
class BlockParams:
    """One layer, or `n` of them on a leading axis. What the config switches off is ()."""

    mixer_norm: Any
    mixer: Any
    feed_forward_norm: Any
    feed_forward: Any
    cross_norm: Any = ()
    cross: Any = ()


@struct.dataclass
class LanguageModelParams:
    embedding: Float[Array, "v d"]
    position: Any  # the learned table, or ()
    blocks: tuple[BlockParams, ...]  # one for each mixer of the pattern, stacked over the periods
    norm: Any  # before the output, where norm is pre
    output: Float[Array, "d v"] | tuple[()] = ()  # () when tied, and in an encoder or decoder
    output_bias: Float[Array, " v"] | tuple[()] = ()


class StackCarry(NamedTuple):
    position: Int[Array, " b"]
    layers: tuple[Any, ...]


class UnstackedCarry(NamedTuple):
    """The carry of an unstacked model: that of each layer by itself, without the leading axis, so that it is written where it lies."""

    position: Int[Array, " b"]
    layers: tuple[Any, ...]


class CrossAttentionCarry(NamedTuple):
    """The carry of a block with cross-attention: its mixer's, and what it looks at."""

    mixer: Any
    memory: ProjectedMemory


def init(config: Config, key: Key[Array, ""], vocabulary: int, length: int) -> LanguageModelParams:
    """`length` is the training length, where learned positions end."""
    key_output, key_bias = jax.random.split(key, 5)[3:]
    output: Any = () if config.tie else draw_weights(config.init, key_output, (config.width, vocabulary), config.width)
    stack = init_stack(config, key, vocabulary, length)
    return replace(stack, output=output, output_bias=draw_bias(config.init, key_bias, vocabulary))


def init_stack(config: StackConfig, key: Key[Array, ""], vocabulary: int, length: int, memory: int = 0) -> LanguageModelParams:
    """Without an output layer. `memory`: the width of what a decoder looks at."""
    key_embedding, key_position, key_blocks = jax.random.split(key, 5)[:3]
    period = bound_mixers(config)
    repeats = config.layers // len(period)

    def init_blocks(mixer: BoundMixer, key: Array) -> BlockParams:
        return jax.vmap(lambda k: _init_block(config, mixer, k, memory))(jax.random.split(key, repeats))

    return LanguageModelParams(
        embedding=draw_embedding(config.init, config.embedding_init, key_embedding, vocabulary, config.width),
        position=init_position(config.position, key_position, length, config.width, config.init),
        blocks=tuple(init_blocks(mixer, k) for mixer, k in zip(period, jax.random.split(key_blocks, len(period)), strict=True)),
        norm=init_norm(config.norm, config.width) if config.norm.placement == "pre" else (),
    )


def empty(config: StackConfig, batch: int, capacity: int, vocabulary: int) -> StackCarry:
    """The carry before the first token. `capacity`: tokens that a full attention cache may hold; 0 for training, where a chunk is all."""
    period = bound_mixers(config)
    repeats = config.layers // len(period)
    layer_carry = lambda mixer: mixer.kind.empty(mixer.spec, batch, capacity, config.width)
    repeat = lambda leaf: jnp.broadcast_to(leaf[None], (repeats, *leaf.shape))
    return StackCarry(jnp.zeros(batch, jnp.int32), tuple(jax.tree.map(repeat, layer_carry(mixer)) for mixer in period))


def begin(
    config: StackConfig, params: LanguageModelParams, memory: Float[Array, "b s m"], exists: Bool[Array, "b s"], capacity: int
) -> StackCarry:
    """The carry of a decoder before its first token: every block's keys and values of what the encoder left."""
    params, carry, attention = _in_precision(config, params), empty(config, memory.shape[0], capacity, 0), config.cross_attention
    assert attention is not None

    def block_memory(block: BlockParams) -> ProjectedMemory:
        return jax.vmap(lambda cross: project_memory(attention, cross, memory, exists))(block.cross)

    layers = zip(carry.layers, params.blocks, strict=True)
    return carry._replace(layers=tuple(CrossAttentionCarry(mixer, block_memory(block)) for mixer, block in layers))


def hidden(
    config: StackConfig,
    params: LanguageModelParams,
    carry: StackCarry | UnstackedCarry,
    tokens: Int[Array, "b t"],
    valid: Bool[Array, "b t"],
    key: Key[Array, ""] | None = None,
    observe: bool = False,
) -> tuple[StackCarry | UnstackedCarry, Float[Array, "b t d"], Any]:
    """What the output layer reads. `aux` is () unless `observe`: then what each mixer of the pattern shows, and the `output` [b t d] of
    its layer, stacked over the periods."""
    keys, params = _keys(key, 3), _in_precision(config, params)
    position = carry.position[:, None] + jnp.cumsum(valid, axis=1, dtype=jnp.int32) - 1
    x = _embedding_scale(config) * lookup(params.embedding, tokens)
    x = dropout(keys[0], config.dropout.input, add_position(config.position, params.position, x, position).astype(x.dtype))

    def period(x: Array, layer: tuple[Any, ...]) -> tuple[Array, tuple[Any, ...]]:
        index, blocks, carries = layer
        new_carries, mixer_aux = [], []
        for offset, (mixer, block, state) in enumerate(zip(bound_mixers(config), blocks, carries, strict=True)):
            number = index * len(blocks) + offset
            layer_key = None if keys[1] is None else jax.random.fold_in(keys[1], number)
            state, x, aux = _block(config, mixer, block, state, x, valid, layer_key, observe)
            x = _between(config, layer_key, number, x)
            new_carries.append(state)
            mixer_aux.append({**aux, "output": x} if observe else aux)
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


def output(config: Config, params: LanguageModelParams, precise: bool = True) -> tuple[Float[Array, "d v"], Float[Array, " v"]]:
    """Kernel and bias of the output layer; the kernel in the model's precision where it need not be `precise`, as in training."""
    kernel: Any = params.embedding.T if config.tie else params.output
    bias: Any = params.output_bias
    return kernel if precise else kernel_in(config.precision, kernel), bias


def kernel_in(precision: str, kernel: Float[Array, "..."]) -> Float[Array, "..."]:
    """A matrix as the products read it."""
    return kernel.astype(jnp.bfloat16) if precision == "mixed" else kernel


def unstack(config: Config, params: LanguageModelParams, carry: StackCarry) -> tuple[Config, LanguageModelParams, UnstackedCarry]:
    """The same model as one period of all its layers with an output matrix of its own: what a loop over single tokens wants.

    A stack is cut into layers, and put together again, once a token; here once a text. The numbers are those of the stack.
    """
    kernel, _ = output(config, params)
    flat, params, unstacked = unstack_layers(config, params, carry)
    return flat.model_copy(update={"tie": False}), replace(params, output=kernel), unstacked


def unstack_layers(config: Any, params: LanguageModelParams, carry: StackCarry) -> tuple[Any, LanguageModelParams, UnstackedCarry]:
    """The same stack as one period of all its layers, in the precision of its products."""
    repeats, params = config.layers // len(params.blocks), _in_precision(config, params)
    flat = config.model_copy(update={"mixer": config.pattern * repeats})
    blocks = tuple(jax.tree.map(lambda leaf: leaf[None], block) for i in range(repeats) for block in _period_slice(params.blocks, i))
    layers = tuple(layer for i in range(repeats) for layer in _period_slice(carry.layers, i))
    return flat, replace(params, blocks=blocks), UnstackedCarry(carry.position, layers)


def _period_slice(stacks: tuple[Any, ...], i: int) -> tuple[Any, ...]:
    """What one period has of what is stacked over the periods."""
    return tuple(jax.tree.map(lambda leaf: leaf[i], stack) for stack in stacks)


def rows(carry: StackCarry | UnstackedCarry, index: Int[Array, " n"]) -> StackCarry | UnstackedCarry:
    """The carry of the rows that `index` names, in its order; a row may be named more than once."""
    take = (lambda leaf: leaf[index]) if isinstance(carry, UnstackedCarry) else (lambda leaf: leaf[:, index])
    return carry._replace(position=carry.position[index], layers=jax.tree.map(take, carry.layers))


def _in_precision(config: StackConfig, params: LanguageModelParams) -> LanguageModelParams:
    """The blocks with their kernels as the products read them; the gradient comes back in float32. All other parameters are float32."""
    if config.precision == "float32":
        return params
    float32_names = [mixer.kind.float32 for mixer in bound_mixers(config)]
    return replace(
        params, blocks=tuple(_cast_kernels(config, names, block) for names, block in zip(float32_names, params.blocks, strict=True))
    )


def _cast_kernels(config: StackConfig, float32_names: tuple[str, ...], block: BlockParams) -> BlockParams:
    """Of a stacked block: what has two axes beside that of the layers, but for what the mixer's entry keeps, and what lies within."""

    def cast(path: tuple[Any, ...], leaf: Array) -> Array:
        names = {entry.name for entry in path if isinstance(entry, jax.tree_util.GetAttrKey)}
        return leaf if leaf.ndim < 3 or names & set(float32_names) else kernel_in(config.precision, leaf)

    return jax.tree_util.tree_map_with_path(cast, block)


def _rematerialised(config: StackConfig, period: Callable[..., Any]) -> Callable[..., Any]:
    """A period of layers of which everything is kept for the backward pass, its products, or its input alone (Chen et al. 2016)."""
    return period if config.rematerialise == "nothing" else jax.checkpoint(period, policy=CHECKPOINT_POLICIES[config.rematerialise])


def _init_block(config: StackConfig, mixer: BoundMixer, key: Key[Array, ""], memory: int) -> BlockParams:
    key_mixer, key_feed_forward = jax.random.split(key)
    block = BlockParams(init_norm(config.norm, config.width), mixer.kind.init(mixer.spec, key_mixer, config.width, config.init), (), ())
    if not isinstance(config.feed_forward, NoFeedForward):
        feed_forward_params = init_feed_forward(config.feed_forward, key_feed_forward, config.width, config.init)
        block = replace(block, feed_forward_norm=init_norm(config.norm, config.width), feed_forward=feed_forward_params)
    if config.cross_attention is not None:
        cross = init_cross_attention(config.cross_attention, jax.random.fold_in(key, 2), config.width, memory, config.init)
        block = replace(block, cross_norm=init_norm(config.norm, config.width), cross=cross)
    return _scale_branches(config, block) if isinstance(config.init, NormalInit) and config.residual else block


def _scale_branches(config: StackConfig, block: BlockParams) -> BlockParams:
    """What writes into the residual stream divided by the root of how many branches the stack has (Radford et al. 2019, sec. 2.3)."""
    branches = [part for part in (block.mixer, block.feed_forward, block.cross) if part != ()]
    scale = lambda part: _scale_outputs(part, (config.layers * len(branches)) ** -0.5)
    return replace(block, mixer=scale(block.mixer), feed_forward=scale(block.feed_forward), cross=scale(block.cross))


def _scale_outputs(part: Any, factor: float) -> Any:
    names = [name for name in LAST_PRODUCTS if hasattr(part, name)]
    return replace(part, **{name: factor * getattr(part, name) for name in names}) if names else part


def _block(
    config: StackConfig, mixer: BoundMixer, p: BlockParams, carry: Any, x: Array, valid: Array, key: Array | None, observe: bool
) -> tuple[Any, Array, Any]:
    keys = _keys(key, 4)
    mixer_carry = carry if config.cross_attention is None else carry.mixer
    mixer_carry, y, aux = mixer.kind.mix(mixer.spec, p.mixer, mixer_carry, _pre_norm(config, p.mixer_norm, x), valid, keys[0], observe)
    x = _add_branch(config, p.mixer_norm, x, dropout(keys[1], config.dropout.residual, y))
    if config.cross_attention is not None:
        x, weights = _cross_attention(config, config.cross_attention, p, carry.memory, x, key, observe)
        carry, aux = carry._replace(mixer=mixer_carry), {**aux, "cross_weights": weights} if observe else aux
    else:
        carry = mixer_carry
    if isinstance(config.feed_forward, NoFeedForward):
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
) -> tuple[Array, Any]:
    keys = (None, None) if key is None else tuple(jax.random.split(jax.random.fold_in(key, 4)))
    y, weights = attend_to_memory(
        attention, p.cross, memory, _pre_norm(config, p.cross_norm, x), keys[0], config.dropout.attention, observe
    )
    return _add_branch(config, p.cross_norm, x, dropout(keys[1], config.dropout.residual, y)), weights


def _pre_norm(config: StackConfig, p: Any, x: Array) -> Array:
    return norm(config.norm, p, x) if config.norm.placement == "pre" else x


def _add_branch(config: StackConfig, p: Any, x: Array, y: Array) -> Array:
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


def language_model_flops(config: Config, vocabulary: int, length: int, *, scored: float) -> float:
    """Forward, for one token of a window of `length`; `scored`: the share of tokens that pay for the output layer."""
    return stack_flops(config, length) + 2.0 * scored * config.width * vocabulary


def language_model_time_steps(config: Config, length: int, source: int) -> int:
    """Steps of one pass that must follow each other."""
    return stack_time_steps(config, length)


def language_model_last_positions(config: Config, length: int, source: int) -> tuple[None, int | None]:
    """Where positions end that do not extrapolate."""
    return None, last_position(config.position, length)


def language_model_embedding_path(config: Config) -> Path:
    """Where the symbols' vectors lie."""
    return ("embedding",)


def outside_language_model_body(config: Config) -> tuple[Path, ...]:
    """What is not of its body."""
    return ("output",), ("output_bias",), ("embedding",), ("position",)
