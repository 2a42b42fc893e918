"""One side of a pair: its text to symbols, and back."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from research.config.unicode import Normalisation, lowercase, normalise_unicode
from research.config.vocabulary import Level
from research.text import subword_tokenizers
from research.text.subword_tokenizers import Tokenizer
from research.text.tokenize import detokenize, tokenize, unicode_words


class Side(NamedTuple):
    """How a text is cut. At the word level, `words` says where: between spaces, or also between words and punctuation.

    A subword level has a tokenizer, which finds the pieces.
    """

    level: Level
    words: Literal["spaces", "punctuation"] = "spaces"
    lower: bool = False
    tokenizer: Tokenizer | None = None
    normalisation: Normalisation = "nfc"


def normalise_text(text: str, lower: bool, form: Normalisation = "nfc") -> str:
    """A text in a normal form, so that a letter with its accent is written in one way; in lower case where that is asked."""
    return normalise_unicode(lowercase(text) if lower else text, form)


def split_symbols(side: Side, text: str) -> list[str]:
    """The symbols of a text without line ends, known or not."""
    text = normalise_text(text, side.lower, side.normalisation)
    if side.tokenizer is not None:
        return subword_tokenizers.segment(side.tokenizer, text)
    return unicode_words(text) if side.level == "word" and side.words == "punctuation" else tokenize(text, side.level)


def join_symbols(side: Side, tokens: Iterable[str]) -> str:
    """The text of symbols: words with a space between, other symbols with nothing; bytes that are not UTF-8 become U+FFFD."""
    return detokenize(tokens, side.level) if side.tokenizer is None else subword_tokenizers.join_pieces(side.tokenizer, tokens)
