"""The next symbol of each row, by a decoder's rule.

Shapes: b rows, v symbols that have logits.
"""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, Key

from research.config.decoding import Greedy, StochasticDecoder, TemperatureSampling, TopK, TopP


def choose_symbols(decoder: Greedy | StochasticDecoder, logits: Float[Array, "b v"], keys: Key[Array, " b"]) -> Int[Array, " b"]:
    """The likeliest symbol (of equals the first), or one drawn by the row's key."""
    return SYMBOL_CHOICES[type(decoder)](decoder, logits, keys)


def _likeliest(decoder: Greedy, logits: Float[Array, "b v"], keys: Key[Array, " b"]) -> Int[Array, " b"]:
    return logits.argmax(axis=-1).astype(jnp.int32)


def _draw(keys: Key[Array, " b"], values: Float[Array, "b v"]) -> Int[Array, " b"]:
    return jax.vmap(jax.random.categorical)(keys, values).astype(jnp.int32)


def _draw_any(decoder: TemperatureSampling, logits: Float[Array, "b v"], keys: Key[Array, " b"]) -> Int[Array, " b"]:
    return _draw(keys, logits / decoder.temperature)


def _draw_of_k(decoder: TopK, logits: Float[Array, "b v"], keys: Key[Array, " b"]) -> Int[Array, " b"]:
    values, symbols = lax.top_k(logits / decoder.temperature, min(decoder.k, logits.shape[-1]))
    return _symbol_at(symbols, _draw(keys, values))


def _draw_of_nucleus(decoder: TopP, logits: Float[Array, "b v"], keys: Key[Array, " b"]) -> Int[Array, " b"]:
    values, symbols = lax.top_k(logits / decoder.temperature, logits.shape[-1])
    return _symbol_at(symbols, _draw(keys, _nucleus(values, decoder.p)))


def _symbol_at(symbols: Int[Array, "b v"], place: Int[Array, " b"]) -> Int[Array, " b"]:
    return jnp.take_along_axis(symbols, place[:, None], axis=-1)[:, 0].astype(jnp.int32)


SymbolChoice = Callable[[Any, Float[Array, "b v"], Key[Array, " b"]], Int[Array, " b"]]
SYMBOL_CHOICES: dict[type, SymbolChoice] = {
    Greedy: _likeliest,
    TemperatureSampling: _draw_any,
    TopK: _draw_of_k,
    TopP: _draw_of_nucleus,
}


def sampling_keys(key: Key[Array, ""], rows: Int[Array, " b"], number: int | Int[Array, ""]) -> Key[Array, " b"]:
    """The key of each row's `number`-th symbol: a function of the row's own number, whatever the batch."""
    return jax.vmap(lambda row: jax.random.fold_in(jax.random.fold_in(key, row), number))(rows)


def _nucleus(values: Float[Array, "b v"], p: float) -> Float[Array, "b v"]:
    """Falling log-weights, with -inf behind the fewest of them whose mass reaches p.

    A symbol is in the nucleus if the mass before it is below p. Summed from the least likely up, so that p = 1 keeps every symbol.
    """
    mass = jnp.cumsum(jax.nn.softmax(values)[:, ::-1], axis=-1)[:, ::-1]  # of each symbol and those less likely
    first = jnp.arange(values.shape[-1])[None] == 0
    return jnp.where(first | (mass > 1 - p), values, -jnp.inf)
