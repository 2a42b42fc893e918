"""A user's mistake, as opposed to a bug. Nothing heavy is imported here: whatever may be refused imports it."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

LONGEST_MESSAGE = 2000  # characters: what is longer quotes what nobody reads
QUOTED = 160  # characters of a line or a value that is quoted


class StepladderError(Exception):
    """Its message is one paragraph: what is wrong, where, the nearest right thing, what to do. The command line exits with 2.

    The middle of one of more than `LONGEST_MESSAGE` characters is left out.
    """

    def __init__(self, message: str = "") -> None:
        tail = LONGEST_MESSAGE // 4
        whole = len(message) <= LONGEST_MESSAGE
        super().__init__(message if whole else f"{message[: LONGEST_MESSAGE - tail - 5]} ... {message[-tail:]}")


class DamagedFileError(StepladderError):
    """A file that Stepladder wrote is not what it wrote: cut off, altered, of another kind, or not to be opened. `path` names it."""

    def __init__(self, path: Path, problem: str, advice: str) -> None:
        super().__init__(f"{path} {problem}. {advice}")
        self.path = path


class IncompatibleConfig(ValueError):
    """A combination of words that are each right but exclude each other. A sweep may show its cell as "cannot"."""


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """ "; did you mean `x`?" where something is near, else nothing."""
    close = get_close_matches(word, list(words), n=1)
    return f"; did you mean `{close[0]}`?" if close else ""


def clipped(text: str) -> str:
    """A text to be quoted: its beginning and its length where it is long."""
    return text if len(text) <= QUOTED else f"{text[:QUOTED]}... (of {len(text):,} characters)"
