"""What a trained model that reads whole rows says of them."""

from functools import partial
from typing import Any

import jax
from jaxtyping import Array, Bool, Float, Int

from research.models import MODELS


@partial(jax.jit, static_argnums=0)
def row_logits(model: Any, params: Any, tokens: Int[Array, "b t"], valid: Bool[Array, "b t"]) -> Float[Array, "b q c"]:
    """The logits at each output position, without dropout: one of a sentence's class, as many as tokens of tags."""
    kind = MODELS[type(model)]
    return kind.logits(model, params, kind.hidden(model, params, (), tokens, valid, None, False)[1])


def class_logits(model: Any, params: Any, tokens: Int[Array, "b t"], valid: Bool[Array, "b t"]) -> Float[Array, "b c"]:
    """Of a trained classifier."""
    return row_logits(model, params, tokens, valid)[:, 0]
