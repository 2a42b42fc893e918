"""Which of the values that `tune` tried stands for a row: the rule, over what validation gave.

Of a row that is halved the trials of each rung but the first are candidates: which of them are run follows from the rung before.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from research.config.halving import Rung
from research.config.plain import Tree
from research.runs import store
from research.runs.measures import direction, metric_value
from research.runs.run_state import RunId, RunState, RunStates, state_of

OVER = (*store.TRAINED_STATUSES, "diverged")  # statuses of a trial that will give no other number


class Choice(NamedTuple):
    """A row of a sweep and its trials: cells by id, each with the seeds that are run of it. `select` is a metric of validation.

    `rungs`: of a row that is halved the trials of each rung, the same values in the same place of each; `halving`: one of how many goes on.
    """

    row: str
    trials: Mapping[str, tuple[int, ...]]
    select: str
    halving: int = 1
    rungs: tuple[tuple[str, ...], ...] = ()

    @property
    def stages(self) -> tuple[tuple[str, ...], ...]:
        """The rungs; one of all trials where the row is not halved."""
        return self.rungs or (tuple(self.trials),)

    @property
    def finalists(self) -> tuple[str, ...]:
        """The trials in full, of which one stands for the row."""
        return self.stages[-1]

    def as_data(self) -> Tree:
        """What a manifest keeps of it."""
        words: Tree = {"row": self.row, "trials": self.trials, "select": self.select}
        return words | ({"halving": self.halving, "rungs": self.rungs} if self.rungs else {})


def choice_among(row: str, trials: Mapping[str, tuple[int, ...]], rungs: Mapping[str, Rung], select: str) -> Choice:
    """The choice of a row. `trials`: seeds by cell; `rungs`: where each trial stands, {} where the row is not halved."""
    if not rungs:
        return Choice(row, trials, select)
    first, places = next(iter(rungs.values())), sorted((rung.number, rung.candidate, cell_id) for cell_id, rung in rungs.items())
    stages = tuple(tuple(cell_id for number, _, cell_id in places if number == stage) for stage in range(first.rungs))
    return Choice(row, trials, select, first.halving, stages)


def rank_trials(values: Mapping[str, Sequence[float]], select: str) -> list[str]:
    """The cell_ids, the best mean of `select` first, those without a value last.

    A trial with fewer finished seeds loses to one with more, so that none wins by the seeds on which it did not diverge. Of equals the
    smaller cell_id wins, so that the order in which values are written decides nothing.
    """
    sign = direction(select) or -1
    places = [(-len(of), -sign * float(np.mean(of)) if of else 0.0, cell_id) for cell_id, of in values.items()]
    return [cell_id for _, _, cell_id in sorted(places)]


def best_trial(values: Mapping[str, Sequence[float]], select: str) -> str | None:
    """The first of `rank_trials`; None where no trial has a value."""
    return next((cell_id for cell_id in rank_trials(values, select) if values[cell_id]), None)


BEST = "best "  # how a reference to a choice begins


BY, THEN = " by halving ", " then "  # before the factor of halving, and between its rungs


def format_reference(choice: Choice) -> str:
    """The choice as a word of a config: the rule, and the trials with their seeds, in the order of their ids. It names no chosen one.

    Of rungs each has the order of the last one's ids, so that the same values have the same place.
    """
    order = sorted(range(len(choice.finalists)), key=choice.finalists.__getitem__)
    stages = [[f"{stage[i]}/{','.join(map(str, choice.trials[stage[i]]))}" for i in order] for stage in choice.stages]
    rule = f"{choice.select}{BY}{choice.halving}" if choice.rungs else choice.select
    return f"{BEST}{rule} of {THEN.join(map(' '.join, stages))}"


def parse_reference(text: str) -> Choice | None:
    """The choice of a reference; None of any other text."""
    if not text.startswith(BEST):
        return None
    rule, _, trials = text.removeprefix(BEST).partition(" of ")
    select, _, halving = rule.partition(BY)
    stages = [[trial.partition("/") for trial in stage.split()] for stage in trials.split(THEN)]
    seeds = {cell_id: tuple(map(int, numbers.split(","))) for stage in stages for cell_id, _, numbers in stage}
    if not halving:
        return Choice(text, seeds, select)
    return Choice(text, seeds, select, int(halving), tuple(tuple(cell_id for cell_id, _, _ in stage) for stage in stages))


def runs_of(choice: Choice) -> tuple[RunId, ...]:
    """Every run of every trial."""
    return tuple(RunId(cell_id, seed) for cell_id, seeds in choice.trials.items() for seed in seeds)


def alive_trials(choice: Choice, states: RunStates) -> tuple[tuple[str, ...], ...]:
    """Of each rung so far the trials that are run: all of the first one, and the best of a rung that came to its end in the next.

    One of `choice.halving`, rounded up, goes on, whatever became of it: a trial that diverged is the last.
    """
    alive = [choice.stages[0]]
    for stage, following in zip(choice.stages, choice.stages[1:], strict=False):
        if not _are_over(choice, alive[-1], states):
            break
        ranked = rank_trials(_values(choice, alive[-1], states), choice.select)
        best = {*ranked[: -(-len(ranked) // choice.halving)]}
        alive.append(tuple(after for trial, after in zip(stage, following, strict=True) if trial in best))
    return tuple(alive)


def possible_trials(choice: Choice, states: RunStates) -> tuple[tuple[str, ...], ...]:
    """Of each rung the trials that are run, or of a rung that is not chosen yet those that still may be."""
    alive = alive_trials(choice, states)
    latest = choice.stages[len(alive) - 1]
    in_play = [place for place, trial in enumerate(latest) if trial in alive[-1]]
    return (*alive, *(tuple(stage[place] for place in in_play) for stage in choice.stages[len(alive) :]))


def expected_trials(choice: Choice, states: RunStates) -> tuple[tuple[str, ...], ...]:
    """Of each rung as many trials as are run of it: where it is not chosen yet, the first that may be stand for them."""
    trials = len(choice.stages[0])
    return tuple(stage[: -(-trials // choice.halving**number)] for number, stage in enumerate(possible_trials(choice, states)))


def is_decided(choice: Choice, states: RunStates) -> bool:
    """Whether every run of every trial that is run has come to its end: trained or diverged, not failed."""
    alive = alive_trials(choice, states)
    return len(alive) == len(choice.stages) and _are_over(choice, alive[-1], states)


def chosen_trial(choice: Choice, states: RunStates) -> str | None:
    """The cell that stands for the row; None where every trial diverged or none has the metric, or the last rung is not chosen."""
    alive = alive_trials(choice, states)
    return best_trial(_values(choice, alive[-1], states), choice.select) if len(alive) == len(choice.stages) else None


def _are_over(choice: Choice, trials: Sequence[str], states: RunStates) -> bool:
    return all(state_of(states, RunId(cell_id, seed)).status in OVER for cell_id in trials for seed in choice.trials[cell_id])


def _values(choice: Choice, trials: Sequence[str], states: RunStates) -> dict[str, list[float]]:
    """What validation gave of each trial, for the seeds that have it."""
    trial_states = {cell_id: [state_of(states, RunId(cell_id, seed)) for seed in choice.trials[cell_id]] for cell_id in trials}
    return {
        cell_id: [value for state in of_seeds if (value := _value(state, choice.select)) is not None]
        for cell_id, of_seeds in trial_states.items()
    }


def _value(state: RunState, select: str) -> float | None:
    return None if state.result is None else metric_value(state.result, select)
