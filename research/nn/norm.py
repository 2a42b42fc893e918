"""Normalisation of each vector: layer, rms, none."""

import jax.numpy as jnp
from flax import struct
from jax import lax
from jaxtyping import Array, Float

from research.config.model import LayerNorm, Norm, RMSNorm

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


def init_norm(config: Norm, width: int) -> NormParams:
    """Scale one, shift zero; nothing for `none`."""
    if isinstance(config, LayerNorm):
        return LayerNormParams(jnp.ones(width), jnp.zeros(width))
    return RMSNormParams(jnp.ones(width)) if isinstance(config, RMSNorm) else ()


def norm(config: Norm, params: NormParams, x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
    """layer: mean zero and variance one over d, then scale and shift (Ba et al. 2016).

    rms: mean square one over d, then scale (Zhang & Sennrich 2019). none: x as it is. Computed in float32, whatever x is.
    """
    if isinstance(params, tuple):
        return x
    y = x.astype(jnp.float32)
    if isinstance(params, LayerNormParams):
        y = y - y.mean(axis=-1, keepdims=True)
    y = _unit(y) * jnp.broadcast_to(params.scale, x.shape)
    return (y + jnp.broadcast_to(params.shift, x.shape) if isinstance(params, LayerNormParams) else y).astype(x.dtype)


def _unit(x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
    return x * lax.rsqrt(jnp.square(x).mean(axis=-1, keepdims=True) + EPSILON)
