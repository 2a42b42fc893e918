"""What lines, marks, spellings and byte order marks are, for every file and every argument that holds a text: Unicode's answers.

LF, CRLF and CR end a line (NEL, VT, FF, U+2028 and U+2029 do not: they are white space within one). A byte order mark is no character.
A mark belongs to the character before it, and so do joiners, soft hyphens and other characters of format. The two spellings of a letter
with a mark (é, and e with U+0301) are one in normal form C. What a press puts into "don't" (U+2019) is an apostrophe.
"""

import codecs
import os
import re
import unicodedata
from pathlib import Path
from typing import Literal

from research.config.errors import StepladderError

Normalisation = Literal["nfc", "none"]
Encoding = Literal["utf-8", "latin-1", "cp1252"]
NAMES: dict[Encoding, str] = {"utf-8": "UTF-8", "latin-1": "latin-1", "cp1252": "cp1252"}
HYPHENS = "\u2010\u2011"  # as Unicode names it; and the one that ends no line
BYTE_ORDER_MARK = "\ufeff"
APOSTROPHES = "\u2019\u02bc"  # as printed; and the letter that some keyboards have for it
PLAIN = {**dict.fromkeys(map(ord, APOSTROPHES), "'"), **dict.fromkeys(map(ord, HYPHENS), "-")}
MARK = "\u0301"  # stands for every mark in an outline
JOINER = "\u200d"  # makes one sign of several
NO_WIDTH = "\u200b"  # a space, by its name and by what it is for
UNICODES = (  # the longer mark first: that of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
MANY = 10  # one byte in so many is NUL: the text has two bytes a character
CONVERSION_ADVICE = "Convert it first, for instance with `iconv -f latin1 -t utf-8`."


def decode(content: bytes, place: str, encoding: Encoding = "utf-8", advice: str = CONVERSION_ADVICE, first_line: int = 1) -> str:
    """The text of a file, or of a part that begins at `first_line`, its lines ended by `\\n`, without byte order marks.

    Raises StepladderError, which begins with `place`, for another encoding, with the line and how to convert it, and for NUL characters.
    """
    wide = _wide(content)
    if wide:
        raise StepladderError(f"{place} is {wide}, not {NAMES[encoding]}. Convert it first: `iconv -f {wide.lower()} -t utf-8`.")
    try:
        text = content.removeprefix(codecs.BOM_UTF8).decode(encoding)
    except UnicodeDecodeError as error:
        start = error.start + len(content) - len(error.object)
        line = normalise_newlines(content[:start].decode("latin-1")).count("\n") + first_line
        raise StepladderError(f"{place} is not {NAMES[encoding]}: line {line} has the byte 0x{content[start]:02x}. {advice}") from None
    if "\0" in text:
        line = normalise_newlines(text[: text.index("\0")]).count("\n") + first_line
        raise StepladderError(f"{place}, line {line}, has the character NUL, which is no text. Remove it, or save the file as UTF-8.")
    return clean_text(text)


def decode_utf8_or_cp1252(content: bytes, place: str) -> str:
    """As `decode`, of a set of data that is passed on both in UTF-8 and in cp1252, whose five bytes without a meaning are controls."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        if not _wide(content):
            content = content.decode("cp1252", "surrogateescape").translate({0xDC00 + byte: byte for byte in range(0x80, 0x100)}).encode()
    return decode(content, place)


def _wide(content: bytes) -> str:
    """UTF-16, UTF-32, or nothing. Without a mark UTF-16 is known by its NUL bytes, all of which are every second one."""
    marked = next((name for mark, name in UNICODES if content.startswith(mark)), "")
    nuls = content.count(0)
    if marked or not nuls or (MANY * nuls < len(content) and _is_utf8(content)):
        return marked
    halves = content[::2].count(0), content[1::2].count(0)
    if len(content) % 4 == 0 and 2 * nuls > len(content):
        return "UTF-32LE" if content[0] else "UTF-32BE"
    return "UTF-16LE" if halves[1] > halves[0] else "UTF-16BE"


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def clean_text(text: str) -> str:
    """A text with `\\n` at the end of its lines, and no byte order mark where a line begins: files that were put together have several."""
    text = normalise_newlines(text)
    return re.sub(f"(?m)^{BYTE_ORDER_MARK}+", "", text) if BYTE_ORDER_MARK in text else text


def normalise_newlines(text: str) -> str:
    """The text with CRLF and CR written as LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def split_lines(text: str) -> list[str]:
    """The lines of a text, whose last may have no end: `"a\\nb\\n"` and `"a\\nb"` -> a, b."""
    return text.removesuffix("\n").split("\n")


def normalise_unicode(text: str, form: Normalisation = "nfc") -> str:
    """The text in which each letter with its marks is written in one way; or as it is."""
    return unicodedata.normalize("NFC", text) if form == "nfc" and not text.isascii() else text


def lowercase(text: str) -> str:
    """The text in lower case. The dotted capital of Turkish becomes i, not an i with a second dot."""
    return text.lower() if text.isascii() else re.sub("I\u0307|\u0130", "i", text).lower()


def plain_punctuation(text: str) -> str:
    """The text with `'` for every apostrophe, and `-` for every hyphen."""
    return text if text.isascii() else text.translate(PLAIN)


class _Outline(dict[int, str]):
    """What stands for a character in an outline."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        joins = unicodedata.category(character) in ("Mn", "Mc", "Me", "Cf") or 0x1F3FB <= code <= 0x1F3FF  # the last: tones of a skin
        replacement = MARK if joins else character
        self[code] = replacement
        return replacement


OUTLINE = _Outline({**PLAIN, ord(NO_WIDTH): " ", ord(JOINER): JOINER})


def outline(text: str) -> str:
    """A text of the same length for a regular expression to look at: every mark is U+0301, every apostrophe `'`, every hyphen `-`."""
    return text if text.isascii() else text.translate(OUTLINE)


def grapheme_clusters(text: str) -> list[str]:
    """The characters of a text, each with its marks."""
    return list(text) if text.isascii() else [text[slice(*match.span())] for match in re.finditer(f"(?s).[{MARK}{JOINER}]*", outline(text))]


BIDIRECTIONAL = frozenset("\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # letters behind them change place
UNSEEN = ("Cc", "Cs", "Zl", "Zp")  # categories of what steers a terminal, is half a letter, or ends a line


def visible_text(text: str, kept: str = "") -> str:
    """A text as it is shown: what steers a terminal, breaks a line or a file, or hides, is written as `\\x1b` or `\\n`, but for `kept`."""
    if text.isprintable():
        return text
    return "".join(character if character in kept or not _is_unseen(character) else _escaped(character) for character in text)


def _is_unseen(character: str) -> bool:
    no_character = ord(character) & 0xFFFE == 0xFFFE or 0xFDD0 <= ord(character) <= 0xFDEF
    return unicodedata.category(character) in UNSEEN or character in BIDIRECTIONAL or no_character


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def argument_utf8(argument: str) -> str:
    """An argument of the command line as UTF-8, whatever the locale read it as; bytes that are none stay as they are escaped."""
    return argument.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape")


def argument_text(argument: str) -> str:
    """An argument of the command line that is a text, as `decode` would read it. Raises StepladderError for bytes that are no UTF-8."""
    text = argument_utf8(argument)
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise StepladderError(f"The text `{visible_text(text)[:60]}` has bytes that are no UTF-8, and so no text. {CONVERSION_ADVICE}")
    return clean_text(text)


def decode_path(name: str) -> Path:
    """The path that a config names, whatever the locale and whether its bytes are UTF-8 or not."""
    return Path(os.fsdecode(name.encode("utf-8", "surrogateescape")))
