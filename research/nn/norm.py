"""Normalisation of each vector: layer, rms, none. One entry for each, in `NORMS`. Computed in float32, whatever the vectors are."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from flax import struct
from jax import lax
from jaxtyping import Array, Float

from research.config.model import LayerNorm, NoNorm, Norm, RMSNorm

EPSILON = 1e-5


@struct.dataclass
class RMSNormParams:
    """Parameters of rms: [d]."""

    scale: Float[Array, " d"]


@struct.dataclass
class LayerNormParams:
    """Parameters of layer: [d] each."""

    scale: Float[Array, " d"]
    shift: Float[Array, " d"]


NormParams = RMSNormParams | LayerNormParams | tuple[()]


def layer_norm(params: LayerNormParams, x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
    """Mean zero and variance one over d, then scale and shift (Ba et al. 2016)."""
    y = x.astype(jnp.float32)
    y = _unit(y - y.mean(axis=-1, keepdims=True)) * jnp.broadcast_to(params.scale, x.shape)
    return (y + jnp.broadcast_to(params.shift, x.shape)).astype(x.dtype)


def rms_norm(params: RMSNormParams, x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
    """Mean square one over d, then scale (Zhang & Sennrich 2019)."""
    return (_unit(x.astype(jnp.float32)) * jnp.broadcast_to(params.scale, x.shape)).astype(x.dtype)


def _unit(x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
    return x * lax.rsqrt(jnp.square(x).mean(axis=-1, keepdims=True) + EPSILON)


class NormKind(NamedTuple):
    """A normalisation: init(width) -> its parameters, scale one and shift zero; apply(params, x) -> vectors of the shape of x [*n d]."""

    init: Callable[[int], NormParams]
    apply: Callable[[Any, Array], Array]


NORMS: dict[type, NormKind] = {
    LayerNorm: NormKind(lambda width: LayerNormParams(jnp.ones(width), jnp.zeros(width)), layer_norm),
    RMSNorm: NormKind(lambda width: RMSNormParams(jnp.ones(width)), rms_norm),
    NoNorm: NormKind(lambda width: (), lambda params, x: x),
}


def init_norm(config: Norm, width: int) -> NormParams:
    """Scale one, shift zero; nothing for `none`."""
    return NORMS[type(config)].init(width)


def norm(config: Norm, params: NormParams, x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
    """The vectors as the kind normalises them."""
    return NORMS[type(config)].apply(params, x)
