"""Causal convolution over time."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Bool, Float

from research.config.mixer import ConvolutionConfig
from research.config.model import Initialiser
from research.nn.initialisers import LECUN, Key, draw_bias, draw_weights
from research.nn.linear import dense
from research.nn.padding import gather_valid, newest_entries, scatter_valid, valid_first_order


@struct.dataclass
class ConvolutionParams:
    """Parameters; the kernel's rows are the window's inputs, the oldest first."""

    kernel: Float[Array, "window*d d"]
    bias: Float[Array, " d"]


def init_convolution(config: ConvolutionConfig, key: Key, width: int, initialiser: Initialiser = LECUN) -> ConvolutionParams:
    """As many channels out as in."""
    key_kernel, key_bias = jax.random.split(key)
    inputs = config.window * width
    return ConvolutionParams(draw_weights(initialiser, key_kernel, (inputs, width), inputs), draw_bias(initialiser, key_bias, width))


def empty_convolution(config: ConvolutionConfig, batch: int, capacity: int, width: int) -> Float[Array, "b past d"]:
    """Zeros in the place of the last window - 1 inputs, whatever the capacity."""
    return jnp.zeros((batch, config.window - 1, width))


def convolution_flops(config: ConvolutionConfig, width: int, length: int) -> float:
    """Forward, for one token."""
    return 2.0 * config.window * width * width


def mix_convolution(
    config: ConvolutionConfig,
    params: ConvolutionParams,
    carry: Float[Array, "b past d"],
    x: Float[Array, "b t d"],
    valid: Bool[Array, "b t"],
    key: Key | None = None,
    observe: bool = False,
) -> tuple[Float[Array, "b past d"], Float[Array, "b t d"], dict[str, Array] | tuple[()]]:
    """y_t = relu([x_{t-window+1}; ...; x_t] kernel + bias) over the inputs that exist. No dropout within.

    Observed: `before` [b t d], the sum before relu.
    """
    length, order = x.shape[1], valid_first_order(valid)
    history = jnp.concatenate([carry, gather_valid(order, x)], axis=1)
    windows = jnp.concatenate([history[:, i : i + length] for i in range(config.window)], axis=-1)
    before = scatter_valid(order, dense(windows, params.kernel, params.bias))
    return newest_entries(history, order.count, config.window - 1), jax.nn.relu(before), {"before": before} if observe else ()


def convolution_in_numpy(config: ConvolutionConfig, params: ConvolutionParams, x: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """The same from an empty carry, one input after another."""
    kernel, bias, y = np.asarray(params.kernel, np.float64), np.asarray(params.bias, np.float64), np.zeros(x.shape)
    for row, exists in enumerate(valid):
        window = [np.zeros(x.shape[2])] * config.window
        for time in np.flatnonzero(exists):
            window = [*window[1:], x[row, time]]
            y[row, time] = np.maximum(np.concatenate(window) @ kernel + bias, 0)
    return y
