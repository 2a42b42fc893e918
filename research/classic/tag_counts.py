"""Taggers that are counted: the commonest tag of each word, and a hidden Markov model.

Shapes: s sentences, t words of the longest, v types of words, g tags, n words of all sentences, one after another.
"""

from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from research.config.classify import CommonestTag, HiddenMarkov

Sentences = Sequence[Sequence[str]]
RARE = 1  # a word that training has so often stands for those that it has not


class WordTags(NamedTuple):
    """How often each word has each tag, and every tag's share of all words; a tag that no word has counts as if one had it."""

    words: np.ndarray  # texts [v]
    counts: Int[np.ndarray, "v g"]
    shares: Float[np.ndarray, " g"]


class MarkovChain(NamedTuple):
    """Probabilities: of the first tag, of a tag behind another, of the end behind a tag, and of the words that each tag gives."""

    words: np.ndarray  # texts [v]
    first: Float[np.ndarray, " g"]
    next: Float[np.ndarray, "g g"]
    last: Float[np.ndarray, " g"]
    word: Float[np.ndarray, "v g"]
    new_word: Float[np.ndarray, " g"]  # of any that training has not


def fit_word_tags(config: CommonestTag, sentences: Sentences, tags: Int[np.ndarray, " n"], tag_count: int) -> WordTags:
    """Count the words' tags."""
    words, number = np.unique(np.array([*chain.from_iterable(sentences)], dtype=np.str_), return_inverse=True)
    counts = np.zeros((len(words), tag_count), np.int64)
    np.add.at(counts, (number, tags), 1)
    totals = counts.sum(axis=0)
    return WordTags(words, counts, (totals + 1.0) / (totals.sum() + tag_count))


def word_tag_log_probabilities(model: WordTags, sentences: Sentences) -> Float[np.ndarray, "n g"]:
    """Of each word's tags: the largest is the tag that it has most often, of equals the commonest of all."""
    number = _numbers(model.words, sentences)
    is_counted = (number >= 0)[:, None]
    counts = np.where(is_counted, model.counts[np.maximum(number, 0)], 0)
    return np.log((counts + model.shares) / (counts.sum(axis=1, keepdims=True) + 1.0))


def fit_markov_chain(config: HiddenMarkov, sentences: Sentences, tags: Int[np.ndarray, " n"], tag_count: int) -> MarkovChain:
    """Count tags behind tags, smoothed, and the words of each tag; a tag gives a new word as often as one that is there once."""
    pairs = fit_word_tags(CommonestTag(kind="commonest_tag"), sentences, tags, tag_count)
    ends = np.cumsum([len(words) for words in sentences])
    starts = np.concatenate([[0], ends[:-1]])
    follows = np.ones(len(tags), bool)
    follows[starts] = False
    behind = np.zeros((tag_count + 1, tag_count + 1))
    np.add.at(behind, (tags[np.flatnonzero(follows) - 1], tags[follows]), 1)
    np.add.at(behind, (tag_count, tags[starts]), 1)
    np.add.at(behind, (tags[ends - 1], tag_count), 1)
    behind[:, :] += config.alpha
    behind /= behind.sum(axis=1, keepdims=True)
    totals, once = pairs.counts.sum(axis=0), pairs.counts[pairs.counts.sum(axis=1) <= RARE].sum(axis=0)
    new = (once + 0.5) / (totals + 1)
    share = pairs.counts.sum(axis=1, keepdims=True) / pairs.counts.sum()
    word = (1 - new) * (pairs.counts + share) / (totals + 1)
    return MarkovChain(pairs.words, behind[-1, :-1], behind[:-1, :-1], behind[:-1, -1], word, new)


def markov_log_probabilities(model: MarkovChain, sentences: Sentences) -> Float[np.ndarray, "n g"]:
    """Of each word's tags, given all words of its sentence: sums over all sequences of tags, scaled word by word (Rabiner 1989)."""
    number, lengths = _numbers(model.words, sentences), np.array([len(words) for words in sentences])
    exists = np.arange(lengths.max()) < lengths[:, None]
    gives = np.ones((*exists.shape, len(model.first)))
    gives[exists] = np.where((number >= 0)[:, None], model.word[np.maximum(number, 0)], model.new_word)
    belief = _forward(model, gives, exists) * _backward(model, gives, exists, lengths)
    belief /= belief.sum(axis=-1, keepdims=True)
    with np.errstate(divide="ignore"):
        return np.log(belief[exists])


def _forward(model: MarkovChain, gives: Float[np.ndarray, "s t g"], exists: Bool[np.ndarray, "s t"]) -> Float[np.ndarray, "s t g"]:
    """Of each tag with the words up to its own, scaled to sum to one."""
    parts = [_scaled(model.first * gives[:, 0])]
    for place in range(1, gives.shape[1]):
        parts.append(_scaled((parts[-1] @ model.next) * gives[:, place]))
    return np.stack(parts, axis=1)


def _backward(
    model: MarkovChain, gives: Float[np.ndarray, "s t g"], exists: Bool[np.ndarray, "s t"], lengths: Int[np.ndarray, " s"]
) -> Float[np.ndarray, "s t g"]:
    """Of the words behind each tag, scaled; a sentence ends behind its last word."""
    steps = gives.shape[1]
    parts = [np.broadcast_to(_scaled(model.last), gives[:, 0].shape)]
    for place in range(steps - 2, -1, -1):
        behind = _scaled((parts[-1] * gives[:, place + 1]) @ model.next.T)
        parts.append(np.where((place + 1 < lengths)[:, None], behind, parts[0]))
    return np.stack(parts[::-1], axis=1)


def _scaled(values: Float[np.ndarray, "*s g"]) -> Float[np.ndarray, "*s g"]:
    return values / values.sum(axis=-1, keepdims=True)


def _numbers(types: np.ndarray, sentences: Sentences) -> Int[np.ndarray, " n"]:
    """The number of each word; -1 of one that is none of the types."""
    lookup = {word: number for number, word in enumerate(types.tolist())}
    return np.array([lookup.get(word, -1) for words in sentences for word in words], int)
