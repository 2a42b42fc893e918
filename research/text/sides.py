"""One side of a pair: its text to symbols, and back."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from research.config.levels import level_facts
from research.config.unicode import Normalisation, lowercase, normalise_unicode
from research.text.tokenize import unicode_words
from research.text.tokenizers.tokenizer import Tokenizer, join_pieces, segment, unlearned


class Side(NamedTuple):
    """How a text is cut. At the word level, `words` says where: between spaces, or also between words and punctuation.

    A subword level has a tokenizer, which finds the pieces.
    """

    level: str
    words: Literal["spaces", "punctuation"] = "spaces"
    lower: bool = False
    tokenizer: Tokenizer | None = None
    normalisation: Normalisation = "nfc"

    @property
    def cutter(self) -> Tokenizer:
        """What cuts a text of the side."""
        return self.tokenizer or unlearned(self.level)


def normalise_text(text: str, lower: bool, form: Normalisation = "nfc") -> str:
    """A text in a normal form, so that a letter with its accent is written in one way; in lower case where that is asked."""
    return normalise_unicode(lowercase(text) if lower else text, form)


def split_symbols(side: Side, text: str) -> list[str]:
    """The symbols of a text without line ends, known or not."""
    text = normalise_text(text, side.lower, side.normalisation)
    is_cut_at_marks = level_facts(side.level).words and side.words == "punctuation"
    return unicode_words(text) if is_cut_at_marks else segment(side.cutter, text)


def join_symbols(side: Side, tokens: Iterable[str]) -> str:
    """The text of symbols: words with a space between, other symbols with nothing; bytes that are not UTF-8 become U+FFFD."""
    return join_pieces(side.cutter, tokens)
