"""What a trained model that reads whole rows says of them."""

from functools import partial

import jax
from jaxtyping import Array, Bool, Float, Int, PyTree

from research.config.node import Node
from research.models import MODELS


@partial(jax.jit, static_argnums=(0, 4))
def row_logits(
    model: Node, params: PyTree, tokens: Int[Array, "b t"], valid: Bool[Array, "b t"], vocabulary: int = 0
) -> Float[Array, "b q c"]:
    """The logits at each output position, without dropout: one of a sentence's class, as many as tokens of tags.

    `vocabulary`: how many symbols there are, where what stands before a row is a symbol of its own.
    """
    kind = MODELS[type(model)]
    carry = kind.empty(model, tokens.shape[0], 0, vocabulary)
    return kind.logits(model, params, kind.hidden(model, params, carry, tokens, valid, None, False)[1])


def class_logits(model: Node, params: PyTree, tokens: Int[Array, "b t"], valid: Bool[Array, "b t"]) -> Float[Array, "b c"]:
    """Of a trained classifier."""
    logits: Float[Array, "b 1 c"] = row_logits(model, params, tokens, valid)
    return logits[:, 0]
