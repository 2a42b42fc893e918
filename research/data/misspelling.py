"""Misspelt copies of a text, one slip in a word: what a typist does, and what pieces that were learned from clean text have not seen."""

import re
from itertools import pairwise

import numpy as np

from research.data.download import sha256

WORD = re.compile(r"[^\W\d_]{2,}")  # one letter has no neighbour, and is no word without itself
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def misspell(text: str, share: float, seed: int = 0) -> str:
    """The text with each word of two letters or more misspelt with probability `share`, line by line.

    A line's slips are a function of the seed and of the line alone, and a larger share keeps those of a smaller one.
    """
    return "\n".join(_misspell_line(line, share, seed) for line in text.split("\n"))


def _misspell_line(line: str, share: float, seed: int) -> str:
    rng = np.random.default_rng([seed, int(sha256(line.encode())[:16], 16)])

    def perhaps(word: re.Match[str]) -> str:
        drawn, kind, place = rng.random(3)
        if drawn >= share:
            return word[0]
        kinds = slips(word[0])
        misspellings = kinds[int(kind * len(kinds))]
        return misspellings[int(place * len(misspellings))]

    return WORD.sub(perhaps, line)


def slips(word: str) -> list[list[str]]:
    """The misspellings of a word by kind, none of them the word, and no kind without any: two neighbours swapped, a letter dropped,
    doubled, or replaced by one of the English alphabet in the same case."""
    cut = [(word[:i], word[i], word[i + 1 :]) for i in range(len(word))]
    swapped = [word[:i] + b + a + word[i + 2 :] for i, (a, b) in enumerate(pairwise(word)) if a != b]
    dropped = [before + after for before, _, after in cut]
    doubled = [before + 2 * letter + after for before, letter, after in cut]
    cased = lambda letter: LETTERS.upper() if letter.isupper() else LETTERS
    replaced = [before + other + after for before, letter, after in cut for other in cased(letter) if other != letter]
    return [kind for kind in (swapped, dropped, doubled, replaced) if kind]
