"""The calls whose time is a model's latency: of one further token, or of one whole row."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import PyTree

from research.config.decoding import Greedy
from research.config.schema import Model
from research.models.decode import generate_tokens
from research.models.head_logits import row_logits
from research.tasks.sizes import Sizes
from research.tasks.translating import prefill

TOKENS = 32
Call = tuple[Callable[[], PyTree], int]


def next_symbol_call(model: Model, params: PyTree, sizes: Sizes) -> Call:
    """Further tokens of one row, greedy, in one compiled loop."""
    steps = min(TOKENS, sizes.length)
    prompt = jnp.full((1, sizes.source + 1), sizes.first_source, jnp.int32)
    carry, logits = prefill(model, params, prompt, jnp.ones(prompt.shape, bool), steps, sizes.vocabulary)
    options = {"decoder": Greedy(), "steps": steps + 1, "end": None}  # the first is chosen by the logits that are given
    return lambda: generate_tokens(model, params, carry, logits, jax.random.key(0), **options), steps


def whole_row_call(model: Model, params: PyTree, sizes: Sizes) -> Call:
    """One row of the training length, read at once."""
    tokens = jnp.zeros((1, sizes.length), jnp.int32)
    return lambda: row_logits(model, params, tokens, jnp.ones(tokens.shape, bool), sizes.vocabulary), 1
