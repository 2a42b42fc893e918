"""The vocabulary of a training text, at any level."""

from dataclasses import replace
from functools import partial

from research.config.corpora import TextCorpus
from research.config.sentence_data import SentenceData
from research.config.tagged import Tagged
from research.data.text_blocks import Blocks, text_blocks
from research.data.tokenizer_cache import fitted_to_blocks
from research.text.tokenizers.registry import TOKENIZERS
from research.text.vocabulary import Vocabulary, counted_vocabulary, own_vocabulary, subword_vocabulary


def training_vocabulary(config: TextCorpus | SentenceData | Tagged, text: str) -> Vocabulary:
    """The vocabulary of a training text."""
    return vocabulary_of_blocks(config, partial(text_blocks, text))


def vocabulary_of_blocks(config: TextCorpus | SentenceData | Tagged, blocks: Blocks) -> Vocabulary:
    """The vocabulary of a training text that comes in blocks, of whole lines where words are counted."""
    entry, limits = TOKENIZERS[config.level], config.vocabulary
    if entry.count_types is not None:
        vocabulary = counted_vocabulary(entry.count_types(blocks()), config.level, limits.size, limits.min_count)
    elif entry.learning is not None:
        assert limits.size != "all", "the schema asks for a size"
        vocabulary = subword_vocabulary(fitted_to_blocks(blocks, config.level, limits.size))
    else:
        vocabulary = own_vocabulary(config.level)
    return replace(vocabulary, normalisation=config.normalisation)
