"""The next symbol of each row, by a decoder's rule.

Shapes: b rows, v symbols that have logits.
"""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, Key

from research.config.decoding import Greedy, StochasticDecoder, TopK, TopP


def choose_symbols(decoder: Greedy | StochasticDecoder, logits: Float[Array, "b v"], keys: Key[Array, " b"]) -> Int[Array, " b"]:
    """The likeliest symbol (of equals the first), or one drawn by the row's key."""
    if isinstance(decoder, Greedy):
        return logits.argmax(axis=-1).astype(jnp.int32)
    values = logits / decoder.temperature
    draw = jax.vmap(jax.random.categorical)
    match decoder:
        case TopK():
            values, symbols = lax.top_k(values, min(decoder.k, values.shape[-1]))
        case TopP():
            values, symbols = lax.top_k(values, values.shape[-1])
            values = _nucleus(values, decoder.p)
        case _:
            return draw(keys, values).astype(jnp.int32)
    return jnp.take_along_axis(symbols, draw(keys, values)[:, None], axis=-1)[:, 0].astype(jnp.int32)


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
