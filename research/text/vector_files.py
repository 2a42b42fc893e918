"""Word vectors in files: that of word2vec, whose first line is `words width`, and that of GloVe, which has no such line.

A line is a word and its numbers, separated by single spaces. The word may hold any character but white space. In the binary form of
word2vec a space follows the word, then its numbers as little-endian float32, and a line's end or nothing.
"""

import codecs
import io
import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
from jaxtyping import Float32

from research.config.errors import StepladderError
from research.config.unicode import normalise_unicode

Format = Literal["word2vec", "glove"]
SNIFFED = 1 << 20  # bytes that are read at a time, and that tell a text from numbers


@dataclass(frozen=True)
class Vectors:
    """Word i has the vector `table[i]`."""

    words: tuple[str, ...]
    table: Float32[np.ndarray, "v d"]

    @cached_property
    def lookup(self) -> dict[str, int]:
        """From a word to its row."""
        return {word: row for row, word in enumerate(self.words)}


def write_vectors(path: Path, vectors: Vectors, form: Format = "word2vec") -> None:
    """Every number with as many digits as bring it back exactly. Raises StepladderError for a word that a line cannot hold."""
    for row, word in enumerate(vectors.words):
        if word.split() != [word]:
            raise StepladderError(f"Word {row} of {path}, {word!r}, has white space or no character: the {form} format cannot hold it.")
    with path.open("w", encoding="utf-8", newline="\n") as file:
        if form == "word2vec":
            file.write(f"{vectors.table.shape[0]} {vectors.table.shape[1]}\n")
        for word, vector in zip(vectors.words, vectors.table, strict=True):
            file.write(f"{word} {' '.join(map(str, vector))}\n")


def read_vectors(path: Path, form: Format = "word2vec") -> Vectors:
    """The vectors of a file. Raises StepladderError, with the line, for a file that is not of this form."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            return _parse(path, file, form)
    except OSError as error:
        raise StepladderError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise StepladderError(f"{path} is not UTF-8 ({error.reason}): convert it, or check that it is a text file of vectors.") from error


def select_vectors(path: Path, words: Container[str]) -> Vectors:
    """Those of `words` that a file has, in its order and whichever of the three formats it is in; the other words are passed over.

    A word of several parts, as some files have, is none of `words`. Raises StepladderError, with the place, for a file that is broken.
    """
    try:
        with path.open("rb") as file:
            start = file.read(SNIFFED)
            bom_length = len(codecs.BOM_UTF8) if start.startswith(codecs.BOM_UTF8) else 0
            start = start[bom_length:]
            header = re.split(rb"[\r\n]", start, maxsplit=1)[0].split()
            form: Format = "word2vec" if len(header) == 2 and all(_is_count(field.decode("latin-1")) for field in header) else "glove"
            file.seek(bom_length)
            if form == "word2vec" and not _is_text(start):
                return _selected(path, _binary_rows(path, file, words), int(header[1]), words)
            with io.TextIOWrapper(file, encoding="utf-8") as lines:
                return _select_lines(path, lines, form, words)
    except OSError as error:
        raise StepladderError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise StepladderError(f"{path} is not UTF-8 ({error.reason}): convert it, or check that it is a file of vectors.") from error


def _is_text(start: bytes) -> bool:
    """Whether bytes may be the beginning of a UTF-8 text: a character that they cut through counts for nothing."""
    try:
        return all(ord(character) >= ord("\t") for character in start[:-4].decode("utf-8"))
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data" and min(start[: error.start], default=ord("\t")) >= ord("\t")


def _select_lines(path: Path, lines: Iterable[str], form: Format, words: Container[str]) -> Vectors:
    numbered = enumerate(lines, start=1)
    header_count, width, count = None, 0, 0
    if form == "word2vec":
        header_count, width = _header(path, next(numbered, (1, ""))[1])
    rows: list[tuple[str, np.ndarray]] = []
    for number, line in numbered:
        fields = line.rstrip(" \r\n")
        if not fields:
            continue
        count, width = count + 1, width or fields.count(" ")
        word = fields.rsplit(" ", width)[0] if fields.count(" ") >= width else fields.partition(" ")[0]
        if _is_selected(word, words):
            rows.append((word, _row(path, number, word, fields[len(word) :].split(), width)))
    if not count:
        raise StepladderError(f"{path} is empty: it is to have a word and its numbers on each line.")
    if header_count is not None and header_count != count:
        raise StepladderError(f"{path}, line 1 says {header_count} words, and {count} follow: the file is cut off, or the line is wrong.")
    return _selected(path, rows, width, words)


def _binary_rows(path: Path, file: BinaryIO, words: Container[str]) -> Iterator[tuple[str, np.ndarray]]:
    """The selected words of a binary file and their numbers."""
    count, width = _header(path, file.readline().decode("ascii"))
    buffer, place = b"", 0
    for number in range(1, count + 1):
        while (space := buffer.find(b" ", place)) < 0 or len(buffer) < space + 1 + 4 * width:
            chunk = file.read(SNIFFED)
            if not chunk:
                raise StepladderError(f"{path} says {count} words, and ends within word {number}: the file is cut off.")
            buffer, place = buffer[place:] + chunk, 0
        word, row = buffer[place:space].strip().decode("utf-8", errors="replace"), np.frombuffer(buffer, "<f4", width, space + 1)
        place = space + 1 + 4 * width
        if _is_selected(word, words):
            if not np.isfinite(row).all():
                raise StepladderError(f"{path}, word {number}: the vector of {word!r} has a number that is not finite.")
            yield word, row.astype(np.float32)


def _is_selected(word: str, words: Container[str]) -> bool:
    """Whether a word is one of `words` as it is written, or in normal form C."""
    return word in words or (not word.isascii() and normalise_unicode(word) in words)


def _selected(path: Path, rows: Iterable[tuple[str, np.ndarray]], width: int, words: Container[str]) -> Vectors:
    """Of a word that is there in both spellings, the one that is asked for."""
    selected: dict[str, np.ndarray] = {}
    seen: set[str] = set()
    for word, row in rows:
        if word in seen:
            raise StepladderError(f"{path} has the word {word!r} twice. Remove one of them.")
        seen.add(word)
        if word in words:
            selected[word] = row
        else:
            selected.setdefault(normalise_unicode(word), row)
    return Vectors(tuple(selected), np.stack([*selected.values()]) if selected else np.zeros((0, width), np.float32))


def _parse(path: Path, lines: Iterable[str], form: Format) -> Vectors:
    numbered = enumerate(lines, start=1)
    header = _header(path, next(numbered, (1, ""))[1]) if form == "word2vec" else None
    lookup: dict[str, int] = {}
    rows: list[np.ndarray] = []
    for number, line in numbered:
        if not line.strip():
            continue
        word, *numbers = line.rstrip(" \r\n").split(" ")
        if word in lookup:
            raise StepladderError(f"{path}, line {number}: the word {word!r} is already on line {lookup[word]}. Remove one of them.")
        lookup[word] = number
        width = header[1] if header else len(rows[0]) if rows else len(numbers)
        rows.append(_row(path, number, word, numbers, width))
    if not rows:
        raise StepladderError(f"{path} is empty: it is to have a word and its numbers on each line.")
    if header and header[0] != len(rows):
        raise StepladderError(f"{path}, line 1 says {header[0]} words, and {len(rows)} follow: the file is cut off, or the line is wrong.")
    return Vectors(tuple(lookup), np.stack(rows))


def _header(path: Path, line: str) -> tuple[int, int]:
    words = line.split()
    if not words:
        raise StepladderError(f"{path} is empty: the word2vec format begins with a line `words width`.")
    if len(words) != 2 or not all(map(_is_count, words)):
        raise StepladderError(
            f"{path}, line 1 is not `words width`, two whole numbers, but {line[:60].strip()!r}. A file without "
            "such a line has the glove format."
        )
    return int(words[0]), int(words[1])


def _is_count(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 16


def _row(path: Path, number: int, word: str, numbers: list[str], width: int) -> np.ndarray:
    if len(numbers) != width or not width:
        raise StepladderError(
            f"{path}, line {number}: {word!r} has {len(numbers)} numbers, expected {width or 'one or more'}. A first line "
            "with the number of words and the width belongs to the word2vec format; words may not contain spaces."
        )
    try:
        row = np.array(numbers, dtype=np.float32)
    except ValueError:
        row = None
    if row is None or not np.isfinite(row).all():
        wrong = next(text for text in numbers if not _is_finite(text))
        raise StepladderError(f"{path}, line {number}: {wrong!r}, in the vector of {word!r}, is not a finite number.")
    return row


def _is_finite(text: str) -> bool:
    try:
        return bool(np.isfinite(np.float32(text)))
    except ValueError:
        return False
