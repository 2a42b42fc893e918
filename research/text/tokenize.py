"""Words apart from marks of punctuation, which data puts white space between before a text is cut into symbols."""

import re
from collections.abc import Iterable

from research.config.unicode import JOINER, MARK, lowercase, outline, plain_punctuation

UNKNOWN = "<unk>"

APOSTROPHE_FIRST = "tis|twas|twere|twill|twould|twixt|tween|gainst|mongst|em|fore|scape|scaped|faith|zounds|sblood|t|s|ld|ll"
APOSTROPHE_LAST = "o|i|a|t|th|wi|ha"
JOINED = rf"[{MARK}{JOINER}]"  # what belongs to the character before it, in an outline
LETTERS = rf"{JOINED}*\w[\w{MARK}{JOINER}]*"
SIGN = rf"[^\w\s]{JOINED}*(?:(?<={JOINER})[^\w\s]{JOINED}*)*"  # one that is no letter, or several that a joiner makes one
ALONE = rf"(?<![\w{MARK}{JOINER}])"
ENGLISH = re.compile(
    rf"{ALONE}'(?:{APOSTROPHE_FIRST})(?![\w{MARK}{JOINER}])"  # 'tis: not an opening quotation mark
    rf"|{ALONE}(?:{APOSTROPHE_LAST})'(?=\s+\S)"  # o' the clock: not a closing one
    rf"|{LETTERS}(?:['-]{LETTERS})*"  # love's, o'er, well-met
    rf"|--|{SIGN}"  # a dash; any other sign, alone
)
ANY_SCRIPT = re.compile(rf"{JOINED}*[^\W_](?:[^\W_]+|{JOINED})*|_{JOINED}*|{SIGN}")


def english_words(line: str, lower: bool = True) -> list[str]:
    """Words and punctuation marks of a line, in lower case: `'Tis well-met, lord's "o' the"` -> 'tis, well-met, ",", lord's, ...

    Lower case unless told otherwise, because verse gives every line a capital. Marks, apostrophes and hyphens inside a word belong to it;
    the two last are written `'` and `-`. Nothing but white space is lost.
    """
    line = lowercase(line) if lower else line
    if line.isascii():
        return ENGLISH.findall(line)
    words = (line[slice(*match.span())] for match in ENGLISH.finditer(outline(line)))
    return [plain_punctuation(word) if len(word) > 1 else word for word in words]


def unicode_words(text: str) -> list[str]:
    """Words and punctuation marks of any script: `Ein Kind, 3-jährig` -> Ein, Kind, ",", 3, -, jährig.

    A word is a run of letters, the marks on them and digits; any other character that is no space stands alone, with its marks. Nothing but
    white space is lost.
    """
    return [text[slice(*match.span())] for match in ANY_SCRIPT.finditer(outline(text))]


LETTER = re.compile(r"\w")


def is_word(token: str) -> bool:
    """Whether a token is more than punctuation."""
    return LETTER.search(token) is not None


def word_count(tokens: Iterable[str]) -> int:
    """The tokens that are more than punctuation."""
    return sum(map(bool, map(LETTER.search, tokens)))
