"""The form of an entry for a level: how its texts are cut and joined, which types it has, what it learns, and what may vary its cut.

Nothing in an entry has a default: what is forgotten is an error at import. `State` is what a level makes of the bytes that it has learned,
None where it learns nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Int32, Integer

from research.text.tokenizers.pretokenize import WordsByLine

State = TypeVar("State")
Numbers = Integer[np.ndarray, " n"]
Cut = Callable[[str], list[str]]  # a text to its symbols


@runtime_checkable
class NumberedTypes(Protocol):
    """Types and their numbers, as a vocabulary has them."""

    @property
    def types(self) -> tuple[str, ...]:
        """Type i has the number i."""

    @property
    def unk(self) -> int | None:
        """The number of <unk>."""

    def numbers(self, tokens: Iterable[str]) -> Int32[np.ndarray, " n"]:
        """The number of each token."""


class Room(NamedTuple):
    """The room that a training text's characters need in a vocabulary, and how an error says it: `needed` has none, `otherwise` helps."""

    least: int
    needed: str
    otherwise: str


@dataclass(frozen=True)
class Learning(Generic[State]):
    """How a level learns its pieces."""

    train: Callable[[WordsByLine, list[str], int], bytes]  # (the words of each line, their characters in order, size) -> what `read` reads
    room: Callable[[frozenset[str]], Room]  # of the characters
    pieces: Callable[[State], tuple[str, ...]]  # all that was learned, in the library's order
    unknown_characters: Callable[[State, str], tuple[str, ...]]  # of a text, each once, in its order; a line's end is known


@dataclass(frozen=True)
class Merging(Generic[State]):
    """Pieces that are merges of two others."""

    merges: Callable[[State], list[tuple[str, str]]]  # in the order in which they were learned, and are applied
    drop: Callable[[State, str, np.random.Generator, float], list[str]]  # (state, text, generator, rate): each is skipped at the rate


@dataclass(frozen=True)
class SegmentationRanking(Generic[State]):
    """Segmentations that have probabilities."""

    n_best: Callable[[State, str, int], list[tuple[list[str], float]]]  # (state, text, k): the likeliest with their log-probabilities
    sample: Callable[[State, str, np.random.Generator, float, int | Literal["all"]], list[str]]  # (state, text, generator, alpha, n_best)


@dataclass(frozen=True)
class TokenizerKind(Generic[State]):
    """A level. It has one of `own_types`, `count_types` and `learning`: its types are always the same, or counted in a text, or learned."""

    line_end: str  # the symbol of a line's end
    has_unknown: bool  # whether <unk> is a type: it stands for every symbol that training has not
    libraries: tuple[str, ...]  # the packages whose versions the identity of its data holds
    revision: int  # raised where a change in its file alters its symbols; 0 where it has no library and learns nothing
    read: Callable[[bytes], State]
    cut: Callable[[State, str], list[str]]  # a text to its symbols, line ends among them, known or not
    join: Callable[[State, Iterable[str]], str]  # the inverse
    own_types: tuple[str, ...] | None
    count_types: Callable[[Iterable[str]], Counter[str]] | None  # the symbols of a text that comes in blocks
    learning: Learning[State] | None
    merging: Merging[State] | None
    ranking: SegmentationRanking[State] | None
    numbers: Callable[[NumberedTypes, Cut], Callable[[str], Numbers]]  # what numbers the blocks of a text, as fast as it can be done
    written: Callable[[str], str]  # the text that the symbols of a block are, <unk> as it was written
    shown: Callable[[str], str]  # a symbol as a reader knows it


AnyTokenizer = TokenizerKind[Any]  # whatever its state, which only its own functions read


def learns_nothing_to_read(model: bytes) -> None:
    """The state of a level that learns nothing."""


def count_symbols(cut: Cut) -> Callable[[Iterable[str]], Counter[str]]:
    """What counts the symbols of a text block by block."""

    def count(blocks: Iterable[str]) -> Counter[str]:
        counts: Counter[str] = Counter()
        for block in blocks:
            counts.update(cut(block))
        return counts

    return count


def look_up_symbols(types: NumberedTypes, cut: Cut) -> Callable[[str], Numbers]:
    """What cuts a block and looks up the number of each symbol."""
    return lambda block: types.numbers(cut(block))


def as_it_stands(text: str) -> str:
    """A text or symbol to which nothing is done."""
    return text
