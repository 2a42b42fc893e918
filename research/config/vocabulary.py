"""The words that say which symbols a vocabulary keeps, and what a level asks of them."""

from typing import Literal

from research.config.levels import level_facts
from research.config.node import Node, Positive


class VocabularyConfig(Node):
    """Which types of the training text keep a symbol of their own; the others become <unk>. `train_tokens` does not shorten that text.

    A subword level learns pieces until it has `size`, which it needs.
    """

    size: Positive | Literal["all"] = "all"  # the commonest types, special symbols included
    min_count: Positive = 1  # a type seen less often in training is unknown


def check_own_types(level: str, is_chosen: bool, place: str = "") -> None:
    """Raises ValueError where a vocabulary is chosen for a level that has types of its own. `place` stands before the words of [data]."""
    own_types = level_facts(level).own_types
    if own_types and is_chosen:
        raise ValueError(f"{place}vocabulary means nothing at the {level} level: {own_types}")


def check_learned_size(level: str, vocabulary: VocabularyConfig, place: str = "", ends: str = "ends") -> None:
    """Raises ValueError where a level that learns its pieces has no size to learn to, or a count. `ends`: where the learning does."""
    if not level_facts(level).learned:
        return
    if vocabulary.size == "all":
        raise ValueError(
            f"{place}level = {level} needs {place}vocabulary.size, a whole number: with how many symbols the learning of pieces {ends}, "
            f"<unk> and the line's end included; for instance {place}vocabulary.size = 8000"
        )
    if vocabulary.min_count > 1:
        raise ValueError(
            f"{place}vocabulary.min_count means nothing at the {level} level, whose pieces are learned; use {place}vocabulary.size"
        )
