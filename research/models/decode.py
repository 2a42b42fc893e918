"""Text drawn from a model: a prompt is one chunk, every further token a chunk of one over the carry.

A row's text is a function of its prompt and the key alone: the key of a token is that of its row and its position.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Key

from research.config.mixer import Learned
from research.config.model import LanguageModel
from research.models import MODELS


def choose(logits: Float[Array, "b v"], keys: Key[Array, " b"], temperature: float) -> Int[Array, " b"]:
    """The next token of each row: the likeliest at temperature 0 (greedy), else drawn from softmax(logits / temperature)."""
    if temperature == 0:
        return logits.argmax(axis=-1).astype(jnp.int32)
    return jax.vmap(jax.random.categorical)(keys, logits / temperature).astype(jnp.int32)


@partial(jax.jit, static_argnames=("config", "capacity", "vocabulary", "temperature"))
def prefill(
    config: Any,
    params: Any,
    prompt: Int[Array, "b t"],
    valid: Bool[Array, "b t"],
    key: Key[Array, ""],
    *,
    capacity: int,
    vocabulary: int,
    temperature: float,
) -> tuple[Any, Int[Array, " b"]]:
    """The carry after the prompts, and the first token of each row. Rows may be padded anywhere."""
    model = MODELS[type(config)]
    carry, h, _ = model.hidden(config, params, model.empty(config, prompt.shape[0], capacity, vocabulary), prompt, valid, None, False)
    last = jnp.where(valid, jnp.arange(prompt.shape[1])[None], -1).argmax(axis=1)
    h = jnp.take_along_axis(h, last[:, None, None], axis=1)[:, 0]
    return carry, choose(model.logits(config, params, h), _keys(key, prompt.shape[0], 0), temperature)


@partial(jax.jit, static_argnames=("config", "steps", "temperature"))
def proceed(
    config: Any, params: Any, carry: Any, token: Int[Array, " b"], key: Key[Array, ""], *, steps: int, temperature: float
) -> tuple[Any, Int[Array, "b n"]]:
    """`steps` further tokens of each row, one compiled loop. The carry that it returns is that of the unstacked model."""
    model = MODELS[type(config)]
    config, params, carry = model.unstack(config, params, carry)

    def step(state: tuple[Any, Array], number: Array) -> tuple[tuple[Any, Array], Array]:
        carry, token = state
        carry, h, _ = model.hidden(config, params, carry, token[:, None], jnp.ones((token.shape[0], 1), bool), None, False)
        token = choose(model.logits(config, params, h[:, 0]), _keys(key, token.shape[0], number), temperature)
        return (carry, token), token

    (carry, _), tokens = lax.scan(step, (carry, token), jnp.arange(1, steps + 1))
    return carry, tokens.T


def furthest(config: Any, length: int) -> int | None:
    """The last position that a model can reach, None where there is none: learned positions end at the training length."""
    return length if isinstance(config, LanguageModel) and isinstance(config.position, Learned) else None


def _keys(key: Key[Array, ""], rows: int, number: Any) -> Key[Array, " b"]:
    return jax.vmap(lambda row: jax.random.fold_in(jax.random.fold_in(key, row), number))(jnp.arange(rows))
