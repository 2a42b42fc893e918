"""Word vectors in text files: that of word2vec, whose first line is `words width`, and that of GloVe, which has no such line.

A line is a word and its numbers, separated by single spaces. The word may hold any character but white space.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
from jaxtyping import Float32

from research.config.errors import StepladderError

Format = Literal["word2vec", "glove"]


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
        with path.open(encoding="utf-8", newline="\n") as file:
            return _parse(path, file, form)
    except OSError as error:
        raise StepladderError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise StepladderError(f"{path} is not UTF-8 ({error.reason}): convert it, or check that it is a text file of vectors.") from error


def _parse(path: Path, lines: Iterable[str], form: Format) -> Vectors:
    numbered = enumerate(lines, start=1)
    promised = _header(path, next(numbered, (1, ""))[1]) if form == "word2vec" else None
    lookup: dict[str, int] = {}
    rows: list[np.ndarray] = []
    for number, line in numbered:
        if not line.strip():
            continue
        word, *numbers = line.rstrip(" \r\n").split(" ")
        if word in lookup:
            raise StepladderError(f"{path}, line {number}: the word {word!r} is already on line {lookup[word]}. Remove one of them.")
        lookup[word] = number
        width = promised[1] if promised else len(rows[0]) if rows else len(numbers)
        rows.append(_row(path, number, word, numbers, width))
    if not rows:
        raise StepladderError(f"{path} is empty: it is to have a word and its numbers on each line.")
    if promised and promised[0] != len(rows):
        raise StepladderError(
            f"{path}, line 1 says {promised[0]} words, and {len(rows)} follow: the file is cut off, or the line is wrong."
        )
    return Vectors(tuple(lookup), np.stack(rows))


def _header(path: Path, line: str) -> tuple[int, int]:
    words = line.split()
    if not words:
        raise StepladderError(f"{path} is empty: the word2vec format begins with a line `words width`.")
    if len(words) != 2 or not all(word.isascii() and word.isdigit() for word in words):
        raise StepladderError(
            f"{path}, line 1 is not `words width`, two whole numbers, but {line[:60].strip()!r}. A file without "
            "such a line has the glove format."
        )
    return int(words[0]), int(words[1])


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
