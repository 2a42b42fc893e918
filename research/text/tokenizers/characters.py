"""Characters of Unicode. A line's end is the newline."""

from collections import Counter
from collections.abc import Callable, Iterable

import numpy as np

from research.text.code_points import CODES, character_table, code_points
from research.text.tokenizers.tokenizer_kind import Cut, NumberedTypes, Numbers, TokenizerKind, as_it_stands, learns_nothing_to_read


def count_characters(blocks: Iterable[str]) -> Counter[str]:
    """The characters of a text that comes in blocks, counted as numbers."""
    totals = np.zeros(CODES, np.int64)
    for block in blocks:
        counts = np.bincount(code_points(block))
        totals[: len(counts)] += counts
    return Counter({chr(code): int(totals[code]) for code in np.flatnonzero(totals)})


def look_up_characters(types: NumberedTypes, cut: Cut) -> Callable[[str], Numbers]:
    """What finds the number of each character of a block in a table of all code points, without a string for each."""
    table = character_table(types)
    return lambda block: table[code_points(block)]


CHARACTERS: TokenizerKind[None] = TokenizerKind(
    line_end="\n",
    has_unknown=True,
    libraries=(),
    revision=0,
    read=learns_nothing_to_read,
    cut=lambda _, text: list(text),
    join=lambda _, characters: "".join(characters),
    own_types=None,
    count_types=count_characters,
    learning=None,
    merging=None,
    ranking=None,
    numbers=look_up_characters,
    written=as_it_stands,
    shown=as_it_stands,
)
