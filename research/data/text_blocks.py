"""A text as blocks that are read one after another, so that none need be in memory whole.

The blocks of a text put together are the text. A block ends where a line ends, or, inside a very long line, before a space: neither
Unicode's normal form nor a tokenizer looks across such a place.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from research.config.errors import StepladderError
from research.config.unicode import clean_text
from research.data.formats.text_lines import ADVICE
from research.data.utf8 import as_text

BLOCK = 2**20  # bytes of a file, or characters of a text
LONG_LINE = 2**24  # bytes after which a line is cut
Blocks = Callable[[], Iterator[str]]  # each call reads the text from its beginning


def text_blocks(text: str, size: int = BLOCK) -> Iterator[str]:
    """A text that is in memory, in blocks of about `size` characters."""
    start = 0
    while start < len(text):
        end = text.find("\n", min(start + size, len(text)) - 1) + 1 or len(text)
        yield text[start:end]
        start = end


def file_blocks(path: Path, place: str, size: int = BLOCK, long_line: int = LONG_LINE) -> Iterator[str]:
    """The text of a UTF-8 file as `as_text` reads it. Raises StepladderError, which begins with `place`, for what that raises it for."""
    is_blank, last = True, ""
    try:
        with path.open("rb") as file:
            for block in filter(None, (_decode(chunk, path, place) for chunk in _chunks(file, size, long_line))):
                is_blank, last = is_blank and not block.strip(), block[-1]
                yield block
    except OSError as error:
        raise StepladderError(f"{error.filename} cannot be read: {error.strerror}.") from error
    if is_blank:
        as_text(b"", place)
    if last != "\n":
        yield "\n"


def _decode(chunk: bytes, path: Path, place: str) -> str:
    """The text of a part of a file; where it is none, the error of the whole file, which knows its encoding and its lines."""
    try:
        text = chunk.decode("utf-8")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        as_text(path.read_bytes(), place, advice=ADVICE)
        raise StepladderError(f"{place} was changed while it was read. Run the command again.")
    return clean_text(text)


def _chunks(file: BinaryIO, size: int, long_line: int) -> Iterator[bytes]:
    """The bytes of a file, cut where a block may end."""
    rest = b""
    while piece := file.read(max(size, len(rest))):
        rest += piece
        end = _last_cut(rest, long_line)
        if end:
            yield rest[:end]
            rest = rest[end:]
    if rest:
        yield rest


def _last_cut(piece: bytes, long_line: int) -> int:
    """Behind the last end of a line, of which a CR that may be half of a CRLF is none yet; before a space, where a line is too long."""
    end = max(piece.rfind(b"\n"), piece.rfind(b"\r", 0, len(piece) - 1)) + 1
    return end or (max(0, piece.rfind(b" ")) if len(piece) >= long_line else 0)


def whole_lines(blocks: Iterator[str]) -> Iterator[str]:
    """The same text in blocks of whole lines, none of them empty."""
    parts: list[str] = []
    for block in filter(None, blocks):
        parts.append(block)
        if block.endswith("\n"):
            yield "".join(parts)
            parts = []
    if parts:
        yield "".join(parts)
