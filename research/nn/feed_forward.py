"""The two-layer network at each position (Vaswani et al. 2017, sec. 3.3): one entry for each kind, in `FEED_FORWARDS`."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Float

from research.config.model import FeedForward, FeedForwardKind, Initialiser, NoFeedForward
from research.nn.initialisers import LECUN, Key, draw_bias, draw_weights
from research.nn.linear import dense


@struct.dataclass
class FeedForwardParams:
    """Parameters of gelu, relu and silu."""

    up: Float[Array, "d f"]
    up_bias: Float[Array, " f"]
    down: Float[Array, "f d"]
    down_bias: Float[Array, " d"]


@struct.dataclass
class GatedFeedForwardParams:
    """Parameters of swiglu, which has no bias; gate and value are one kernel."""

    up: Float[Array, "d 2*f"]
    down: Float[Array, "f d"]


AnyFeedForwardParams = FeedForwardParams | GatedFeedForwardParams | tuple[()]


class FeedForwardFunctions(NamedTuple):
    """A kind of feed-forward layer.

    init(config, key, width, initialiser) -> parameters for vectors of `width` numbers; () where there is no layer
    apply(params, x) -> what the layer adds, of the shape of x [*n d]
    flops(config, width) -> forward, for one token
    """

    init: Callable[[Any, Key, int, Initialiser], AnyFeedForwardParams]
    apply: Callable[[Any, Array], Array]
    flops: Callable[[Any, int], float]


def _plain(nonlinearity: Callable[[Array], Array]) -> FeedForwardFunctions:
    """down f(up x)."""

    def apply(params: FeedForwardParams, x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
        return dense(nonlinearity(dense(x, params.up, params.up_bias)), params.down, params.down_bias)

    return FeedForwardFunctions(_init_plain, apply, _flops_of_matrices(2))


def _init_plain(config: FeedForward, key: Key, width: int, initialiser: Initialiser) -> FeedForwardParams:
    hidden = config.hidden(width)
    key_up, key_down, key_up_bias, key_down_bias = jax.random.split(key, 4)
    down = draw_weights(initialiser, key_down, (hidden, width), hidden)
    up = draw_weights(initialiser, key_up, (width, hidden), width)
    return FeedForwardParams(up, draw_bias(initialiser, key_up_bias, hidden), down, draw_bias(initialiser, key_down_bias, width))


def _init_gated(config: FeedForward, key: Key, width: int, initialiser: Initialiser) -> GatedFeedForwardParams:
    hidden = config.hidden(width)
    key_up, key_down, *_ = jax.random.split(key, 4)
    down = draw_weights(initialiser, key_down, (hidden, width), hidden)
    return GatedFeedForwardParams(draw_weights(initialiser, key_up, (width, 2 * hidden), width), down)


def _gated(params: GatedFeedForwardParams, x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
    """down (silu(gate x) * (up x)) (Shazeer 2020)."""
    gate, value = jnp.split(dense(x, params.up), 2, axis=-1)
    return dense(jax.nn.silu(gate) * value, params.down)


def _flops_of_matrices(matrices: int) -> Callable[[FeedForward, int], float]:
    return lambda config, width: 2.0 * matrices * width * config.hidden(width)


def _no_layer(config: NoFeedForward, key: Key, width: int, initialiser: Initialiser) -> tuple[()]:
    return ()


def _adds_nothing(params: tuple[()], x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
    return jnp.zeros_like(x)


FEED_FORWARDS: dict[str, FeedForwardFunctions] = {
    "gelu": _plain(jax.nn.gelu),  # the tanh form, as in GPT-2
    "relu": _plain(jax.nn.relu),
    "silu": _plain(jax.nn.silu),
    "swiglu": FeedForwardFunctions(_init_gated, _gated, _flops_of_matrices(3)),
    "none": FeedForwardFunctions(_no_layer, _adds_nothing, lambda config, width: 0.0),
}


def init_feed_forward(config: FeedForwardKind, key: Key, width: int, initialiser: Initialiser = LECUN) -> AnyFeedForwardParams:
    """Parameters for vectors of `width` numbers; () of `none`."""
    return FEED_FORWARDS[config.kind].init(config, key, width, initialiser)


def feed_forward_flops(config: FeedForwardKind, width: int) -> float:
    """Forward, for one token."""
    return FEED_FORWARDS[config.kind].flops(config, width)


def feed_forward(config: FeedForwardKind, params: AnyFeedForwardParams, x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
    """What the layer adds to each vector."""
    return FEED_FORWARDS[config.kind].apply(params, x)
