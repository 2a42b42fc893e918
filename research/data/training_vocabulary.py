"""The vocabulary of a training text, at any level."""

from dataclasses import replace

from research.config.data import SentenceData, TextCorpus
from research.data.tokenizer_cache import fitted_tokenizer
from research.text.tokenize import tokenize
from research.text.vocabulary import Vocabulary, build_vocabulary, subword_vocabulary


def training_vocabulary(config: TextCorpus | SentenceData, text: str) -> Vocabulary:
    """The vocabulary of a training text."""
    limits = config.vocabulary
    if config.level == "word" or config.level == "char" or config.level == "byte":
        vocabulary = build_vocabulary(tokenize(text, config.level), config.level, limits.size, limits.min_count)
    else:
        assert limits.size != "all", "the schema asks for a size"
        vocabulary = subword_vocabulary(fitted_tokenizer(text, config.level, limits.size))
    return replace(vocabulary, normalisation=config.normalisation)
