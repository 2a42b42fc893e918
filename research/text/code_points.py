"""The characters of a text as numbers, and a vocabulary of characters as a table from one to the other."""

import numpy as np
from jaxtyping import Int32, UInt32

from research.text.tokenizers.tokenizer_kind import NumberedTypes

CODES = 0x110000  # code points that Unicode has


def code_points(text: str) -> UInt32[np.ndarray, " n"]:
    """The code point of each character."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def character_table(vocabulary: NumberedTypes) -> Int32[np.ndarray, " codes"]:
    """Of each code point its number in a vocabulary of characters, that of <unk> for one that it lacks."""
    assert vocabulary.unk is not None, "characters that training has not are <unk>"
    table = np.full(CODES, vocabulary.unk, np.int32)
    for number, character in enumerate(vocabulary.types):
        if len(character) == 1:
            table[ord(character)] = number
    return table
