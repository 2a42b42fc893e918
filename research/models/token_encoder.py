"""An output at every position of a sentence: a stack reads it whole, and an output layer reads the vector of each word.

What lies behind `valid` changes nothing. Shapes: b batch, t words, w width of a word's vector, c outputs.
"""

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key

from research.config.classify import TokenEncoderConfig as Config
from research.models.fields import Path
from research.models.reading_stack import (
    StackEncoderParams,
    init_reading_stack,
    reading_stack_flops,
    reading_stack_time_steps,
    stack_width,
    word_layers,
    word_vectors,
)
from research.models.stack_layers import layer_means, stack_layer_names
from research.nn.dropout import dropout
from research.nn.initialisers import draw_bias, draw_weights
from research.nn.positions import last_position


@struct.dataclass
class TokenEncoderParams:
    encoder: StackEncoderParams
    output: Float[Array, "w c"]
    output_bias: Float[Array, " c"]


def init(config: Config, key: Key[Array, ""], vocabulary: int, length: int, outputs: int) -> TokenEncoderParams:
    """`length` is the longest row of training, where learned positions end."""
    key_encoder, key_output, key_bias = jax.random.split(key, 3)
    initialiser, width = config.encoder.init, stack_width(config.encoder)
    encoder = init_reading_stack(config.encoder, key_encoder, vocabulary, length)
    return TokenEncoderParams(
        encoder, draw_weights(initialiser, key_output, (width, outputs), width), draw_bias(initialiser, key_bias, outputs)
    )


def empty(config: Config, batch: int, capacity: int, vocabulary: int) -> tuple[()]:
    """A sentence is read at once, so nothing is carried."""
    return ()


def hidden(
    config: Config,
    params: TokenEncoderParams,
    carry: tuple[()],
    tokens: Int[Array, "b t"],
    valid: Bool[Array, "b t"],
    key: Key[Array, ""] | None = None,
    observe: bool = False,
) -> tuple[tuple[()], Float[Array, "b t w"], tuple[()]]:
    """The vector of each word, both directions side by side."""
    keys = (None, None) if key is None else tuple(jax.random.split(key))
    vectors = jnp.concatenate(word_vectors(config.encoder, params.encoder, tokens, valid, keys[0]), axis=-1)
    return (), dropout(keys[1], config.dropout, vectors), ()


def output(config: Config, params: TokenEncoderParams, precise: bool = True) -> tuple[Float[Array, "w c"], Float[Array, " c"]]:
    """Kernel and bias of the output layer, always in float32."""
    return params.output, params.output_bias


def token_encoder_flops(config: Config, vocabulary: int, length: int, outputs: int, *, scored: float) -> float:
    """Forward, for one token of a sentence of `length`; `scored`: the share of tokens that pay for the output layer."""
    return reading_stack_flops(config.encoder, length) + 2.0 * scored * stack_width(config.encoder) * outputs


def token_encoder_time_steps(config: Config, length: int, source: int) -> int:
    """Steps of one pass that must follow each other."""
    return reading_stack_time_steps(config.encoder, length)


def token_encoder_last_positions(config: Config, length: int, source: int) -> tuple[None, int | None]:
    """Where positions end that do not extrapolate."""
    return None, last_position(config.encoder.position, length)


def token_encoder_embedding_path(config: Config) -> Path:
    """Where the words' vectors lie."""
    return "encoder", "forward", "embedding"


def outside_token_encoder_body(config: Config) -> tuple[Path, ...]:
    """What is not of its body."""
    return ("output",), ("output_bias",), token_encoder_embedding_path(config)


def token_encoder_layer_names(config: Config) -> tuple[str, ...]:
    """Those of a direction."""
    return stack_layer_names(config.encoder.layers)


def token_encoder_word_layers(config: Config, params: TokenEncoderParams, tokens: Array, valid: Array) -> tuple[Array, ...]:
    """The vectors of each layer."""
    return word_layers(config.encoder, params.encoder, tokens, valid)


def token_encoder_layer_vectors(
    config: Config, params: TokenEncoderParams, tokens: Array, valid: Array, pooled: Array
) -> tuple[Array, ...]:
    """The mean over the words of each layer's vectors."""
    return layer_means(token_encoder_word_layers(config, params, tokens, valid), pooled)
