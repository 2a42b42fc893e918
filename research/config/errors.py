"""A user's mistake, as opposed to a bug. Nothing heavy is imported here: whatever may be refused imports it."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class StepladderError(Exception):
    """Its message is one paragraph: what is wrong, where, the nearest right thing, what to do. The command line exits with 2."""


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
