"""What each layer of a model makes of a sentence: one vector a layer, the embedding's first, of a model that is left as it is.

A layer that has a vector for each word gives their mean over `pooled`; one that has a vector for the sentence gives that. Before the
normalisation and the pooling that the output layer has before it. What lies behind `valid` changes nothing.
Shapes: b batch, t symbols; widths differ from layer to layer.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, PyTree

from research.config.errors import StepladderError
from research.config.node import Kinded, Node
from research.models import MODELS
from research.models.embeddings import input_embedding
from research.nn.embedding import lookup
from research.nn.pooling import mean_vector

EMBEDDING = "embedding"


def layer_names(config: Kinded) -> tuple[str, ...]:
    """What the layers are called, the embedding first. Raises StepladderError for a model without layers that read sentences."""
    kind = MODELS.get(type(config))
    if kind is None or kind.layer_names is None:
        raise StepladderError(
            f"A {config.kind} has no layers to be probed; name a run of a language_model, feed_forward_lm, token_encoder or classifier."
        )
    return EMBEDDING, *kind.layer_names(config)


@partial(jax.jit, static_argnums=0)
def layer_vectors(
    config: Node, params: PyTree, tokens: Int[Array, "b t"], valid: Bool[Array, "b t"], pooled: Bool[Array, "b t"]
) -> tuple[Float[Array, "b _"], ...]:
    """A vector of each row for every name of `layer_names`."""
    vectors_of_layers = MODELS[type(config)].layer_vectors
    assert vectors_of_layers is not None
    embedded = lookup(input_embedding(config, params).table, tokens)
    vectors = (mean_vector(embedded, pooled), *vectors_of_layers(config, params, tokens, valid, pooled))
    return tuple(vector.astype(jnp.float32) for vector in vectors)


def check_word_layers(config: Kinded) -> None:
    """Raises StepladderError for a model with a layer that has no vector of each word."""
    layer_names(config)
    if MODELS[type(config)].word_layers(config) is None:
        encoder: Kinded = getattr(config, "encoder", config)
        raise StepladderError(
            f"The layers of this {config.kind} ({encoder.kind}) have one vector of a sentence, none of each word, so tags cannot be told "
            "by them; name a run of a language_model, a token_encoder, or a classifier whose encoder is a stack."
        )


@partial(jax.jit, static_argnums=0)
def word_layer_vectors(
    config: Node, params: PyTree, tokens: Int[Array, "b t"], valid: Bool[Array, "b t"]
) -> tuple[Float[Array, "b t _"], ...]:
    """A vector of each symbol for every name of `layer_names`, of a model that `check_word_layers` lets pass."""
    layers = MODELS[type(config)].word_layers(config)
    assert layers is not None
    vectors = (lookup(input_embedding(config, params).table, tokens), *layers(config, params, tokens, valid))
    return tuple(vector.astype(jnp.float32) for vector in vectors)
