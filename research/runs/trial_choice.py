"""Which of the values that `tune` tried stands for a row: the rule, over what validation gave."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from research.runs import store
from research.runs.measures import direction, metric_value
from research.runs.run_state import RunId, RunState, RunStates, state_of

OVER = (*store.TRAINED_STATUSES, "diverged")  # statuses of a trial that will give no other number


class Choice(NamedTuple):
    """A row of a sweep and its trials: cells by id, each with the seeds that are run of it. `select` is a metric of validation."""

    row: str
    trials: Mapping[str, tuple[int, ...]]
    select: str


def best_trial(values: Mapping[str, Sequence[float]], select: str) -> str | None:
    """The cell_id with the best mean of `select`; None where no trial has a value.

    A trial with fewer finished seeds loses to one with more, so that none wins by the seeds on which it did not diverge. Of equals the
    smaller cell_id wins, so that the order in which values are written decides nothing.
    """
    sign = direction(select) or -1
    ranked = sorted(
        (-len(seed_values), -sign * float(np.mean(seed_values)), cell_id) for cell_id, seed_values in values.items() if seed_values
    )
    return ranked[0][2] if ranked else None


BEST = "best "  # how a reference to a choice begins


def format_reference(choice: Choice) -> str:
    """The choice as a word of a config: the rule, and the trials with their seeds, in the order of their ids. It names no chosen one."""
    trials = (f"{cell_id}/{','.join(map(str, choice.trials[cell_id]))}" for cell_id in sorted(choice.trials))
    return f"{BEST}{choice.select} of {' '.join(trials)}"


def parse_reference(text: str) -> Choice | None:
    """The choice of a reference; None of any other text."""
    if not text.startswith(BEST):
        return None
    select, _, trials = text.removeprefix(BEST).partition(" of ")
    pairs = (trial.partition("/") for trial in trials.split())
    return Choice(text, {cell_id: tuple(map(int, seeds.split(","))) for cell_id, _, seeds in pairs}, select)


def runs_of(choice: Choice) -> tuple[RunId, ...]:
    """Every run of every trial."""
    return tuple(RunId(cell_id, seed) for cell_id, seeds in choice.trials.items() for seed in seeds)


def is_decided(choice: Choice, states: RunStates) -> bool:
    """Whether every run of every trial has come to its end: trained or diverged, not failed."""
    return all(state_of(states, run).status in OVER for run in runs_of(choice))


def chosen_trial(choice: Choice, states: RunStates) -> str | None:
    """The cell that stands for the row; None where every trial diverged or none has the metric."""
    values = {
        cell_id: [_value(state_of(states, RunId(cell_id, seed)), choice.select) for seed in seeds]
        for cell_id, seeds in choice.trials.items()
    }
    measured = {cell_id: [value for value in seed_values if value is not None] for cell_id, seed_values in values.items()}
    return best_trial(measured, choice.select)


def _value(state: RunState, select: str) -> float | None:
    return None if state.result is None else metric_value(state.result, select)
