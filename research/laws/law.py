"""The form of a law: what holds of every entry of a kind, and the smallest input that shows where it does not."""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

Subject = TypeVar("Subject")
Fault = str | None  # what an input shows; None where the law holds of it


class LawResult(NamedTuple):
    """Whether a law holds of an entry. `shows`: the input that shows that it does not, with what came out; "" where it holds."""

    law: str
    holds: bool
    shows: str


def apply_once(laws: Mapping[str, Callable[[Subject], Fault]], subjects: Iterable[tuple[str, Subject]]) -> list[LawResult]:
    """Each law of the first subject alone: what takes long."""
    return apply_laws(laws, list(subjects)[:1])


def apply_laws(laws: Mapping[str, Callable[[Subject], Fault]], subjects: Iterable[tuple[str, Subject]]) -> list[LawResult]:
    """Each law of every subject, which is told by its words; a law holds if it holds of all. What a law raises is what it shows."""
    pairs = list(subjects)

    def first_fault(check: Callable[[Subject], Fault]) -> str:
        return next(filter(None, (_fault_text(check, words, subject) for words, subject in pairs)), "")

    faults = {law: first_fault(check) for law, check in laws.items()}
    return [LawResult(law, not fault, fault) for law, fault in faults.items()]


def _fault_text(check: Callable[[Subject], Fault], words: str, subject: Subject) -> str:
    """What shows that a law does not hold, with the words of the subject before it; "" where it holds."""
    try:
        fault = check(subject)
    except Exception as error:  # the entry is a user's: whatever it raises is its fault
        fault = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    return f"{words}: {fault}" if fault and words else fault or ""
