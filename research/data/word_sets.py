"""Sets that word vectors are judged by: pairs of words rated by people, and analogies.

Rated pairs are lines of two words and a number; analogies are lines of four words, a : b = c : d, under headings `: section`.
"""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from research.config.errors import StepladderError, did_you_mean
from research.config.unicode import normalise_unicode
from research.data.dataset_sources import read_data_source
from research.data.utf8 import as_text

RATED_SETS = ("wordsim353", "men")  # in the registry


class RatedPairs(NamedTuple):
    """Pair i is judged `ratings[i]` alike; the scale is the set's own."""

    pairs: tuple[tuple[str, str], ...]
    ratings: Float[np.ndarray, " n"]


Analogy = tuple[str, str, str, str]
Analogies = dict[str, tuple[Analogy, ...]]  # by section


def parse_rated_pairs(content: bytes, place: str) -> RatedPairs:
    """The pairs of a file. Raises StepladderError with the line that is no pair."""
    pairs, ratings = [], []
    for number, line in _lines(content, place):
        match line.split():
            case [first, second, rating] if _finite(rating):
                pairs.append((first, second))
                ratings.append(float(rating))
            case _:
                raise StepladderError(f"{place}, line {number} is not two words and a number, but {line[:60]!r}. Mend or remove it.")
    return RatedPairs(tuple(pairs), np.array(ratings))


def parse_analogies(content: bytes, place: str) -> Analogies:
    """The questions of a file. Raises StepladderError with the line that is neither a heading nor four words under one."""
    sections: dict[str, list[Analogy]] = {}
    section = None
    for number, line in _lines(content, place):
        match line.split():
            case [":", *name] if name:
                section = sections.setdefault(" ".join(name), [])
            case [a, b, c, d] if section is not None:
                section.append((a, b, c, d))
            case _:
                expected = "four words" if sections else "a heading `: section`, which comes first"
                raise StepladderError(f"{place}, line {number} is not {expected}, but {line[:60]!r}. Mend or remove it.")
    return {name: tuple(questions) for name, questions in sections.items()}


def read_rated_pairs(path: Path) -> RatedPairs:
    """The pairs of a file of one's own, or of any set of that form."""
    return parse_rated_pairs(_content(path), str(path))


def read_analogies(path: Path) -> Analogies:
    """The analogies of a file of one's own."""
    return parse_analogies(_content(path), str(path))


def load_rated_pairs(name: str, data_dir: Path | None = None) -> RatedPairs:
    """A set of the registry, checked; fetched where it is not here. Raises StepladderError for an unknown name, with the known ones."""
    if name not in RATED_SETS:
        raise StepladderError(
            f"There is no set of rated pairs {name!r}{did_you_mean(name, RATED_SETS) or '.'} The sets are {', '.join(RATED_SETS)}."
        )
    ((file, content),) = read_data_source(name, data_dir).items()
    return parse_rated_pairs(content, file)


def load_analogies(data_dir: Path | None = None) -> Analogies:
    """The analogies of the registry (Mikolov et al. 2013), checked; fetched where they are not here."""
    ((file, content),) = read_data_source("analogies", data_dir).items()
    return parse_analogies(content, file)


def _lines(content: bytes, place: str) -> list[tuple[int, str]]:
    """The lines that are not blank, numbered from 1."""
    return [(number, line) for number, line in enumerate(normalise_unicode(as_text(content, place)).split("\n"), start=1) if line.strip()]


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise StepladderError(f"{path} cannot be read: {error.strerror}.") from error


def _finite(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
