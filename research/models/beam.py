"""Beam search: the texts of highest score that a search keeping `size` prefixes of each row finds.

The score of a text is the sum of its symbols' log-probabilities over ((5 + n) / 6)^length_penalty, n its symbols with the end symbol (Wu et
al. 2016, eq. 14). Shapes: b rows, k beams of a row, v symbols that have logits.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

from research.config.decoding import Beam
from research.config.node import Node
from research.models import MODELS
from research.models.decode import decode_chunk
from research.models.row_sharding import shard_rows


class Beams(NamedTuple):
    """The best texts of each row, the best first; `tokens` and `lengths` as those of `GeneratedTokens`.

    A text without the end symbol was cut at the limit. A score of -inf stands for no text: there are fewer than k.
    """

    tokens: Int[Array, "b k n"]
    lengths: Int[Array, "b k"]
    scores: Float[Array, "b k"]


class _State(NamedTuple):
    """Before an iteration of the loop: the prefixes under way with their log-probabilities, and the best texts that have ended."""

    number: Int[Array, ""]
    carry: PyTree  # of the row's first beam, its second, ...
    prefixes: Int[Array, "b k n"]
    total: Float[Array, "b k"]
    done: Beams
    ended: Int[Array, " b"]  # how many have


class _Candidates(NamedTuple):
    """The likeliest continuations of a row's prefixes, the likeliest first."""

    beam: Int[Array, "b c"]
    symbol: Int[Array, "b c"]
    total: Float[Array, "b c"]


@partial(jax.jit, static_argnames=("config", "decoder", "steps", "end"))
def beam_search(
    config: Node, params: PyTree, carry: PyTree, logits: Float[Array, "b v"], *, decoder: Beam, steps: int, end: int | None
) -> Beams:
    """The best texts of at most `steps` symbols of each row after what `advance` returned, in one compiled loop.

    Each iteration takes the 2k likeliest continuations of a row. Those among the first k that end are done; the first k that do not end go
    on. A row stops when k have ended, so that one beam is greedy decoding whatever the penalty; what is under way at the limit counts as it
    is.
    """
    config, params, carry = MODELS[type(config)].unstack(config, params, carry)
    return shard_rows(partial(_loop, config, decoder, steps, end), params, (carry, logits))


def _loop(
    config: Node, decoder: Beam, steps: int, end: int | None, params: PyTree, row_arrays: tuple[PyTree, Float[Array, "b v"]]
) -> Beams:
    """`beam_search` by an unstacked model."""
    carry, logits = row_arrays
    model, size, (batch, _) = MODELS[type(config)], decoder.size, logits.shape
    row = jnp.arange(batch)[:, None]
    repeat = jnp.repeat(jnp.arange(batch), size)
    extend = partial(_extend, decoder, end)

    def step(state: _State) -> _State:
        last = state.prefixes[:, :, state.number - 1].reshape(-1, 1)
        active = jnp.repeat(state.ended < size, size)[:, None]
        carry, logits = decode_chunk(config, params, state.carry, last, active)
        state, beam = extend(state._replace(carry=carry), logits.reshape(batch, size, -1))
        return state._replace(carry=model.rows(state.carry, (row * size + beam).reshape(-1)))

    prefixes = jnp.full((batch, size, steps), 0 if end is None else end, jnp.int32)
    total = jnp.broadcast_to(jnp.where(jnp.arange(size) == 0, 0.0, -jnp.inf), (batch, size))
    done = Beams(prefixes, jnp.zeros((batch, size), jnp.int32), jnp.full((batch, size), -jnp.inf))
    empty = _State(jnp.int32(0), model.rows(carry, repeat), prefixes, total, done, jnp.zeros(batch, jnp.int32))
    state, _ = extend(empty, jnp.broadcast_to(logits[:, None], (batch, size, logits.shape[-1])))
    unfinished = lambda state: (state.number < steps) & (state.ended < size).any()
    return _with_unfinished(decoder, lax.while_loop(unfinished, step, state))


def length_penalty_divisor(decoder: Beam, length: Int[Array, "*n"]) -> Float[Array, "*n"]:
    """What the log-probability of a text of so many symbols is divided by."""
    return ((5 + length) / 6) ** decoder.length_penalty


def _extend(decoder: Beam, end: int | None, state: _State, logits: Float[Array, "b k v"]) -> tuple[_State, Int[Array, "b k"]]:
    """One more symbol: the state after it, save the carry, and the beam from which each prefix comes. Rows that stopped stay."""
    size, active = decoder.size, state.ended < decoder.size
    candidates = _candidates(state.total, logits, 2 * size)
    prefixes = jnp.take_along_axis(state.prefixes, candidates.beam[..., None], axis=1).at[:, :, state.number].set(candidates.symbol)
    ends = (candidates.symbol == end) if end is not None else jnp.zeros(candidates.symbol.shape, bool)
    first = jnp.arange(candidates.total.shape[1])[None] < size
    closed = ends & first & jnp.isfinite(candidates.total) & active[:, None]
    number = jnp.full(candidates.beam.shape, state.number + 1)
    score = jnp.where(closed, candidates.total / length_penalty_divisor(decoder, number), -jnp.inf)
    done = _best(state.done, Beams(prefixes, number, score), size)
    order = jnp.argsort(ends, axis=1, stable=True)[:, :size]

    def gather(leaf: Array) -> Array:
        return jnp.take_along_axis(leaf, order.reshape(order.shape + (1,) * (leaf.ndim - 2)), axis=1)

    total = jnp.where(gather(ends), -jnp.inf, gather(candidates.total))
    new_state = _State(state.number + 1, state.carry, gather(prefixes), total, done, state.ended + closed.sum(axis=1))
    return new_state, gather(candidates.beam)


def _candidates(total: Float[Array, "b k"], logits: Float[Array, "b k v"], count: int) -> _Candidates:
    """The `count` likeliest continuations, or all. Each beam's are found by its logits, whose order sums do not round away."""
    values, symbols = lax.top_k(logits, min(count, logits.shape[-1]))
    values = total[..., None] + values - jax.nn.logsumexp(logits, axis=-1, keepdims=True)

    def flat(leaf: Array) -> Array:
        return leaf.reshape(leaf.shape[0], -1)

    best, index = lax.top_k(flat(values), min(count, values.shape[1] * values.shape[2]))
    return _Candidates(index // values.shape[2], jnp.take_along_axis(flat(symbols), index, axis=1), best)


def _best(first: Beams, second: Beams, size: int) -> Beams:
    """The `size` texts of highest score."""
    both: Beams = jax.tree.map(lambda a, b: jnp.concatenate([a, b], axis=1), first, second)
    scores, index = lax.top_k(both.scores, size)
    return Beams(jnp.take_along_axis(both.tokens, index[..., None], axis=1), jnp.take_along_axis(both.lengths, index, axis=1), scores)


def _with_unfinished(decoder: Beam, state: _State) -> Beams:
    """What has ended, and of a row that did not stop also what was under way."""
    length = jnp.full(state.total.shape, state.number)
    score = jnp.where((state.ended < decoder.size)[:, None], state.total / length_penalty_divisor(decoder, length), -jnp.inf)
    return _best(state.done, Beams(state.prefixes, length, score), decoder.size)
