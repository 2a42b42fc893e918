"""What was added to the registries since the start: by plugins, or by a test. Each may be taken back."""

from collections.abc import Callable
from typing import NamedTuple

Undo = Callable[[], None]


class Registration(NamedTuple):
    """An entry that was added: of which family, under which name, where it is written, and what takes it back."""

    family: str
    name: str
    place: str
    undo: Undo


REGISTRATIONS: list[Registration] = []


def take_back(since: int) -> None:
    """The registries as they were when there were so many registrations."""
    while len(REGISTRATIONS) > since:
        REGISTRATIONS.pop().undo()


def registered_place(family: str, name: str) -> str | None:
    """Where the entry of a name was added; None of one that is not there, or that is ours."""
    return next((entry.place for entry in REGISTRATIONS if (entry.family, entry.name) == (family, name)), None)
