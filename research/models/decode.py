"""Text drawn from a model: a prompt is one chunk, every further symbol a chunk of one over the carry.

A row's text is a function of its prompt, the key and the row's own number: neither padding nor the other rows change it. Decoding knows a
model by its carry alone, so that a language model after its prompt and a translator after its source are decoded alike.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from research.config.decoding import Greedy, StochasticDecoder
from research.config.node import Node
from research.models import MODELS
from research.models.row_sharding import shard_rows
from research.models.sampling import choose_symbols, sampling_keys


class GeneratedTokens(NamedTuple):
    """Texts. The first `text_lengths` symbols of a row are its text, with the end symbol if it has one; behind them are end symbols."""

    tokens: Int[Array, "b n"]
    lengths: Int[Array, " b"]


class _State(NamedTuple):
    """Before an iteration of the loop: how many symbols there are of each row, and which rows go on."""

    number: Int[Array, ""]
    carry: PyTree
    last: Int[Array, " b"]
    active: Bool[Array, " b"]
    tokens: Int[Array, "n b"]


@partial(jax.jit, static_argnames="config")
def decode_chunk(
    config: Node, params: PyTree, carry: PyTree, tokens: Int[Array, "b t"], valid: Bool[Array, "b t"]
) -> tuple[PyTree, Float[Array, "b v"]]:
    """The carry after a chunk, and the logits of the symbol after the last one that exists. Rows may be padded anywhere.

    Of a row of which nothing exists the logits mean nothing.
    """
    model = MODELS[type(config)]
    carry, h, _ = model.hidden(config, params, carry, tokens, valid, None, False)
    last = jnp.where(valid, jnp.arange(tokens.shape[1])[None], -1).argmax(axis=1)
    return carry, model.logits(config, params, jnp.take_along_axis(h, last[:, None, None], axis=1)[:, 0])


@partial(jax.jit, static_argnames=("config", "decoder", "steps", "end"))
def generate_tokens(
    config: Node,
    params: PyTree,
    carry: PyTree,
    logits: Float[Array, "b v"],
    key: Key[Array, ""],
    *,
    decoder: Greedy | StochasticDecoder,
    steps: int,
    end: int | None,
    rows: Int[Array, " b"] | None = None,
) -> GeneratedTokens:
    """At most `steps` symbols of each row after what `decode_chunk` returned, in one compiled loop that stops when every row has ended.

    A row ends with its first symbol `end`; None: never. `rows`: the rows' numbers, by which they draw; by default their places. A full
    cache has to have room for what is drawn. The cores share the rows (`shard_rows`).
    """
    config, params, carry = MODELS[type(config)].unstack(config, params, carry)
    rows = jnp.arange(logits.shape[0]) if rows is None else rows
    loop = partial(_loop, config, decoder, steps, end)
    return shard_rows(loop, (params, key), (carry, logits, rows))


def _loop(
    config: Node,
    decoder: Greedy | StochasticDecoder,
    steps: int,
    end: int | None,
    shared: tuple[PyTree, Key[Array, ""]],
    row_arrays: tuple[PyTree, Float[Array, "b v"], Int[Array, " b"]],
) -> GeneratedTokens:
    """`generate_tokens` by an unstacked model."""
    (params, key), (carry, logits, rows) = shared, row_arrays
    batch = logits.shape[0]

    def next_symbols(logits: Array, number: int | Array, active: Array) -> tuple[Array, Array]:
        chosen = choose_symbols(decoder, logits, sampling_keys(key, rows, number))
        return (chosen, active) if end is None else (jnp.where(active, chosen, end), active & (chosen != end))

    def step(state: _State) -> _State:
        carry, logits = decode_chunk(config, params, state.carry, state.last[:, None], state.active[:, None])
        last, active = next_symbols(logits, state.number, state.active)
        return _State(state.number + 1, carry, last, active, state.tokens.at[state.number].set(last))

    first, active = next_symbols(logits, 0, jnp.ones(batch, bool))
    tokens = jnp.full((steps, batch), 0 if end is None else end, jnp.int32).at[0].set(first)
    unfinished = lambda state: (state.number < steps) & state.active.any()
    tokens = lax.while_loop(unfinished, step, _State(jnp.int32(1), carry, first, active, tokens)).tokens.T
    return GeneratedTokens(tokens, jnp.full(batch, steps) if end is None else text_lengths(tokens, end))


def text_lengths(tokens: Int[Array, "*b n"], end: int) -> Int[Array, "*b"]:
    """Symbols up to and with the first `end`, or all."""
    return jnp.minimum((jnp.cumsum(tokens == end, axis=-1) == 0).sum(axis=-1) + 1, tokens.shape[-1])


def without_end(tokens: Int[np.ndarray, " n"], length: int, end: int | None) -> Int[np.ndarray, " m"]:
    """The symbols of one text that are to be shown: without the end symbol, where it ended with one."""
    text = tokens[:length]
    return text[:-1] if end is not None and length and text[-1] == end else text


class ReachablePositions(NamedTuple):
    """The last position that an encoder, and what writes, can reach; None where there is none."""

    source: int | None
    text: int | None


def reachable_positions(config: Node, length: int, source: int = 0) -> ReachablePositions:
    """Positions that do not extrapolate end with training's: at `length` tokens of a row, of which the first `source` are an encoder's.

    What is counted, fitted or written has no positions, and reads on.
    """
    if type(config) not in MODELS:
        return ReachablePositions(None, None)
    return ReachablePositions(*MODELS[type(config)].last_positions(config, length, source))
