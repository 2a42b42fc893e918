"""What each layer of a model makes of a sentence: one vector a layer, the embedding's first, of a model that is left as it is.

A layer that has a vector for each word gives their mean over `pooled`; one that has a vector for the sentence gives that. Before the
normalisation and the pooling that the output layer has before it. What lies behind `valid` changes nothing.
Shapes: b batch, t symbols; widths differ from layer to layer.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from research.config.classify import Bag, ClassifierConfig, MaxConvolution, SentenceStack
from research.config.errors import StepladderError
from research.config.model import FeedForwardLMConfig, LanguageModelConfig, StackConfig
from research.models import classifier, feed_forward_lm, language_model
from research.models.classifier import pool_words
from research.models.embeddings import input_embedding
from research.nn.embedding import lookup

EMBEDDING = "embedding"


def layer_names(config: Any) -> tuple[str, ...]:
    """What the layers are called, the embedding first. Raises StepladderError for a model without layers that read sentences."""
    if isinstance(config, FeedForwardLMConfig):
        return EMBEDDING, "hidden"
    if isinstance(config, ClassifierConfig) and isinstance(config.encoder, MaxConvolution):
        return EMBEDDING, "convolution"
    stack = config.encoder if isinstance(config, ClassifierConfig) else config
    if not isinstance(stack, Bag | StackConfig) or not isinstance(config, ClassifierConfig | LanguageModelConfig):
        raise StepladderError(f"A {config.kind} has no layers to be probed; name a run of a language_model, feed_forward_lm or classifier.")
    return EMBEDDING, *(f"layer {number}" for number in range(1, 1 + stack.layers))


@partial(jax.jit, static_argnums=0)
def layer_vectors(
    config: Any, params: Any, tokens: Int[Array, "b t"], valid: Bool[Array, "b t"], pooled: Bool[Array, "b t"]
) -> tuple[Float[Array, "b _"], ...]:
    """A vector of each row for every name of `layer_names`."""
    embedded = lookup(input_embedding(config, params).table, tokens)
    vectors = (_mean(embedded, pooled), *_LAYERS[type(config)](config, params, tokens, valid, pooled))
    return tuple(vector.astype(jnp.float32) for vector in vectors)


def _mean(h: Float[Array, "b t d"], pooled: Bool[Array, "b t"]) -> Float[Array, "b d"]:
    return pool_words("mean", h.astype(jnp.float32), pooled, ())


def _stack_layers(config: StackConfig, params: Any, tokens: Array, valid: Array) -> tuple[Float[Array, "b t d"], ...]:
    """The output of each layer."""
    carry = language_model.empty(config, tokens.shape[0], 0, 0)
    aux = language_model.hidden(config, params, carry, tokens, valid, None, True)[2]
    periods = jnp.stack([mixer_aux["output"] for mixer_aux in aux], axis=1)
    return tuple(periods.reshape(-1, *periods.shape[2:]))


def _language_model(config: LanguageModelConfig, params: Any, tokens: Array, valid: Array, pooled: Array) -> tuple[Array, ...]:
    return tuple(_mean(layer, pooled) for layer in _stack_layers(config, params, tokens, valid))


def _feed_forward_lm(config: FeedForwardLMConfig, params: Any, tokens: Array, valid: Array, pooled: Array) -> tuple[Array, ...]:
    vocabulary = params.output_bias.shape[0]
    carry = feed_forward_lm.empty(config, tokens.shape[0], 0, vocabulary)
    return (_mean(feed_forward_lm.hidden(config, params, carry, tokens, valid, None, True)[2]["hidden"], pooled),)


def _classifier(config: ClassifierConfig, params: Any, tokens: Array, valid: Array, pooled: Array) -> tuple[Array, ...]:
    encoder, encoder_params = config.encoder, params.encoder
    if isinstance(encoder, Bag):
        bags = [encoder.model_copy(update={"layers": n}) for n in range(1, encoder.layers + 1)]
        weights = [
            replace(encoder_params, kernels=encoder_params.kernels[:n], biases=encoder_params.biases[:n])
            for n in range(1, encoder.layers + 1)
        ]
        return tuple(classifier.encode_bag(bag, bag_params, tokens, valid, None) for bag, bag_params in zip(bags, weights, strict=True))
    if isinstance(encoder, MaxConvolution):
        return (classifier.encode_max_convolution(encoder, encoder_params, tokens, valid, None),)
    return tuple(_mean(layer, pooled) for layer in _encoder_layers(encoder, encoder_params, tokens, valid))


def _encoder_layers(encoder: SentenceStack, params: Any, tokens: Array, valid: Array) -> tuple[Float[Array, "b t w"], ...]:
    """Both directions side by side, where there are two."""
    forward = _stack_layers(encoder, params.forward, tokens, valid)
    if not encoder.bidirectional:
        return forward
    shared = replace(params.backward, embedding=params.forward.embedding)
    backward = _stack_layers(encoder, shared, jnp.flip(tokens, 1), jnp.flip(valid, 1))
    return tuple(
        jnp.concatenate([forward_layer, jnp.flip(backward_layer, 1)], axis=-1)
        for forward_layer, backward_layer in zip(forward, backward, strict=True)
    )


_LAYERS: dict[type, Any] = {LanguageModelConfig: _language_model, FeedForwardLMConfig: _feed_forward_lm, ClassifierConfig: _classifier}
