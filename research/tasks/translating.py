"""Translate: the text that a trained model writes after each source of a split, by any decoder, and what it looked at meanwhile.

Shapes: n pairs, s source, q target positions, t the row of a pair.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from research.config.decoding import Decoder
from research.config.node import Node
from research.data.dataset import Dataset, ExampleSplit
from research.data.pair_dataset import decode_target
from research.models import MODELS
from research.models.beam import beam_search
from research.models.decode import decode_chunk, generate_tokens
from research.text.sides import join_symbols, split_symbols

ROWS = 64  # translated at a time


class TranslationPrompts(NamedTuple):
    """What a model is given of a split, and what it is to write: texts as they are cut into symbols, and put together again."""

    rows: Int[np.ndarray, "n t"]  # up to <sep>, which is the last column
    valid: Bool[np.ndarray, "n t"]
    steps: int  # symbols at most, with the end: as many as the longest target of training has
    references: tuple[str, ...]


def translation_prompts(data: Dataset, split: str) -> TranslationPrompts:
    """Of pairs."""
    examples, sides = getattr(data, split), data.sides
    assert sides, "translation needs pairs"
    assert isinstance(data.train, ExampleSplit), "translation needs pairs"
    until = examples.source + 1
    texts = data.pairs[split].targets
    references = tuple(join_symbols(sides.target, split_symbols(sides.target, text)) for text in texts)
    return TranslationPrompts(examples.inputs[:, :until], examples.valid[:, :until], data.train.targets.shape[1], references)


def translate(
    model: Node,
    decoder: Decoder,
    params: PyTree,
    data: Dataset,
    split_prompts: TranslationPrompts,
    key: Key[Array, ""],
    rows_at_a_time: int = ROWS,
    buckets: int = 1,
) -> list[list[str]]:
    """The texts that the model writes for each prompt. They depend on the prompt, its place in the split and the key alone.

    `buckets`: sources of similar length are read together, as wide as the longest of so many equal parts.
    """
    assert data.sides, "translation needs pairs"
    written: dict[int, np.ndarray] = {}
    for numbers, width in source_buckets(split_prompts.valid, buckets):
        for first in range(0, len(numbers), rows_at_a_time):
            number = numbers[np.minimum(np.arange(first, first + rows_at_a_time), len(numbers) - 1)]  # one shape: the last row fills it
            rows, valid, n = split_prompts.rows[number, -width:], split_prompts.valid[number, -width:], data.vocabulary.size
            texts = np.asarray(
                translate_rows(model, decoder, params, rows, valid, key, jnp.asarray(number), split_prompts.steps, data.eos, n)
            )
            written |= dict(zip(number.tolist(), texts, strict=True))
    return [[decode_target(data.vocabulary, data.sides, text) for text in written[i]] for i in range(len(split_prompts.rows))]


def source_buckets(valid: Bool[np.ndarray, "n t"], buckets: int) -> list[tuple[Int[np.ndarray, " m"], int]]:
    """The rows of each bucket, the shortest first, and how many of the last columns hold them. Rows are right-aligned."""
    lengths = valid.sum(axis=1)
    parts = [part for part in np.array_split(np.argsort(lengths, kind="stable"), buckets) if len(part)]
    return [(part, int(lengths[part].max())) for part in parts]


@partial(jax.jit, static_argnames=("model", "decoder", "steps", "end", "vocabulary"))
def translate_rows(
    model: Node,
    decoder: Decoder,
    params: PyTree,
    rows: Int[Array, "b t"],
    valid: Bool[Array, "b t"],
    key: Key[Array, ""],
    numbers: Int[Array, " b"],
    steps: int,
    end: int | None,
    vocabulary: int,
) -> Int[Array, "b k n"]:
    """At most `steps` symbols after each prompt, source and <sep>: as many texts as the decoder's words ask for, the best first."""
    carry, logits = prefill(model, params, rows, valid, steps, vocabulary)
    if decoder.strategy == "search":
        beams: Int[Array, "b k n"] = beam_search(model, params, carry, logits, decoder=decoder, steps=steps, end=end).tokens
        return beams[:, : decoder.texts]
    keys = jax.vmap(partial(jax.random.fold_in, key))(jnp.arange(decoder.texts_per_source))

    def draw_once(key: Key[Array, ""]) -> Int[Array, "b n"]:
        drawn = generate_tokens(model, params, carry, logits, key, decoder=decoder, steps=steps, end=end, rows=numbers)
        tokens: Int[Array, "b n"] = drawn.tokens
        return tokens

    texts: Int[Array, "b k n"] = lax.map(draw_once, keys).swapaxes(0, 1)
    return texts


@partial(jax.jit, static_argnames=("model", "steps", "vocabulary"))
def prefill(
    model: Node, params: PyTree, rows: Int[Array, "b t"], valid: Bool[Array, "b t"], steps: int, vocabulary: int
) -> tuple[PyTree, Float[Array, "b v"]]:
    """The carry after the prompts, with room for `steps` further symbols, and the logits of the first."""
    kind = MODELS[type(model)]
    if kind.read:
        carry = kind.read(model, params, rows[:, :-1], valid[:, :-1], None, steps)
        rows, valid = rows[:, -1:], valid[:, -1:]
    else:
        carry = kind.empty(model, rows.shape[0], rows.shape[1] + steps, vocabulary)
    read: tuple[PyTree, Float[Array, "b v"]] = decode_chunk(model, params, carry, rows, valid)
    return read


@partial(jax.jit, static_argnames=("model", "source"))
def source_attention(
    model: Node, params: PyTree, inputs: Int[Array, "n t"], valid: Bool[Array, "n t"], source: int
) -> Float[Array, "n l h q p"] | None:
    """What each target position looks at while it reads the true target, for every layer and head; None where there is no attention."""
    kind = MODELS[type(model)]
    carry = kind.read(model, params, inputs[:, :source], valid[:, :source])
    aux = kind.hidden(model, params, carry, inputs[:, source:], valid[:, source:], None, True)[2]
    if isinstance(aux, tuple):  # of a stack: for each mixer of the pattern, stacked over the periods
        weights = jnp.stack([mixer["cross_weights"] for mixer in aux], axis=1)
        return jnp.moveaxis(weights.reshape(-1, *weights.shape[2:]), 0, 1)
    return aux["cross_weights"][:, None] if "cross_weights" in aux else None


def mean_attention(weights: Float[np.ndarray, "n l h q p"]) -> Float[np.ndarray, "n q p"]:
    """One alignment of a model with many heads: the mean of the last layer's."""
    mean: Float[np.ndarray, "n q p"] = weights[:, -1].mean(axis=1)
    return mean
