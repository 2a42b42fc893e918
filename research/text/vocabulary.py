"""The types of a text and their numbers."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Literal, SupportsInt

import numpy as np
from jaxtyping import Int32

from research.config.errors import StepladderError
from research.config.unicode import Normalisation, normalise_unicode
from research.text.tokenize import UNKNOWN
from research.text.tokenizers.registry import TOKENIZERS
from research.text.tokenizers.tokenizer import Tokenizer, join_pieces, segment, unlearned


@dataclass(frozen=True)
class Vocabulary:
    """Type i is `types[i]`. `unk` is the number of <unk>, `eos` that of a line's end; None where there is none.

    A subword level has a tokenizer, which finds the pieces that the types number. Every text is put into the normal form first.
    """

    types: tuple[str, ...]
    level: str = "word"
    unk: int | None = None
    eos: int | None = None
    tokenizer: Tokenizer | None = None
    normalisation: Normalisation = "nfc"

    @property
    def size(self) -> int:
        return len(self.types)

    @property
    def ordinary_types(self) -> tuple[str, ...]:
        """The types without <unk> and the line's end."""
        return tuple(kind for number, kind in enumerate(self.types) if number not in (self.unk, self.eos))

    @property
    def cutter(self) -> Tokenizer:
        """What cuts a text into the tokens that the types number."""
        return self.tokenizer or unlearned(self.level)

    @cached_property
    def lookup(self) -> dict[str, int]:
        """From a type to its number."""
        return {kind: number for number, kind in enumerate(self.types)}

    def numbers(self, tokens: Iterable[str]) -> Int32[np.ndarray, "n"]:
        """The number of each token. Raises StepladderError for a token that is unknown where there is no <unk>."""
        numbers = np.fromiter(map(self.lookup.get, tokens, repeat(-1)), np.int32)
        if self.unk is not None:
            return np.where(numbers < 0, np.int32(self.unk), numbers)
        if (numbers < 0).any():
            first_types = ", ".join(self.types[:8])
            raise StepladderError(
                f"The text has a symbol that this vocabulary of {self.size} types lacks, and it has no {UNKNOWN}. It knows "
                f"{first_types}, ..."
            )
        return numbers

    def encode(self, text: str) -> Int32[np.ndarray, "n"]:
        """The numbers of the tokens of `text`; newlines become line ends."""
        return self.numbers(self.tokens(text))

    def tokens(self, text: str) -> list[str]:
        """The tokens of `text`, known or not."""
        return segment(self.cutter, normalise_unicode(text, self.normalisation))

    def decode(self, numbers: Iterable[SupportsInt]) -> str:
        """The text of numbers."""
        return self.text(self.types[int(number)] for number in numbers)

    def text(self, tokens: Iterable[str]) -> str:
        """The text of tokens."""
        return join_pieces(self.cutter, tokens)


def own_vocabulary(level: str) -> Vocabulary:
    """The types that a level has whatever the text, such as the 256 bytes. Nothing is unknown."""
    entry = TOKENIZERS[level]
    assert entry.own_types is not None, "a text decides which types there are"
    return Vocabulary(entry.own_types, level, unk=None, eos=entry.own_types.index(entry.line_end))


def subword_vocabulary(tokenizer: Tokenizer) -> Vocabulary:
    """<unk>, the line's end, and the pieces in the order of the library; of bytes the pieces alone, a newline among them."""
    entry = tokenizer.entry
    types = (UNKNOWN, entry.line_end, *tokenizer.pieces) if entry.has_unknown else tokenizer.pieces
    unk = 0 if entry.has_unknown else None
    return Vocabulary(types, tokenizer.kind, unk=unk, eos=types.index(entry.line_end), tokenizer=tokenizer)


def build_vocabulary(tokens: Iterable[str], level: str, size: int | Literal["all"] = "all", min_count: int = 1) -> Vocabulary:
    """The types of the training text, the commonest first, ties by text.

    Kept are the types seen at least `min_count` times, of these the `size` commonest, special symbols included. The others
    are <unk>, and so are types of valid and test that training has not. <unk> is always there, also when nothing in training
    is unknown: a word of the test text, or of a prompt, may be. A <unk> in the text itself is that same symbol (word level).
    Raises StepladderError where `size` has no room beside the special symbols.
    """
    return own_vocabulary(level) if TOKENIZERS[level].own_types else counted_vocabulary(Counter(tokens), level, size, min_count)


def counted_vocabulary(counts: Counter[str], level: str, size: int | Literal["all"] = "all", min_count: int = 1) -> Vocabulary:
    """The vocabulary of a text whose tokens were counted: see `build_vocabulary`."""
    line_end = TOKENIZERS[level].line_end
    special = (UNKNOWN, line_end)
    if size != "all" and size <= len(special):
        raise StepladderError(
            f"data.vocabulary.size = {size} leaves no type beside the special symbols {UNKNOWN} and the line's end: ask for 3 or more."
        )
    total, counted_special = counts.total(), {symbol: counts[symbol] for symbol in special}
    frequent = sorted(
        (kind for kind, count in counts.items() if count >= min_count and kind not in special), key=lambda kind: (-counts[kind], kind)
    )
    frequent = frequent if size == "all" else frequent[: size - len(special)]
    type_counts = {kind: counts[kind] for kind in frequent} | {line_end: counted_special[line_end]}
    type_counts[UNKNOWN] = total - sum(type_counts.values())
    types = tuple(sorted(type_counts, key=lambda kind: (-type_counts[kind], kind)))
    return Vocabulary(types, level, unk=types.index(UNKNOWN), eos=types.index(line_end))
