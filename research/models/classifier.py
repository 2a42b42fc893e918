"""A sentence's class: an encoder makes one vector of its words, and an output layer reads it.

`hidden` returns that vector as the one scored position of each row, so that a class is predicted as a token is. A row of no words has the
vector zero. What lies behind `valid` changes nothing. Shapes: b batch, t words, d width, c classes.
"""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key

from research.config.classify import Bag, MaxConvolution, SentenceStack
from research.config.classify import ClassifierConfig as Config
from research.models import language_model
from research.nn.dropout import dropout
from research.nn.embedding import lookup
from research.nn.initialisers import draw_bias, draw_embedding, draw_weights
from research.nn.linear import dense
from research.nn.masks import masked_softmax


@struct.dataclass
class ClassifierParams:
    encoder: Any
    output: Float[Array, "w c"]
    output_bias: Float[Array, " c"]


@struct.dataclass
class BagEncoderParams:
    embedding: Float[Array, "v d"]
    kernels: tuple[Float[Array, "d d"], ...]
    biases: tuple[Float[Array, " d"], ...]


@struct.dataclass
class ConvolutionEncoderParams:
    embedding: Float[Array, "v d"]
    kernels: tuple[Float[Array, "window*d m"], ...]
    biases: tuple[Float[Array, " m"], ...]


@struct.dataclass
class StackEncoderParams:
    """A language model without its output layer for each direction; the backward one has the forward one's embedding."""

    forward: language_model.LanguageModelParams
    backward: Any
    query: Any  # of attention pooling: what the words' vectors are compared with


def init(config: Config, key: Key[Array, ""], vocabulary: int, length: int, classes: int) -> ClassifierParams:
    """`length` is the longest row of training, where learned positions end."""
    key_encoder, key_output, key_bias = jax.random.split(key, 3)
    initialiser, width = config.encoder.init, pooled_width(config.encoder)
    encoder = _INIT[type(config.encoder)](config.encoder, key_encoder, vocabulary, length)
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
) -> tuple[tuple[()], Float[Array, "b 1 w"], Any]:
    """The sentence's vector."""
    keys = (None, None) if key is None else tuple(jax.random.split(key))
    pooled = _ENCODE[type(config.encoder)](config.encoder, params.encoder, tokens, valid, keys[0])
    return (), dropout(keys[1], config.dropout, pooled)[:, None], ()


def output(config: Config, params: ClassifierParams, precise: bool = True) -> tuple[Float[Array, "w c"], Float[Array, " c"]]:
    """Kernel and bias of the output layer, always in float32."""
    return params.output, params.output_bias


def classifier_embedding(params: ClassifierParams) -> Any:
    """The table [v d] of the words' vectors, or its shape."""
    return params.encoder.forward.embedding if isinstance(params.encoder, StackEncoderParams) else params.encoder.embedding


def with_classifier_embedding(params: ClassifierParams, table: Float[Array, "v d"]) -> ClassifierParams:
    """The same model with other vectors."""
    encoder = params.encoder
    if isinstance(encoder, StackEncoderParams):
        return replace(params, encoder=replace(encoder, forward=replace(encoder.forward, embedding=table)))
    return replace(params, encoder=replace(encoder, embedding=table))


def from_language_model(params: ClassifierParams, pretrained: language_model.LanguageModelParams) -> ClassifierParams:
    """The same classifier with a language model's embedding and stack in place of its own."""
    assert isinstance(params.encoder, StackEncoderParams), "a language model is a stack"
    return replace(params, encoder=replace(params.encoder, forward=without_output(pretrained)))


def without_output(params: language_model.LanguageModelParams) -> language_model.LanguageModelParams:
    """What an encoder has of a language model."""
    no_output: dict[str, Any] = {"output": (), "output_bias": ()}
    return replace(params, **no_output)


def pooled_width(encoder: Any) -> int:
    """How wide the sentence's vector is."""
    if isinstance(encoder, MaxConvolution):
        return encoder.maps * len(encoder.windows)
    return encoder.width * (2 if isinstance(encoder, SentenceStack) and encoder.bidirectional else 1)


def init_bag(config: Bag, key: Key[Array, ""], vocabulary: int, length: int) -> BagEncoderParams:
    """The table and the hidden layers."""
    key_embedding, *keys = jax.random.split(key, 1 + 2 * config.layers)
    width = config.width
    kernels = tuple(draw_weights(config.init, k, (width, width), width) for k in keys[: config.layers])
    biases = tuple(draw_bias(config.init, k, width) for k in keys[config.layers :])
    return BagEncoderParams(draw_embedding(config.init, config.embedding_init, key_embedding, vocabulary, width), kernels, biases)


def encode_bag(
    config: Bag, params: BagEncoderParams, tokens: Int[Array, "b t"], valid: Bool[Array, "b t"], key: Key[Array, ""] | None
) -> Float[Array, "b d"]:
    """The mean or the sum of the words' vectors, through the hidden layers. In training a word is left out with `word_dropout`."""
    if key is not None and config.word_dropout:
        valid = valid & jax.random.bernoulli(key, 1 - config.word_dropout, valid.shape)
    x = jnp.where(valid[..., None], lookup(params.embedding, tokens), 0).sum(axis=1)
    if config.combine == "mean":
        x = x / jnp.maximum(valid.sum(axis=1), 1)[:, None]
    nonlinearity = {"tanh": jnp.tanh, "relu": jax.nn.relu}[config.nonlinearity]
    for kernel, bias in zip(params.kernels, params.biases, strict=True):
        x = nonlinearity(dense(x, kernel, bias))
    return x


def init_max_convolution(config: MaxConvolution, key: Key[Array, ""], vocabulary: int, length: int) -> ConvolutionEncoderParams:
    """The table, and a kernel for each window."""
    key_embedding, *keys = jax.random.split(key, 1 + 2 * len(config.windows))
    inputs = [window * config.width for window in config.windows]
    kernels = tuple(draw_weights(config.init, k, (n, config.maps), n) for k, n in zip(keys[::2], inputs, strict=True))
    biases = tuple(draw_bias(config.init, k, config.maps) for k in keys[1::2])
    return ConvolutionEncoderParams(
        draw_embedding(config.init, config.embedding_init, key_embedding, vocabulary, config.width), kernels, biases
    )


def encode_max_convolution(
    config: MaxConvolution,
    params: ConvolutionEncoderParams,
    tokens: Int[Array, "b t"],
    valid: Bool[Array, "b t"],
    key: Key[Array, ""] | None,
) -> Float[Array, "b m"]:
    """For each window the largest response at any place where it meets a word; a sentence has window - 1 zeros on either side."""
    x = jnp.where(valid[..., None], lookup(params.embedding, tokens), 0)
    features = []
    for window, kernel, bias in zip(config.windows, params.kernels, params.biases, strict=True):
        places = x.shape[1] + window - 1
        around = [(0, 0), (window - 1, window - 1)]
        padded, exists = jnp.pad(x, [*around, (0, 0)]), jnp.pad(valid, around)
        windows = jnp.concatenate([padded[:, i : i + places] for i in range(window)], axis=-1)
        meets = jnp.stack([exists[:, i : i + places] for i in range(window)]).any(axis=0)
        response = jax.nn.relu(dense(windows, kernel, bias))
        features.append(jnp.where(meets[..., None], response, 0).max(axis=1))  # relu: nothing is below zero
    return jnp.concatenate(features, axis=-1)


def init_stack(config: SentenceStack, key: Key[Array, ""], vocabulary: int, length: int) -> StackEncoderParams:
    """One stack, or two that read in opposite directions."""
    key_forward, key_backward, key_query = jax.random.split(key, 3)
    init_direction = lambda k: without_output(language_model.init(config, k, vocabulary, length))
    no_embedding: dict[str, Any] = {"embedding": ()}
    backward = replace(init_direction(key_backward), **no_embedding) if config.bidirectional else ()
    width = pooled_width(config)
    query = draw_weights(config.init, key_query, (width,), width) if config.pooling == "attention" else ()
    return StackEncoderParams(init_direction(key_forward), backward, query)


def encode_stack(
    config: SentenceStack, params: StackEncoderParams, tokens: Int[Array, "b t"], valid: Bool[Array, "b t"], key: Key[Array, ""] | None
) -> Float[Array, "b w"]:
    """Each direction's vectors of the words, side by side, pooled. `last` is the vector that each direction comes to last."""
    keys = (None, None) if key is None else tuple(jax.random.split(key))

    def read(stack: language_model.LanguageModelParams, tokens: Array, valid: Array, key: Array | None) -> Float[Array, "b t d"]:
        carry = language_model.empty(config, tokens.shape[0], 0, 0)
        return language_model.hidden(config, stack, carry, tokens, valid, key, False)[1]

    directions = [read(params.forward, tokens, valid, keys[0])]
    if config.bidirectional:
        shared = replace(params.backward, embedding=params.forward.embedding)
        directions.append(jnp.flip(read(shared, jnp.flip(tokens, 1), jnp.flip(valid, 1), keys[1]), 1))
    if config.pooling == "last":
        ends = (_last(valid), valid.argmax(axis=1))
        last_vectors = [jnp.take_along_axis(h, end[:, None, None], axis=1)[:, 0] for h, end in zip(directions, ends, strict=False)]
        return jnp.where(valid.any(axis=1)[:, None], jnp.concatenate(last_vectors, axis=-1), 0)
    return pool_words(config.pooling, jnp.concatenate(directions, axis=-1), valid, params.query)


def pool_words(pooling: str, h: Float[Array, "b t w"], valid: Bool[Array, "b t"], query: Any) -> Float[Array, "b w"]:
    """The mean or the maximum of the words' vectors, or their mean weighted by softmax(h . query)."""
    exists = valid[..., None]
    if pooling == "mean":
        return jnp.where(exists, h, 0).sum(axis=1) / jnp.maximum(valid.sum(axis=1), 1)[:, None]
    if pooling == "max":
        highest = jnp.where(exists, h, -jnp.inf).max(axis=1)
        return jnp.where(valid.any(axis=1)[:, None], highest, 0)
    logits = jnp.einsum("btw,w->bt", h, query)
    return jnp.einsum("bt,btw->bw", masked_softmax(logits[:, None], valid[:, None])[:, 0], jnp.where(exists, h, 0))


def _last(valid: Bool[Array, "b t"]) -> Int[Array, " b"]:
    return valid.shape[1] - 1 - jnp.flip(valid, 1).argmax(axis=1)


_INIT: dict[type, Any] = {Bag: init_bag, MaxConvolution: init_max_convolution, SentenceStack: init_stack}
_ENCODE: dict[type, Any] = {Bag: encode_bag, MaxConvolution: encode_max_convolution, SentenceStack: encode_stack}
