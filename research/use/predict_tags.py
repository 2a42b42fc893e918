"""A trained or counted tagger on any sentences: the tag of each word, and how sure it is."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from research.data.tagged_dataset import model_word
from research.tasks.tagging import tagged_words
from research.use.finished_kinds import finished_kind
from research.use.open_run import OpenRun


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
    data, answers = tagged_words(run.config), finished_kind(run.config.model).tags
    assert answers is not None, "a tagger"
    sentences = [text.split() for text in texts]
    words = [[model_word(data, word) for word in sentence] for sentence in sentences]
    log_p = answers(run.finished, words) if any(words) else np.zeros((0, 1))
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
