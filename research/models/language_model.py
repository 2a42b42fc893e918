"""A causal language model: embedding, stack, output.

`hidden(config, params, carry, tokens, valid, key, observe) -> (carry, h, aux)` and `output(config, params) -> (kernel, bias)`:
split so that only scored positions pay for the output layer. Shapes: b batch, t chunk, d width, v vocabulary.
"""

from dataclasses import replace
from typing import Any, TypeVar

import jax
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key

from research.config.model import LanguageModelConfig as Config
from research.models.block import Use, kernel_in
from research.models.fields import Path
from research.models.stack import StackCarry, StackParams, UnstackedCarry, empty_stack, init_stack, stack_hidden, unstack_layers
from research.models.stack_costs import stack_flops, stack_time_steps
from research.models.stack_layers import layer_means, stack_layer_names, stack_layers
from research.nn.embedding import lookup
from research.nn.initialisers import draw_bias, draw_weights
from research.nn.positions import last_position

USE = Use(masked=True, cross=None)
Carry = TypeVar("Carry", StackCarry, UnstackedCarry)


@struct.dataclass
class LanguageModelParams(StackParams):
    output: Float[Array, "d v"] | tuple[()]  # () when tied
    output_bias: Float[Array, " v"]

    @property
    def stack(self) -> StackParams:
        """Without the output layer."""
        return StackParams(self.embedding, self.position, self.blocks, self.norm)


def init(config: Config, key: Key[Array, ""], vocabulary: int, length: int) -> LanguageModelParams:
    """`length` is the training length, where learned positions end."""
    key_output, key_bias = jax.random.split(key, 5)[3:]  # the first three are the stack's
    output = () if config.tie else draw_weights(config.init, key_output, (config.width, vocabulary), config.width)
    stack = init_stack(config, USE, key, vocabulary, length)
    bias = draw_bias(config.init, key_bias, vocabulary)
    return LanguageModelParams(stack.embedding, stack.position, stack.blocks, stack.norm, output, bias)


def empty(config: Config, batch: int, capacity: int, vocabulary: int) -> StackCarry:
    """The carry before the first token. `capacity`: tokens that a full attention cache may hold; 0 for training, where a chunk is all."""
    return empty_stack(config, USE, batch, capacity)


def hidden(
    config: Config,
    params: LanguageModelParams,
    carry: Carry,
    tokens: Int[Array, "b t"],
    valid: Bool[Array, "b t"],
    key: Key[Array, ""] | None = None,
    observe: bool = False,
) -> tuple[Carry, Float[Array, "b t d"], tuple[dict[str, Array], ...]]:
    """What the output layer reads; `aux` as of `stack_hidden`."""
    return stack_hidden(config, USE, params, carry, lookup(params.embedding, tokens), valid, key, observe)


def output(config: Config, params: LanguageModelParams, precise: bool = True) -> tuple[Float[Array, "d v"], Float[Array, " v"]]:
    """Kernel and bias of the output layer; the kernel in the model's precision where it need not be `precise`, as in training."""
    kernel: Any = params.embedding.T if config.tie else params.output
    return kernel if precise else kernel_in(config.precision, kernel), params.output_bias


def unstack(config: Config, params: LanguageModelParams, carry: StackCarry) -> tuple[Config, LanguageModelParams, UnstackedCarry]:
    """The same model as one period of all its layers with an output matrix of its own: what a loop over single tokens wants."""
    kernel, _ = output(config, params)
    flat, params, unstacked = unstack_layers(config, USE, params, carry)
    return flat.model_copy(update={"tie": False}), replace(params, output=kernel), unstacked


def language_model_flops(config: Config, vocabulary: int, length: int, *, scored: float) -> float:
    """Forward, for one token of a window of `length`; `scored`: the share of tokens that pay for the output layer."""
    return stack_flops(config, USE, length) + 2.0 * scored * config.width * vocabulary


def language_model_time_steps(config: Config, length: int, source: int) -> int:
    """Steps of one pass that must follow each other."""
    return stack_time_steps(config, USE, length)


def language_model_last_positions(config: Config, length: int, source: int) -> tuple[None, int | None]:
    """Where positions end that do not extrapolate."""
    return None, last_position(config.position, length)


def language_model_embedding_path(config: Config) -> Path:
    """Where the symbols' vectors lie."""
    return ("embedding",)


def outside_language_model_body(config: Config) -> tuple[Path, ...]:
    """What is not of its body."""
    return ("output",), ("output_bias",), ("embedding",), ("position",)


def language_model_layer_names(config: Config) -> tuple[str, ...]:
    """Those of its stack."""
    return stack_layer_names(config.layers)


def language_model_word_layers(config: Config, params: LanguageModelParams, tokens: Array, valid: Array) -> tuple[Array, ...]:
    """The vectors of each layer."""
    return stack_layers(config, USE, params, lookup(params.embedding, tokens), valid)


def language_model_layers(config: Config, params: LanguageModelParams, tokens: Array, valid: Array, pooled: Array) -> tuple[Array, ...]:
    """The mean of each layer's vectors."""
    return layer_means(language_model_word_layers(config, params, tokens, valid), pooled)
