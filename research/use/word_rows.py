"""Words as rows of symbols. A word of several symbols is where its last one is, the first place at which a model that reads from the left
has read it whole.

Shapes: n words, one sentence after another.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Int32

from research.data.sentence_dataset import word_symbols
from research.text.vocabulary import Vocabulary


class WordRows(NamedTuple):
    """Rows of symbols, and in which row and at which symbol of it each word ends."""

    rows: list[list[int]]
    row: Int32[np.ndarray, " n"]
    last: Int32[np.ndarray, " n"]


def word_rows(vocabulary: Vocabulary, sentences: Sequence[Sequence[str]], words: int, symbols: int | None) -> WordRows:
    """The words of sentences as rows of at most so many words, and so many symbols (None: any number); a longer sentence goes on in
    further rows. A word that has more symbols by itself is read as far as they go.
    """
    rows: list[list[int]] = []
    row, last = [], []
    for sentence in sentences:
        numbers = [vocabulary.numbers(word).tolist()[:symbols] for word in word_symbols(vocabulary, sentence)]
        begun = words  # words of the row under way; a sentence begins a row
        for number in numbers:
            if begun >= words or (symbols is not None and len(rows[-1]) + len(number) > symbols):
                rows.append([])
                begun = 0
            rows[-1] += number
            begun += 1
            row.append(len(rows) - 1)
            last.append(len(rows[-1]) - 1)
    return WordRows(rows, np.array(row, np.int32), np.array(last, np.int32))
