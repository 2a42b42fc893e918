"""A block of a stack: a mixer and a feed-forward layer, each with a norm and a residual around it."""

from dataclasses import replace
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float, Key, PyTree

from research.config.mixer import CrossAttentionConfig
from research.config.model import StackConfig
from research.models.fields import KeyPath, field_names
from research.nn.cross_attention import (
    CrossAttentionParams,
    ProjectedMemory,
    attend_to_memory,
    init_cross_attention,
)
from research.nn.dropout import dropout
from research.nn.feed_forward import AnyFeedForwardParams, feed_forward, init_feed_forward
from research.nn.initialisers import divides_branches
from research.nn.mixers import BoundMixer
from research.nn.norm import NormParams, init_norm, norm

LAST_PRODUCTS = ("out", "down")  # of an attention and of a feed-forward layer: what a branch writes with


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


class CrossAttentionCarry(NamedTuple):
    """The carry of a layer with cross-attention: its mixer's, and what it looks at."""

    mixer: PyTree
    memory: ProjectedMemory


def kernel_in(precision: str, kernel: Float[Array, "..."]) -> Float[Array, "..."]:
    """A matrix as the products read it."""
    return kernel.astype(jnp.bfloat16) if precision == "mixed" else kernel


def cast_kernels(config: StackConfig, float32_names: tuple[str, ...], block: BlockParams) -> BlockParams:
    """Of a stacked block: what has two axes beside that of the layers, but for what the mixer's entry keeps, and what lies within."""

    def cast(path: KeyPath, leaf: Array) -> Array:
        return leaf if leaf.ndim < 3 or field_names(path) & set(float32_names) else kernel_in(config.precision, leaf)

    rounded: BlockParams = jax.tree_util.tree_map_with_path(cast, block)
    return rounded


def init_block(config: StackConfig, use: Use, mixer: BoundMixer, key: Key[Array, ""], memory: int) -> BlockParams:
    """A layer's parameters, drawn. `memory`: the width of what it looks at, where it has cross-attention."""
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


def mix_block(
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
    """The layer's carry after a chunk, its output [b t d], and what its mixer shows where it is observed."""
    keys = split_keys(key, 4)
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


def split_keys(key: Array | None, n: int) -> tuple[Array | None, ...]:
    """So many keys of one; None each where there is none, and nothing is dropped."""
    return (None,) * n if key is None else tuple(jax.random.split(key, n))
