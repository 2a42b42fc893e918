"""Counts of n-grams inside sentences, every order at once, without a loop over n-grams.

An n-gram is a row of its order's table, and its row number is its id. A row's key packs the id of its context (the n-gram without
its last symbol, a row one order lower) and its last symbol into one integer:

    key = id of context * (V + 1) + symbol          words are 0..V - 1, <s> is V

so that an order is counted by sorting integers, and an n-gram is found again by binary search.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Int

UNSEEN = -1  # the id of an n-gram that is in no table


class NGramTable(NamedTuple):
    """The n-grams of one order, by id."""

    keys: Int[np.ndarray, " m"]  # ascending
    counts: Int[np.ndarray, " m"]  # occurrences as a prediction: zero for <s>, which is context only
    suffix: Int[np.ndarray, " m"]  # the id, one order lower, of the n-gram without its first symbol
    begins: Bool[np.ndarray, " m"]  # whether its first symbol is <s>


def text_symbols(tokens: Int[np.ndarray, " n"], eos: int, begin: int) -> Int[np.ndarray, " m"]:
    """The tokens with a begin symbol before the first of them and after each eos."""
    starts = np.concatenate([[0], np.flatnonzero(tokens[:-1] == eos) + 1])
    return np.insert(tokens.astype(np.int64), starts, begin)


def sequence_symbols(
    sequences: Int[np.ndarray, "n t"], valid: Bool[np.ndarray, "n t"], begin: int
) -> tuple[Int[np.ndarray, " m"], Int[np.ndarray, "n t+1"]]:
    """The valid tokens of each row after a begin symbol, in one stream; and where in it the first 0..t tokens of a row end."""
    rows = np.insert(sequences.astype(np.int64), 0, begin, axis=1)
    exists = np.insert(valid, 0, True, axis=1)
    return rows[exists], np.cumsum(exists).reshape(exists.shape) - 1


def position_in_sentence(symbols: Int[np.ndarray, " m"], begin: int) -> Int[np.ndarray, " m"]:
    """How many symbols of its sentence precede each symbol; zero for <s>."""
    index = np.arange(len(symbols))
    return index - np.maximum.accumulate(np.where(symbols == begin, index, 0))


def count_ngrams(symbols: Int[np.ndarray, " m"], order: int, vocabulary_size: int) -> tuple[NGramTable, ...]:
    """The tables of the orders 1..order; no n-gram crosses a begin symbol.

    The ids of one order are the contexts of the next, so that each order costs one sort of its occurrences.
    """
    base, position = vocabulary_size + 1, position_in_sentence(symbols, vocabulary_size)
    ids, tables = np.zeros_like(symbols), []
    for k in range(order):
        ends = np.flatnonzero(position >= k)
        context, suffix_ids = preceding_ids(ids)[ends], ids[ends]
        keys, rows, counts = np.unique(context * base + symbols[ends], return_inverse=True, return_counts=True)
        suffix, begins = np.empty_like(keys), np.empty(len(keys), bool)
        suffix[rows], begins[rows] = suffix_ids, position[ends] == k
        tables.append(NGramTable(keys, np.where(keys % base == vocabulary_size, 0, counts), suffix, begins))
        ids = np.full_like(symbols, UNSEEN)
        ids[ends] = rows
    return tuple(tables)


def preceding_ids(ids: Int[np.ndarray, " m"]) -> Int[np.ndarray, " m"]:
    """The id that ends one symbol earlier. The stream opens with <s>, which no table continues a context with."""
    return np.concatenate([ids[:1] * 0, ids[:-1]])


def find_ngrams(
    keys: Int[np.ndarray, " m"], context: Int[np.ndarray, "*a"], words: Int[np.ndarray, "*b"], vocabulary_size: int
) -> Int[np.ndarray, "*c"]:
    """The ids of the n-grams (context, word), broadcast together; UNSEEN where there is none, as after an unseen context."""
    query_keys = context * (vocabulary_size + 1) + words
    if not len(keys):
        return np.full_like(query_keys, UNSEEN)
    row = np.minimum(np.searchsorted(keys, query_keys), len(keys) - 1)
    return np.where(keys[row] == query_keys, row, UNSEEN)


def ngram_ids(keys: Sequence[Int[np.ndarray, " _"]], symbols: Int[np.ndarray, " m"], vocabulary_size: int) -> list[Int[np.ndarray, " m"]]:
    """The ids of the n-grams that end at each symbol, for the orders 0..len(keys); order 0 is the empty n-gram, with id 0."""
    ids = [np.zeros_like(symbols)]
    for table in keys:
        ids.append(find_ngrams(table, preceding_ids(ids[-1]), symbols, vocabulary_size))
    return ids
