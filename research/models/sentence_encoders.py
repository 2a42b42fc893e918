"""What makes one vector of a sentence: a bag of words, convolutions and their maximum over time, a stack that is pooled.

Shapes: b batch, t words, d width of a word's vector, w of the sentence's.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from research.config.classify import Bag, MaxConvolution, SentenceStack
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
from research.nn.embedding import lookup
from research.nn.initialisers import draw_bias, draw_embedding, draw_weights
from research.nn.linear import dense
from research.nn.pooling import pool_words


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


def init_sentence_stack(config: SentenceStack, key: Key[Array, ""], vocabulary: int, length: int) -> StackEncoderParams:
    """One stack, or two that read in opposite directions, and the query of an attention pooling."""
    width = stack_width(config)
    query = draw_weights(config.init, jax.random.split(key, 3)[2], (width,), width) if config.pooling == "attention" else ()
    return replace(init_reading_stack(config, key, vocabulary, length), query=query)


def encode_stack(
    config: SentenceStack, params: StackEncoderParams, tokens: Int[Array, "b t"], valid: Bool[Array, "b t"], key: Key[Array, ""] | None
) -> Float[Array, "b w"]:
    """Each direction's vectors of the words, side by side, pooled. `last` is the vector that each direction comes to last."""
    vectors = word_vectors(config, params, tokens, valid, key)
    if config.pooling == "last":
        ends = (_last(valid), valid.argmax(axis=1))
        last_vectors = [jnp.take_along_axis(h, end[:, None, None], axis=1)[:, 0] for h, end in zip(vectors, ends, strict=False)]
        return jnp.where(valid.any(axis=1)[:, None], jnp.concatenate(last_vectors, axis=-1), 0)
    return pool_words(config.pooling, jnp.concatenate(vectors, axis=-1), valid, params.query)


def _last(valid: Bool[Array, "b t"]) -> Int[Array, " b"]:
    return valid.shape[1] - 1 - jnp.flip(valid, 1).argmax(axis=1)


def bag_width(config: Bag) -> int:
    """Of a word's vector."""
    return config.width


def bag_flops(config: Bag, length: int) -> float:
    """The hidden layers, computed once for a sentence."""
    return 2.0 * config.layers * config.width**2 / length


def bag_layer_names(config: Bag) -> tuple[str, ...]:
    """The hidden layers."""
    return stack_layer_names(config.layers)


def bag_layers(config: Bag, params: BagEncoderParams, tokens: Array, valid: Array, pooled: Array) -> tuple[Array, ...]:
    """What the bag would be with fewer hidden layers."""
    depths = range(1, config.layers + 1)
    bags = [config.model_copy(update={"layers": n}) for n in depths]
    weights = [replace(params, kernels=params.kernels[:n], biases=params.biases[:n]) for n in depths]
    return tuple(encode_bag(bag, bag_params, tokens, valid, None) for bag, bag_params in zip(bags, weights, strict=True))


def max_convolution_width(config: MaxConvolution) -> int:
    """Of all windows' maps."""
    return config.maps * len(config.windows)


def max_convolution_flops(config: MaxConvolution, length: int) -> float:
    """Every place where a window meets a word."""
    return sum(2.0 * window * config.width * config.maps * (length + window - 1) / length for window in config.windows)


def max_convolution_layer_names(config: MaxConvolution) -> tuple[str, ...]:
    """The one layer."""
    return ("convolution",)


def max_convolution_layers(
    config: MaxConvolution, params: ConvolutionEncoderParams, tokens: Array, valid: Array, pooled: Array
) -> tuple[Array, ...]:
    """The sentence's vector."""
    return (encode_max_convolution(config, params, tokens, valid, None),)


def no_time_steps(config: Bag | MaxConvolution, length: int) -> int:
    """Nothing waits for what came before."""
    return 0


def sentence_stack_flops(config: SentenceStack, length: int) -> float:
    """Each direction's, and those of the pooling."""
    pooling = 4.0 * stack_width(config) if config.pooling == "attention" else 0.0
    return reading_stack_flops(config, length) + pooling


def sentence_stack_layer_names(config: SentenceStack) -> tuple[str, ...]:
    """Those of a direction."""
    return stack_layer_names(config.layers)


def sentence_stack_layers(
    config: SentenceStack, params: StackEncoderParams, tokens: Array, valid: Array, pooled: Array
) -> tuple[Array, ...]:
    """Both directions side by side, where there are two; the mean over the words."""
    return layer_means(word_layers(config, params, tokens, valid), pooled)


class SentenceEncoderKind(NamedTuple):
    """What a sentence's encoder does and costs.

    init(config, key, vocabulary, length) -> params
    encode(config, params, tokens, valid, key) -> the sentence's vector [b w]
    width(config) -> w
    flops(config, length) -> those of the forward pass for one word of a sentence; what is done once for it is shared by its words
    time_steps(config, length) -> steps of one pass that must follow each other
    embedding: where the table of the words' vectors lies in params
    layer_names(config), layer_vectors(config, params, tokens, valid, pooled) -> of every layer but the embedding, a name and vectors [b _]
    """

    init: Callable[[Any, Array, int, int], PyTree]
    encode: Callable[[Any, PyTree, Array, Array, Array | None], Array]
    width: Callable[[Any], int]
    flops: Callable[[Any, int], float]
    time_steps: Callable[[Any, int], int]
    embedding: Path
    layer_names: Callable[[Any], tuple[str, ...]]
    layer_vectors: Callable[[Any, PyTree, Array, Array, Array], tuple[Array, ...]]
    word_layers: Callable[[Any, PyTree, Array, Array], tuple[Array, ...]] | None  # of each of them a vector of every word, where it has one


SENTENCE_ENCODERS: dict[type, SentenceEncoderKind] = {
    Bag: SentenceEncoderKind(
        init=init_bag,
        encode=encode_bag,
        width=bag_width,
        flops=bag_flops,
        time_steps=no_time_steps,
        embedding=("embedding",),
        layer_names=bag_layer_names,
        layer_vectors=bag_layers,
        word_layers=None,
    ),
    MaxConvolution: SentenceEncoderKind(
        init=init_max_convolution,
        encode=encode_max_convolution,
        width=max_convolution_width,
        flops=max_convolution_flops,
        time_steps=no_time_steps,
        embedding=("embedding",),
        layer_names=max_convolution_layer_names,
        layer_vectors=max_convolution_layers,
        word_layers=None,
    ),
    SentenceStack: SentenceEncoderKind(
        init=init_sentence_stack,
        encode=encode_stack,
        width=stack_width,
        flops=sentence_stack_flops,
        time_steps=reading_stack_time_steps,
        embedding=("forward", "embedding"),
        layer_names=sentence_stack_layer_names,
        layer_vectors=sentence_stack_layers,
        word_layers=word_layers,
    ),
}
