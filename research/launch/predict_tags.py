"""A trained or counted tagger on any sentences: the tag of each word, and how sure it is."""

from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from research.config.tagged import Tagged
from research.data.tagged_dataset import model_word
from research.launch.open_run import OpenRun
from research.launch.probe_words import WordRows, word_rows
from research.models.head_logits import row_logits
from research.tasks.classifying import log_softmax
from research.tasks.tag_counting import COUNTED_TAGGERS

ROWS = 64  # rows at a time


class TaggedWord(NamedTuple):
    """`in_vocabulary`: whether the training text has the word."""

    word: str
    tag: str
    probability: float
    in_vocabulary: bool


class TagPrediction(NamedTuple):
    """Of one sentence."""

    text: str
    words: tuple[TaggedWord, ...]


def tag_sentences(run: OpenRun, texts: Sequence[str]) -> list[TagPrediction]:
    """The words of each sentence, which white space sets apart as in the data, with their tags; a sentence's neighbours change nothing."""
    data = run.config.data
    assert isinstance(data, Tagged), "a tagger reads tagged sentences"
    sentences = [text.split() for text in texts]
    words = [[model_word(data, word) for word in sentence] for sentence in sentences]
    log_p = _log_probabilities(run, data, words) if any(words) else np.zeros((0, 1))
    ends = np.cumsum([len(sentence) for sentence in words])
    return [
        TagPrediction(text, tuple(_tagged_words(run, sentence, read, log_p[end - len(sentence) : end])))
        for text, sentence, read, end in zip(texts, sentences, words, ends, strict=True)
    ]


def _tagged_words(run: OpenRun, words: Sequence[str], read: Sequence[str], log_p: Float[np.ndarray, "n g"]) -> list[TaggedWord]:
    lookup, tags = run.vocabulary.lookup, run.data.classes
    return [
        TaggedWord(word, tags[int(row.argmax())], float(np.exp(row.max())), as_read in lookup)
        for word, as_read, row in zip(words, read, log_p, strict=True)
    ]


def _log_probabilities(run: OpenRun, data: Tagged, words: Sequence[Sequence[str]]) -> Float[np.ndarray, "n g"]:
    kind = COUNTED_TAGGERS.get(type(run.config.model))
    if kind is not None:
        return kind.log_probabilities(run.parameters, [sentence for sentence in words if sentence])
    return log_softmax(_logits(run, word_rows(run.vocabulary, words, data.length, None), data.length).astype(np.float64))


def _logits(run: OpenRun, words: WordRows, length: int) -> Float[np.ndarray, "n g"]:
    """In batches of one shape."""
    parts = []
    for begin in range(0, len(words.rows), ROWS):
        tokens, valid = np.zeros((ROWS, length), np.int32), np.zeros((ROWS, length), bool)
        for number, symbols in enumerate(words.rows[begin : begin + ROWS]):
            tokens[number, : len(symbols)], valid[number, : len(symbols)] = symbols, True
        logits = np.asarray(row_logits(run.config.model, run.parameters, jnp.asarray(tokens), jnp.asarray(valid)))
        within = (begin <= words.row) & (words.row < begin + ROWS)
        parts.append(logits[words.row[within] - begin, words.last[within]])
    return np.concatenate(parts)
