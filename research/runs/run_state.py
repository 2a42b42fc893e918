"""What became of a run, as its files say it: all that a schedule and a choice among trials read of it."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from research.runs import store
from research.runs.inspection import inspect_run, without_damage
from research.runs.records import Result

NOT_RUN = "not run"


class RunId(NamedTuple):
    """A cell and one of its seeds."""

    cell_id: str
    seed: int

    def __str__(self) -> str:
        return f"{self.cell_id}/{self.seed}"

    @property
    def place(self) -> str:
        """Its folder in a runs folder."""
        return f"{self.cell_id}/seed-{self.seed}"


class RunState(NamedTuple):
    """A run's status, and what training gave it where that is over."""

    status: str = NOT_RUN
    result: Result | None = None


RunStates = Mapping[RunId, RunState]  # of a run that is not in it nothing is there


def read_run_state(runs_dir: Path, run: RunId) -> RunState:
    """The state of a run on disk; of what is damaged it is that of a run that has not made it yet."""
    folder = store.seed_folder(runs_dir, *run)
    inspected = without_damage(inspect_run(folder), folder)
    return RunState(inspected.status, inspected.result)


def read_run_states(runs_dir: Path, runs: Iterable[RunId]) -> dict[RunId, RunState]:
    """The states of these runs on disk."""
    return {run: read_run_state(runs_dir, run) for run in runs}


def state_of(states: RunStates, run: RunId) -> RunState:
    """The state of a run; "not run" where nothing is known of it."""
    return states.get(run, RunState())
