"""The words that say what a symbol of a text is, and which symbols a vocabulary keeps."""

from typing import Literal

from research.config.node import Node, Positive
from research.config.subwords import Subword

Level = Literal["word", "char", "byte", Subword]


class VocabularyConfig(Node):
    """Which types of the training text keep a symbol of their own; the others become <unk>. `train_tokens` does not shorten that text.

    A subword level learns pieces until it has `size`, which it needs.
    """

    size: Positive | Literal["all"] = "all"  # the commonest types, special symbols included
    min_count: Positive = 1  # a type seen less often in training is unknown
