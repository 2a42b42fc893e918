"""What each layer of a stack makes of a sentence.

Shapes: b batch, t symbols, d width.
"""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from research.config.model import LanguageModelConfig, StackConfig
from research.models import language_model
from research.nn.pooling import mean_vector


def stack_layer_names(layers: int) -> tuple[str, ...]:
    """By their number, the first below."""
    return tuple(f"layer {number}" for number in range(1, 1 + layers))


def stack_layers(
    config: StackConfig, params: language_model.LanguageModelParams, tokens: Array, valid: Array
) -> tuple[Float[Array, "b t d"], ...]:
    """The output of each layer."""
    carry = language_model.empty(config, tokens.shape[0], 0, 0)
    aux = language_model.hidden(config, params, carry, tokens, valid, None, True)[2]
    periods = jnp.stack([mixer_aux["output"] for mixer_aux in aux], axis=1)
    return tuple(periods.reshape(-1, *periods.shape[2:]))


def layer_means(layers: tuple[Float[Array, "b t _"], ...], pooled: Bool[Array, "b t"]) -> tuple[Float[Array, "b _"], ...]:
    """The mean of each layer's vectors over `pooled`."""
    return tuple(mean_vector(layer, pooled) for layer in layers)


def language_model_layer_names(config: LanguageModelConfig) -> tuple[str, ...]:
    """Those of its stack."""
    return stack_layer_names(config.layers)


def language_model_layers(
    config: LanguageModelConfig, params: language_model.LanguageModelParams, tokens: Array, valid: Array, pooled: Array
) -> tuple[Array, ...]:
    """The mean of each layer's vectors."""
    return layer_means(stack_layers(config, params, tokens, valid), pooled)
