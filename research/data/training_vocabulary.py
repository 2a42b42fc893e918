"""The vocabulary of a training text, at any level."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import numpy as np

from research.config.data import SentenceData, TextCorpus
from research.config.tagged import Tagged
from research.config.vocabulary import Level
from research.data.text_blocks import Blocks, text_blocks
from research.data.tokenizer_cache import fitted_to_blocks
from research.text.code_points import code_points
from research.text.tokenize import tokenize
from research.text.vocabulary import Vocabulary, byte_vocabulary, counted_vocabulary, subword_vocabulary


def training_vocabulary(config: TextCorpus | SentenceData | Tagged, text: str) -> Vocabulary:
    """The vocabulary of a training text."""
    return vocabulary_of_blocks(config, partial(text_blocks, text))


def vocabulary_of_blocks(config: TextCorpus | SentenceData | Tagged, blocks: Blocks) -> Vocabulary:
    """The vocabulary of a training text that comes in blocks, of whole lines where words are counted."""
    limits = config.vocabulary
    if config.level == "byte":
        vocabulary = byte_vocabulary()
    elif config.level == "word" or config.level == "char":
        vocabulary = counted_vocabulary(_count(blocks(), config.level), config.level, limits.size, limits.min_count)
    else:
        assert limits.size != "all", "the schema asks for a size"
        vocabulary = subword_vocabulary(fitted_to_blocks(blocks, config.level, limits.size))
    return replace(vocabulary, normalisation=config.normalisation)


def _count(blocks: Iterable[str], level: Level) -> Counter[str]:
    return _count_characters(blocks) if level == "char" else _count_words(blocks)


def _count_words(blocks: Iterable[str]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for block in blocks:
        counts.update(tokenize(block, "word"))
    return counts


def _count_characters(blocks: Iterable[str]) -> Counter[str]:
    totals = np.zeros(0x110000, np.int64)
    for block in blocks:
        counts = np.bincount(code_points(block))
        totals[: len(counts)] += counts
    return Counter({chr(code): int(totals[code]) for code in np.flatnonzero(totals)})
