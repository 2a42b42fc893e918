"""What `tune` tried for a row, and what became of it."""

from collections.abc import Mapping
from typing import NamedTuple

from research.config.plain import Json
from research.runs.trial_choice import OVER


class TrialResult(NamedTuple):
    """A trial of a row: its cell and values, the mean of `select` over the seeds that have it, and what became of each seed."""

    cell_id: str
    values: Mapping[str, Json]
    mean: float | None
    n: int
    statuses: tuple[str, ...]
    duration: Mapping[str, int] = {}

    @property
    def over(self) -> bool:
        """Whether every seed came to its end, trained or diverged."""
        return all(status in OVER for status in self.statuses)
