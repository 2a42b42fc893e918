"""The words of data whose examples are sentences."""

from typing import ClassVar, Literal

from research.config.data_kind import DataConfig
from research.config.levels import Level
from research.config.node import Positive
from research.config.unicode import Normalisation
from research.config.vocabulary import VocabularyConfig, check_own_types


class SentenceData(DataConfig):
    """What every set of sentences has, whatever is told of each. A model of fixed length reads a sentence's first `length` symbols.

    What is counted (bags of words, n-grams) reads words. At another level a trained model reads the words' characters, bytes or pieces,
    with a space between two words.
    """

    reads: ClassVar[Literal["sentences"]] = "sentences"
    limits: ClassVar[tuple[str, ...]] = ("train_sentences",)
    level: Level = "word"
    length: Positive = 64
    lower: bool = True  # for models; rules read the sentence as it is
    vocabulary: VocabularyConfig = VocabularyConfig()
    train_sentences: Positive | Literal["all"] = "all"  # learn from so many, the first of a fixed shuffle
    normalisation: Normalisation = "nfc"  # the two spellings of a letter with a mark are one; none: a text is as it was written

    @property
    def is_tokenized(self) -> bool:
        """Whether words are what stands between white space."""
        return False

    def check(self) -> None:
        """A level that has types of its own has no vocabulary to choose."""
        check_own_types(self.level, "vocabulary" in self.model_fields_set, "data.")
