"""What makes one vector of a sentence: a bag of words, convolutions and their maximum over time, a stack that is pooled.

Shapes: b batch, t words, d width of a word's vector, w of the sentence's.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key

from research.config.classify import Bag, MaxConvolution, SentenceStack
from research.models.fields import Path
from research.models.stack import StackParams, Use, empty_stack, init_stack, stack_hidden
from research.models.stack_costs import stack_flops, stack_time_steps
from research.models.stack_layers import layer_means, stack_layer_names, stack_layers
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


@struct.dataclass
class StackEncoderParams:
    """A stack for each direction; the backward one reads the forward one's embedding."""

    forward: StackParams
    backward: StackParams | tuple[()]
    query: Float[Array, " w"] | tuple[()]  # of attention pooling: what the words' vectors are compared with


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


def stack_width(config: SentenceStack) -> int:
    """Of both directions, side by side."""
    return config.width * directions(config)


def stack_use(config: SentenceStack) -> Use:
    """Masked where the words say so."""
    return Use(config.masked, None)


def directions(config: SentenceStack) -> int:
    """In how many directions a sentence is read."""
    return 2 if config.bidirectional else 1


def init_sentence_stack(config: SentenceStack, key: Key[Array, ""], vocabulary: int, length: int) -> StackEncoderParams:
    """One stack, or two that read in opposite directions."""
    key_forward, key_backward, key_query = jax.random.split(key, 3)
    init_direction = lambda k: init_stack(config, stack_use(config), k, vocabulary, length)
    no_embedding: dict[str, Any] = {"embedding": ()}
    backward = replace(init_direction(key_backward), **no_embedding) if config.bidirectional else ()
    width = stack_width(config)
    query = draw_weights(config.init, key_query, (width,), width) if config.pooling == "attention" else ()
    return StackEncoderParams(init_direction(key_forward), backward, query)


def encode_stack(
    config: SentenceStack, params: StackEncoderParams, tokens: Int[Array, "b t"], valid: Bool[Array, "b t"], key: Key[Array, ""] | None
) -> Float[Array, "b w"]:
    """Each direction's vectors of the words, side by side, pooled. `last` is the vector that each direction comes to last."""
    keys, use = (None, None) if key is None else tuple(jax.random.split(key)), stack_use(config)

    def read(stack: StackParams, tokens: Array, valid: Array, key: Array | None) -> Float[Array, "b t d"]:
        carry = empty_stack(config, use, tokens.shape[0], 0)
        return stack_hidden(config, use, stack, carry, lookup(params.forward.embedding, tokens), valid, key)[1]

    vectors = [read(params.forward, tokens, valid, keys[0])]
    if isinstance(params.backward, StackParams):
        vectors.append(jnp.flip(read(params.backward, jnp.flip(tokens, 1), jnp.flip(valid, 1), keys[1]), 1))
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
    return stack_flops(config, stack_use(config), length) * directions(config) + pooling


def sentence_stack_time_steps(config: SentenceStack, length: int) -> int:
    """Each direction's."""
    return directions(config) * stack_time_steps(config, stack_use(config), length)


def sentence_stack_layer_names(config: SentenceStack) -> tuple[str, ...]:
    """Those of a direction."""
    return stack_layer_names(config.layers)


def sentence_stack_layers(
    config: SentenceStack, params: StackEncoderParams, tokens: Array, valid: Array, pooled: Array
) -> tuple[Array, ...]:
    """Both directions side by side, where there are two; the mean over the words."""
    use, x = stack_use(config), lookup(params.forward.embedding, tokens)
    layers = stack_layers(config, use, params.forward, x, valid)
    if isinstance(params.backward, StackParams):
        backward = stack_layers(config, use, params.backward, jnp.flip(x, 1), jnp.flip(valid, 1))
        layers = tuple(
            jnp.concatenate([forward_layer, jnp.flip(backward_layer, 1)], axis=-1)
            for forward_layer, backward_layer in zip(layers, backward, strict=True)
        )
    return layer_means(layers, pooled)


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

    init: Callable[[Any, Array, int, int], Any]
    encode: Callable[[Any, Any, Array, Array, Array | None], Array]
    width: Callable[[Any], int]
    flops: Callable[[Any, int], float]
    time_steps: Callable[[Any, int], int]
    embedding: Path
    layer_names: Callable[[Any], tuple[str, ...]]
    layer_vectors: Callable[[Any, Any, Array, Array, Array], tuple[Array, ...]]


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
    ),
    SentenceStack: SentenceEncoderKind(
        init=init_sentence_stack,
        encode=encode_stack,
        width=stack_width,
        flops=sentence_stack_flops,
        time_steps=sentence_stack_time_steps,
        embedding=("forward", "embedding"),
        layer_names=sentence_stack_layer_names,
        layer_vectors=sentence_stack_layers,
    ),
}
