"""Successive halving of the values of `tune`: all of them for a part of a row's training, the better ones anew with more, the last in full.

Each trial of each rung is a cell of its own, whose schedules end where its training does. That a value starts slowly and would end well
is not known at the first rung: halving can drop it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from research.config.plain import Tree


class Rung(NamedTuple):
    """Where a trial stands in the halving of its row."""

    halving: int  # the better one of so many goes on, and a rung trains for so many times as long as the one before
    number: int  # of the rung, from 0
    rungs: int
    candidate: int  # the number of its values among those of the row, the same in every rung
    duration: Mapping[str, int]  # train.steps or train.epochs, and how many

    @property
    def shortened(self) -> Tree:
        """The word that makes it shorter than its row, with its value; none in the last rung."""
        return dict(self.duration) if self.number < self.rungs - 1 else {}


def rung_sizes(trials: int, halving: int) -> tuple[int, ...]:
    """How many trials each rung has: all of them, then of so many one, rounded up, as often as one is left by it."""
    sizes = [trials]
    while halving ** len(sizes) <= trials:
        sizes.append(-(-trials // halving ** len(sizes)))
    return tuple(sizes)


def rung_durations(full: int, halving: int, rungs: int) -> tuple[int, ...]:
    """How long each rung trains, in steps or epochs: the last one in full, each one before for its part of the next, rounded up."""
    return tuple(-(-full // halving ** (rungs - 1 - number)) for number in range(rungs))


def training_text(duration: Mapping[str, int]) -> str:
    """100 steps, 1 epoch."""
    return ", ".join(f"{n:,} {_unit(key, n)}" for key, n in duration.items())


def rungs_text(sizes: Sequence[int], durations: Sequence[Mapping[str, int]]) -> str:
    """8 values by halving: 8 for 100 steps, 4 for 200, 2 for 400, 1 for 800."""
    numbers = [", ".join(f"{n:,}" for n in duration.values()) for duration in durations]
    texts = [f"{size} for {text}" for size, text in zip(sizes, [training_text(durations[0]), *numbers[1:]], strict=True)]
    return f"{sizes[0]} values by halving: {', '.join(texts)}"


def _unit(key: str, n: int) -> str:
    unit = key.rpartition(".")[2]
    return unit.removesuffix("s") if n == 1 else unit
