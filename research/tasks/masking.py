"""Which tokens are hidden from a masked model.

Shapes: b rows, t tokens, n hidden tokens of a row.
"""

import math
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Int, Key

from research.config.task import MaskedLanguageModelling


class Hidden(NamedTuple):
    """What a model reads, and the positions that it is asked for."""

    inputs: Int[Array, "b t"]
    where: Int[Array, "b n"]


def hidden_count(config: MaskedLanguageModelling, length: int) -> int:
    """How many of a window's tokens are hidden in training: the share, at least one."""
    return max(1, round(config.share * length))


def hide_tokens(config: MaskedLanguageModelling, tokens: Int[Array, "b t"], key: Key[Array, ""], mask: int) -> Hidden:
    """What a model reads in training, and which tokens it is asked for (Devlin et al. 2019, sec. 3.1): as many of every row.

    A hidden token is <mask> (the number `mask`, behind all symbols), a symbol drawn evenly, or itself, with the probabilities of `config`.
    """
    key_place, key_kind, key_symbol = jax.random.split(key, 3)
    where = _hidden_places(config, key_place, tokens.shape)
    kind, drawn = jax.random.uniform(key_kind, where.shape), jax.random.randint(key_symbol, where.shape, 0, mask)
    true = jnp.take_along_axis(tokens, where, axis=1)
    replaced = jnp.where(kind < config.masked, mask, jnp.where(kind < config.masked + config.random, drawn, true))
    return Hidden(jnp.put_along_axis(tokens, where, replaced, axis=1, inplace=False), where)


def _hidden_places(config: MaskedLanguageModelling, key: Key[Array, ""], shape: tuple[int, ...]) -> Int[Array, "b n"]:
    """In ascending order. A row is cut into spans at a random place, and spans are hidden in a random order, the last perhaps in part."""
    rows, length = shape
    key_cut, key_order = jax.random.split(key)
    span = (jnp.arange(length)[None] + jax.random.randint(key_cut, (rows, 1), 0, config.span)) // config.span
    order = jax.random.uniform(key_order, (rows, length // config.span + 2))
    places = jnp.argsort(jnp.take_along_axis(order, span, axis=1), axis=1)[:, : hidden_count(config, length)]
    return jnp.sort(places, axis=1)


def evaluation_groups(config: MaskedLanguageModelling) -> int:
    """How many times a window is read so that each of its tokens is hidden once, `config.share` of them at a time."""
    return math.ceil(1 / config.share)


def group_of_token(config: MaskedLanguageModelling, number: Int[np.ndarray, "*n"]) -> Int[np.ndarray, "*n"]:
    """In which reading a token is hidden, by its number in the split alone: neighbours of a span together, spans in a fixed shuffle."""
    groups, span = evaluation_groups(config), number // config.span
    rank = np.random.default_rng(0).permuted(np.tile(np.arange(groups), (1024, 1)), axis=1).astype(np.int32)
    group: Int[np.ndarray, "*n"] = rank[span // groups % len(rank), span % groups]
    return group
