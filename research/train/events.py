"""What happens to runs, as typed values; a listener is a plain callable that is told of each as it happens."""

import sys
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from research.train.trained_files import Job


@dataclass(frozen=True)
class RunEvent:
    """Something that happened to a run."""

    job: Job


@dataclass(frozen=True)
class Compiling(RunEvent):
    """The run's program is being compiled."""

    runs: int  # that share the program


@dataclass(frozen=True)
class Started(RunEvent):
    """The run begins from nothing."""

    steps: int  # zero where it is fitted


@dataclass(frozen=True)
class Resumed(RunEvent):
    """The run goes on from a checkpoint."""

    step: int
    steps: int


@dataclass(frozen=True)
class Progressed(RunEvent):
    """The run has reached a step at which metrics are logged."""

    step: int
    steps: int
    learning_rate: float
    loss: float  # nats a target, over the steps since the last such event, as the next three
    gradient_norm: float
    tokens: int
    seconds: float


@dataclass(frozen=True)
class Validated(RunEvent):
    """The validation split was scored."""

    step: int
    metrics: Mapping[str, float]  # by their names without `valid.`


@dataclass(frozen=True)
class Sampled(RunEvent):
    """The model has written a text, at a validation."""

    step: int
    text: str


@dataclass(frozen=True)
class Checkpointed(RunEvent):
    """The run can be resumed from here."""

    step: int


@dataclass(frozen=True)
class Trained(RunEvent):
    """The run was trained; its test split is not scored, as it stands for a value of `tune` that is not chosen yet."""

    step: int
    metrics: Mapping[str, Any]  # of validation: split -> name -> value


@dataclass(frozen=True)
class Done(RunEvent):
    """The run came to its end, and its test split was scored."""

    step: int
    metrics: Mapping[str, Any]  # split -> name -> value


@dataclass(frozen=True)
class Diverged(RunEvent):
    """The run ended because its loss or its gradient was not finite."""

    message: str


@dataclass(frozen=True)
class Failed(RunEvent):
    """The run crashed."""

    message: str


@dataclass(frozen=True)
class Held(RunEvent):
    """Another process has the run, or had it and finished it."""

    message: str


@dataclass(frozen=True)
class Blocked(RunEvent):
    """The run starts from a run that is not done."""

    message: str


@dataclass(frozen=True)
class Note(RunEvent):
    """Something about the run that a person should know."""

    message: str


Listener = Callable[[RunEvent], None]


def broadcast(listeners: Sequence[Listener]) -> Listener:
    """A listener that tells all others. One that raises is told no more: its traceback goes to stderr, and the runs go on."""
    working = list(listeners)

    def tell(event: RunEvent) -> None:
        for listener in tuple(working):
            try:
                listener(event)
            except Exception:
                working.remove(listener)
                with suppress(OSError):  # nobody reads stderr any more
                    print(f"a listener to events failed and is left out from here on:\n{traceback.format_exc()}", file=sys.stderr)

    return tell
