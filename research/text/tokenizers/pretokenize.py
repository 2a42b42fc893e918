"""The words inside which pieces are learned: a text cut where no piece may cross.

A word is a run of letters, digits and marks, or of punctuation, with the one space before it; `#` is a word alone. A line's end is a word
of its own. Together the words are the text. What is longer than `LONGEST_WORD` characters is cut into words of that length, since what
learns and cuts pieces takes the square or the cube of a word's length.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST_WORD = 512  # characters without a space: those of a file that is no prose
PUNCTUATION = (
    r"!-\"$-/:-@\[-^`{-~"  # of ASCII, but for # and _
    r"\u00a1-\u00bf\u060c\u061b\u061f\u06d4\u0964\u0965\u2010-\u205e\u2190-\u2bff\u3001-\u303f\uff01-\uff0f"
)
RUN = f"{{1,{LONGEST_WORD}}}"
WORD = re.compile(rf"\n| ?[^#{PUNCTUATION} \n]{RUN}| ?#| ?[{PUNCTUATION}]{RUN}| ")


def pretokenize(text: str) -> list[str]:
    """The words and line ends of a text; together they are the text."""
    return WORD.findall(text)


@dataclass(frozen=True)
class WordsByLine:
    """The words of each line, cut anew whenever they are read: what is learned from a text need not hold it."""

    lines: Iterable[str]

    def __iter__(self) -> Iterator[list[str]]:
        return ([word for word in pretokenize(line) if word != "\n"] for line in self.lines)
