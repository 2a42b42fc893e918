"""The two-layer network at each position (Vaswani et al. 2017, sec. 3.3)."""

import jax
from flax import struct
from jaxtyping import Array, Float

from research.config.model import FeedForward, FeedForwardKind, Initialiser, NoFeedForward
from research.nn.initialisers import LECUN, Key, draw_bias, draw_weights
from research.nn.linear import dense

NONLINEARITIES = {"gelu": jax.nn.gelu, "relu": jax.nn.relu, "silu": jax.nn.silu}  # gelu: the tanh form, as in GPT-2


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


def init_feed_forward(
    config: FeedForward, key: Key, width: int, initialiser: Initialiser = LECUN
) -> FeedForwardParams | GatedFeedForwardParams:
    """Parameters for vectors of `width` numbers."""
    hidden = config.hidden(width)
    key_up, key_down, key_up_bias, key_down_bias = jax.random.split(key, 4)
    down = draw_weights(initialiser, key_down, (hidden, width), hidden)
    if config.kind == "swiglu":
        return GatedFeedForwardParams(draw_weights(initialiser, key_up, (width, 2 * hidden), width), down)
    up = draw_weights(initialiser, key_up, (width, hidden), width)
    return FeedForwardParams(up, draw_bias(initialiser, key_up_bias, hidden), down, draw_bias(initialiser, key_down_bias, width))


def feed_forward_flops(config: FeedForwardKind, width: int) -> float:
    """Forward, for one token."""
    if isinstance(config, NoFeedForward):
        return 0.0
    matrices = 3 if config.kind == "swiglu" else 2
    return 2.0 * matrices * width * config.hidden(width)


def feed_forward(config: FeedForward, params: FeedForwardParams | GatedFeedForwardParams, x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
    """down f(up x); with swiglu down (silu(gate x) * (up x)) (Shazeer 2020)."""
    if isinstance(params, GatedFeedForwardParams):
        gate, value = jax.numpy.split(dense(x, params.up), 2, axis=-1)
        return dense(jax.nn.silu(gate) * value, params.down)
    return dense(NONLINEARITIES[config.kind](dense(x, params.up, params.up_bias)), params.down, params.down_bias)
