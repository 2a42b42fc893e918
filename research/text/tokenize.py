"""Text to tokens at three levels, and back. A line's end is a token of its own; no other symbol is added.

word   split on white space; a line's end is `</s>`
char   Unicode characters; a line's end is the newline
byte   the bytes of UTF-8, each written as the character of that number; a line's end is the newline, 10

The subword levels need a text to learn from: `subwords`.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import groupby
from typing import get_args

from research.config.data import Level

UNKNOWN = "<unk>"
LINE_END: dict[Level, str] = {level: "</s>" if level == "word" else "\n" for level in get_args(Level)}


def tokenize(text: str, level: Level) -> list[str]:
    """The tokens of `text`. Its last line has an end only if the text ends with a newline: `"a b\\nc"` -> a, b, </s>, c."""
    if level == "word":
        return text.replace("\n", f" {LINE_END['word']} ").split()
    assert level in ("char", "byte"), "the pieces of a subword level are its tokenizer's"
    return list(text if level == "char" else text.encode("utf-8").decode("latin-1"))


def join(tokens: Iterable[str], level: Level) -> str:
    """The text of tokens: the inverse of `tokenize`, where white space inside a line counts as one space at the word level.

    Bytes that are not UTF-8, as a model may generate them, become U+FFFD.
    """
    if level == "char":
        return "".join(tokens)
    if level == "byte":
        return "".join(tokens).encode("latin-1").decode("utf-8", errors="replace")
    lines = " ".join(tokens).split(LINE_END["word"])
    return "\n".join(line.strip(" ") for line in lines)


APOSTROPHE_FIRST = "tis|twas|twere|twill|twould|twixt|tween|gainst|mongst|em|fore|scape|scaped|faith|zounds|sblood|t|s|ld|ll"
APOSTROPHE_LAST = "o|i|a|t|th|wi|ha"
ENGLISH = re.compile(
    rf"(?<!\w)'(?:{APOSTROPHE_FIRST})(?!\w)"  # 'tis: not an opening quotation mark
    rf"|(?<!\w)(?:{APOSTROPHE_LAST})'(?=\s)"  # o' the clock: not a closing one
    r"|\w+(?:['-]\w+)*"  # love's, o'er, well-met
    r"|--|[^\w\s]"  # a dash; any other mark, alone
)


def english_words(line: str, lower: bool = True) -> list[str]:
    """Words and punctuation marks of a line, in lower case: `'Tis well-met, lord's "o' the"` -> 'tis, well-met, ",", lord's, ...

    Lower case unless told otherwise, because verse gives every line a capital. Apostrophes and hyphens inside a word belong to it.
    Nothing but white space is lost.
    """
    return ENGLISH.findall(line.lower() if lower else line)


def unicode_words(text: str) -> list[str]:
    """Words and punctuation marks of any script: `Ein Kind, 3-jährig` -> Ein, Kind, ",", 3, -, jährig.

    A word is a run of letters, the marks on them and digits, by their Unicode categories; any other character that is no space stands
    alone. Nothing but white space is lost.
    """
    runs = (run for chunk in text.split() for run in groupby(chunk, _in_word))
    return [word for inside, run in runs for word in (["".join(run)] if inside else run)]


def _in_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"


LETTER = re.compile(r"\w")


def is_word(token: str) -> bool:
    """Whether a token is more than punctuation."""
    return LETTER.search(token) is not None


def word_count(tokens: Iterable[str]) -> int:
    """The tokens that are more than punctuation."""
    return sum(map(bool, map(LETTER.search, tokens)))
