"""A sentence's class or number: an encoder makes one vector of its words, and an output layer reads it.

`hidden` returns that vector as the one scored position of each row, so that a class is predicted as a token is. A row of no words has the
vector zero. What lies behind `valid` changes nothing. Shapes: b batch, t words, d width, c classes, or 1 of a number.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from research.config.classify import SentenceModel as Config
from research.models.fields import Path
from research.models.sentence_encoders import SENTENCE_ENCODERS, SentenceEncoderKind
from research.nn.dropout import dropout
from research.nn.initialisers import draw_bias, draw_weights


@struct.dataclass
class ClassifierParams:
    encoder: PyTree
    output: Float[Array, "w c"]
    output_bias: Float[Array, " c"]


def sentence_encoder_kind(config: Config) -> SentenceEncoderKind:
    """The entry of its encoder."""
    return SENTENCE_ENCODERS[type(config.encoder)]


def init(config: Config, key: Key[Array, ""], vocabulary: int, length: int, classes: int) -> ClassifierParams:
    """`length` is the longest row of training, where learned positions end."""
    key_encoder, key_output, key_bias = jax.random.split(key, 3)
    kind, initialiser = sentence_encoder_kind(config), config.encoder.init
    encoder, width = kind.init(config.encoder, key_encoder, vocabulary, length), kind.width(config.encoder)
    return ClassifierParams(
        encoder, draw_weights(initialiser, key_output, (width, classes), width), draw_bias(initialiser, key_bias, classes)
    )


def empty(config: Config, batch: int, capacity: int, vocabulary: int) -> tuple[()]:
    """A sentence is read at once, so nothing is carried."""
    return ()


def hidden(
    config: Config,
    params: ClassifierParams,
    carry: tuple[()],
    tokens: Int[Array, "b t"],
    valid: Bool[Array, "b t"],
    key: Key[Array, ""] | None = None,
    observe: bool = False,
) -> tuple[tuple[()], Float[Array, "b 1 w"], tuple[()]]:
    """The sentence's vector."""
    keys = (None, None) if key is None else tuple(jax.random.split(key))
    pooled = sentence_encoder_kind(config).encode(config.encoder, params.encoder, tokens, valid, keys[0])
    return (), dropout(keys[1], config.dropout, pooled)[:, None], ()


def output(config: Config, params: ClassifierParams, precise: bool = True) -> tuple[Float[Array, "w c"], Float[Array, " c"]]:
    """Kernel and bias of the output layer, always in float32."""
    return params.output, params.output_bias


def classifier_flops(config: Config, vocabulary: int, length: int, classes: int, *, scored: float) -> float:
    """Forward, for one token of a sentence of `length`; `scored`: the share of tokens that pay for the output layer."""
    kind = sentence_encoder_kind(config)
    return kind.flops(config.encoder, length) + 2.0 * scored * kind.width(config.encoder) * classes


def classifier_time_steps(config: Config, length: int, source: int) -> int:
    """Steps of one pass that must follow each other."""
    return sentence_encoder_kind(config).time_steps(config.encoder, length)


def classifier_last_positions(config: Config, length: int, source: int) -> tuple[None, None]:
    """A sentence is cut to the training length, so no text goes beyond it."""
    return None, None


def classifier_embedding_path(config: Config) -> Path:
    """Where the words' vectors lie."""
    return ("encoder", *sentence_encoder_kind(config).embedding)


def outside_classifier_body(config: Config) -> tuple[Path, ...]:
    """What is not of its body."""
    return ("output",), ("output_bias",), classifier_embedding_path(config)


def classifier_layer_names(config: Config) -> tuple[str, ...]:
    """Those of its encoder."""
    return sentence_encoder_kind(config).layer_names(config.encoder)


def classifier_layer_vectors(config: Config, params: ClassifierParams, tokens: Array, valid: Array, pooled: Array) -> tuple[Array, ...]:
    """Those of its encoder."""
    return sentence_encoder_kind(config).layer_vectors(config.encoder, params.encoder, tokens, valid, pooled)


def classifier_word_layers(config: Config) -> Callable[[Config, ClassifierParams, Array, Array], tuple[Array, ...]] | None:
    """Those of its encoder; None where that has no vector of each word."""
    layers = sentence_encoder_kind(config).word_layers
    return None if layers is None else partial(_encoder_word_layers, layers)


def _encoder_word_layers(
    layers: Callable[[Any, Any, Array, Array], tuple[Array, ...]], config: Config, params: ClassifierParams, tokens: Array, valid: Array
) -> tuple[Array, ...]:
    return layers(config.encoder, params.encoder, tokens, valid)
