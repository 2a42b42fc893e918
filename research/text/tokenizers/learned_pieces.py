"""What levels that learn pieces have in common: a text is cut word by word, and a character that training has not is a piece alone.

No vocabulary has such a piece. Pieces hold the text itself, spaces included.
"""

from collections.abc import Iterable
from functools import lru_cache
from itertools import groupby
from typing import Protocol, runtime_checkable

from research.text.tokenizers.pretokenize import pretokenize

PRIVATE = 0xF0000  # the first of the characters of no text, which stand for others in a library


@runtime_checkable
class LearnedPieces(Protocol):
    """Pieces that were learned, and the library that cuts with them."""

    @property
    def alphabet(self) -> frozenset[str]:
        """The characters, or bytes, that are pieces."""

    def __hash__(self) -> int:
        """The object itself is the key of what was cut with it."""

    def segment_run(self, run: str) -> Iterable[str]:
        """The pieces of a run of such characters inside a word."""


def cut_words(learned: LearnedPieces, text: str) -> list[str]:
    """The pieces of a text, with the library's own segmentation of each word."""
    return [piece for word in pretokenize(text) for piece in segment_word(learned, word)]


@lru_cache(maxsize=2**16)
def segment_word(learned: LearnedPieces, word: str) -> tuple[str, ...]:
    """The pieces of a word."""
    runs = groupby(word, learned.alphabet.__contains__)
    return tuple(piece for is_known, run in runs for piece in (learned.segment_run("".join(run)) if is_known else run))


def strange_characters(learned: LearnedPieces, text: str) -> tuple[str, ...]:
    """The characters of a text that are no pieces, each once, in the text's order. Line ends are known."""
    return tuple(character for character in dict.fromkeys(text) if character != "\n" and character not in learned.alphabet)
