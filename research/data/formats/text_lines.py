"""The lines of a file of text, decoded a block at a time, so that a file of any size passes through little memory."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from research.config.unicode import Encoding, decode
from research.data.formats.compression import content_chunks

ADVICE = "Set data.encoding to what it is (utf-8, latin-1, cp1252), or convert it with `iconv -t utf-8`."


def decoded_lines(path: Path, place: str, encoding: Encoding) -> Iterator[str]:
    """The lines of a file, each ended by `\\n` (but the last where the file is not), without byte order marks.

    Raises StepladderError with the line, as `decode` does.
    """
    line = 1
    for block in _whole_lines(content_chunks(path, place)):
        text = decode(block, place, encoding, ADVICE, line)
        ended = text.split("\n")
        last = ended.pop()
        yield from (f"{content}\n" for content in ended)
        if last:
            yield last
        line += len(ended)


def _whole_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces that end where a line does: no character is cut, nor CRLF."""
    begun: list[bytes] = []
    for chunk in chunks:
        end = chunk.rfind(b"\n") + 1
        if end:
            yield b"".join((*begun, chunk[:end]))
            begun = []
        begun.append(chunk[end:])
    if any(begun):
        yield b"".join(begun)
