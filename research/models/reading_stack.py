"""A stack that reads whole sentences, in one direction or in both: a vector of every word.

Shapes: b batch, t words, d width of a direction, w of all directions.
"""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key

from research.config.classify import ReadingStack
from research.models.block import Use
from research.models.stack import StackParams, empty_stack, init_stack, stack_hidden
from research.models.stack_costs import stack_flops, stack_time_steps
from research.models.stack_layers import stack_layers
from research.nn.embedding import lookup


@struct.dataclass
class StackEncoderParams:
    """A stack for each direction; the backward one reads the forward one's embedding."""

    forward: StackParams
    backward: StackParams | tuple[()]
    query: Float[Array, " w"] | tuple[()]  # of attention pooling: what the words' vectors are compared with


def stack_width(config: ReadingStack) -> int:
    """Of both directions, side by side."""
    return config.width * config.stacks


def stack_use(config: ReadingStack) -> Use:
    """Masked where the words say so."""
    return Use(config.masked, None)


def init_reading_stack(config: ReadingStack, key: Key[Array, ""], vocabulary: int, length: int) -> StackEncoderParams:
    """One stack, or two that read in opposite directions."""
    key_forward, key_backward, _ = jax.random.split(key, 3)

    def init_direction(key: Key[Array, ""]) -> StackParams:
        return init_stack(config, stack_use(config), key, vocabulary, length)

    no_embedding: dict[str, Any] = {"embedding": ()}
    backward = replace(init_direction(key_backward), **no_embedding) if config.bidirectional else ()
    return StackEncoderParams(init_direction(key_forward), backward, ())


def word_vectors(
    config: ReadingStack, params: StackEncoderParams, tokens: Int[Array, "b t"], valid: Bool[Array, "b t"], key: Key[Array, ""] | None
) -> list[Float[Array, "b t d"]]:
    """Each direction's vectors, in the order of the words."""
    keys, use = (None, None) if key is None else tuple(jax.random.split(key)), stack_use(config)

    def read(stack: StackParams, tokens: Array, valid: Array, key: Array | None) -> Float[Array, "b t d"]:
        carry = empty_stack(config, use, tokens.shape[0], 0)
        return stack_hidden(config, use, stack, carry, lookup(params.forward.embedding, tokens), valid, key)[1]

    vectors = [read(params.forward, tokens, valid, keys[0])]
    if isinstance(params.backward, StackParams):
        vectors.append(jnp.flip(read(params.backward, jnp.flip(tokens, 1), jnp.flip(valid, 1), keys[1]), 1))
    return vectors


def word_layers(
    config: ReadingStack, params: StackEncoderParams, tokens: Int[Array, "b t"], valid: Bool[Array, "b t"]
) -> tuple[Float[Array, "b t w"], ...]:
    """The output of each layer, both directions side by side, where there are two."""
    use, x = stack_use(config), lookup(params.forward.embedding, tokens)
    layers = stack_layers(config, use, params.forward, x, valid)
    if not isinstance(params.backward, StackParams):
        return layers
    backward = stack_layers(config, use, params.backward, jnp.flip(x, 1), jnp.flip(valid, 1))
    return tuple(
        jnp.concatenate([forward_layer, jnp.flip(backward_layer, 1)], axis=-1)
        for forward_layer, backward_layer in zip(layers, backward, strict=True)
    )


def reading_stack_flops(config: ReadingStack, length: int) -> float:
    """Each direction's, for one word of a sentence of `length`."""
    return stack_flops(config, stack_use(config), length) * config.stacks


def reading_stack_time_steps(config: ReadingStack, length: int) -> int:
    """Each direction's."""
    return config.stacks * stack_time_steps(config, stack_use(config), length)
