"""A tokenizer: a level and what it has learned. A text to its symbols and back, whatever the level.

A line's end is a symbol of its own. `join_pieces(tokenizer, segment(tokenizer, text)) == text` for every text, but for white space where
`TokenizerKind.written` says so.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal, TypeVar

import numpy as np

from research.config.errors import StepladderError
from research.text.tokenizers.pretokenize import WordsByLine
from research.text.tokenizers.registry import TOKENIZERS
from research.text.tokenizers.tokenizer_kind import AnyTokenizer, Learning

Part = TypeVar("Part")


@dataclass(frozen=True)
class Tokenizer:
    """`model` is what the level's library serialised; nothing where the level learns nothing."""

    kind: str
    model: bytes = field(repr=False)

    @property
    def entry(self) -> AnyTokenizer:
        """That of the level."""
        return TOKENIZERS[self.kind]

    @cached_property
    def state(self) -> Any:
        """What the level makes of what it learned."""
        return self.entry.read(self.model)

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        """Every piece that was learned, in the library's order."""
        return _learning(self.kind).pieces(self.state)


@lru_cache
def unlearned(level: str) -> Tokenizer:
    """The tokenizer of a level that learns nothing."""
    assert TOKENIZERS[level].learning is None, "the pieces of a subword level are its tokenizer's"
    return Tokenizer(level, b"")


def train_tokenizer(lines: Iterable[str], kind: str, size: int) -> Tokenizer:
    """A tokenizer fitted to lines (without line ends): the same lines, kind and size, the same bytes. The lines are read twice.

    `size` counts what a vocabulary adds, <unk> and the line's end; there may be fewer pieces where the text has no more. Raises
    StepladderError where the lines hold no word, and where `size` is below the characters that they hold.
    """
    words_by_line = WordsByLine(lines)
    alphabet = frozenset(character for line in words_by_line for word in line for character in word)
    if not alphabet:
        raise StepladderError("The training text has no word to learn pieces from.")
    learning = _learning(kind)
    room = learning.room(alphabet)
    if size < room.least:
        raise StepladderError(f"data.vocabulary.size = {size} has no room for {room.needed}: ask for {room.least} or more{room.otherwise}.")
    return Tokenizer(kind, learning.train(words_by_line, sorted(alphabet), size))


def segment(tokenizer: Tokenizer, text: str) -> list[str]:
    """The symbols of a text, known or not. Of levels of bytes, a symbol's characters are bytes."""
    return tokenizer.entry.cut(tokenizer.state, text)


def join_pieces(tokenizer: Tokenizer, pieces: Iterable[str]) -> str:
    """The text of symbols: the inverse of `segment`, `sample_pieces` and `segment_with_dropout`. Bytes that are not UTF-8 become U+FFFD."""
    return tokenizer.entry.join(tokenizer.state, pieces)


def unknown_characters(tokenizer: Tokenizer, text: str) -> tuple[str, ...]:
    """The characters of a text that a level's learning has not met, each once, in the text's order; none where every byte is known."""
    return _learning(tokenizer.kind).unknown_characters(tokenizer.state, text)


def merges(tokenizer: Tokenizer) -> list[tuple[str, str]]:
    """The merges in the order in which they were learned, and are applied. Raises StepladderError for a level that has none."""
    return _part(tokenizer, lambda entry: entry.merging, "merges").merges(tokenizer.state)


def segment_with_dropout(tokenizer: Tokenizer, text: str, rng: np.random.Generator, rate: float) -> list[str]:
    """BPE in which each merge that applies is skipped with probability `rate`, drawn anew after each merge (Provilkov et al. 2020).

    Rate 0 is `segment`, 1 leaves the alphabet. Raises StepladderError for a level without merges.
    """
    return _part(tokenizer, lambda entry: entry.merging, "merges to drop").drop(tokenizer.state, text, rng, rate)


def n_best_segmentations(tokenizer: Tokenizer, text: str, k: int) -> list[tuple[list[str], float]]:
    """The k likeliest segmentations of a text, best first, each with its log-probability given the text: over all of them the
    probabilities add up to 1. Raises StepladderError for a level without probabilities."""
    return _part(tokenizer, lambda entry: entry.ranking, NO_PROBABILITIES).n_best(tokenizer.state, text, k)


def sample_pieces(
    tokenizer: Tokenizer, text: str, rng: np.random.Generator, alpha: float, n_best: int | Literal["all"] = "all"
) -> list[str]:
    """A segmentation of a text, drawn with probability ~ p^alpha among the `n_best_segmentations` likeliest or among all (Kudo 2018).

    Raises StepladderError for a level without probabilities.
    """
    return _part(tokenizer, lambda entry: entry.ranking, NO_PROBABILITIES).sample(tokenizer.state, text, rng, alpha, n_best)


NO_PROBABILITIES = "probabilities, and so no other segmentation to rank or draw"


def levels_with(part: Callable[[AnyTokenizer], Part | None]) -> tuple[str, ...]:
    """The levels whose entries have a part, in their order."""
    return tuple(level for level, entry in TOKENIZERS.items() if part(entry) is not None)


def _part(tokenizer: Tokenizer, part: Callable[[AnyTokenizer], Part | None], what: str) -> Part:
    value = part(tokenizer.entry)
    if value is None:
        levels = " or ".join(levels_with(part))
        raise StepladderError(f"A tokenizer of the {tokenizer.kind} level has no {what}; use data.level = {levels}.")
    return value


def _learning(level: str) -> Learning[Any]:
    learning = TOKENIZERS[level].learning
    assert learning is not None, f"the {level} level learns no pieces"
    return learning
