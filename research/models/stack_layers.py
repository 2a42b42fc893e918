"""What each layer of a stack makes of a sentence.

Shapes: b batch, t symbols, d width.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from research.config.model import StackConfig
from research.models.block import Use
from research.models.stack import StackParams, empty_stack, stack_hidden
from research.nn.pooling import mean_vector


def stack_layer_names(layers: int) -> tuple[str, ...]:
    """By their number, the first below."""
    return tuple(f"layer {number}" for number in range(1, 1 + layers))


def stack_layers(
    config: StackConfig, use: Use, params: StackParams, x: Float[Array, "b t d"], valid: Bool[Array, "b t"]
) -> tuple[Float[Array, "b t d"], ...]:
    """The output of each layer, of symbols with the vectors `x`."""
    aux = stack_hidden(config, use, params, empty_stack(config, use, x.shape[0], 0), x, valid, None, True)[2]
    periods = jnp.stack([mixer_aux["output"] for mixer_aux in aux], axis=1)
    return tuple(periods.reshape(-1, *periods.shape[2:]))


def layer_means(layers: tuple[Float[Array, "b t _"], ...], pooled: Bool[Array, "b t"]) -> tuple[Float[Array, "b _"], ...]:
    """The mean of each layer's vectors over `pooled`."""
    return tuple(mean_vector(layer, pooled) for layer in layers)
