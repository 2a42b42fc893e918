"""Which cells of a plan are run: all, but of a row that is halved the trials that its rungs choose, with what these are made of."""

from collections.abc import Callable, Iterable, Sequence

from research.plan.work_plan import WorkPlan
from research.runs.run_state import RunId, RunStates
from research.runs.trial_choice import Choice, alive_trials, expected_trials, possible_trials

Stages = Sequence[Sequence[str]]  # trials of each rung


def alive_cells(plan: WorkPlan, states: RunStates) -> frozenset[str]:
    """The cells that are run, as far as the rungs have chosen."""
    return _needed(plan, lambda choice: alive_trials(choice, states))


def possible_cells(plan: WorkPlan, states: RunStates) -> frozenset[str]:
    """The cells that are run or may be, once the rungs before have chosen."""
    return _needed(plan, lambda choice: possible_trials(choice, states))


def expected_runs(plan: WorkPlan, states: RunStates, runs: Iterable[RunId]) -> tuple[RunId, ...]:
    """Of these runs as many as will be run: of a rung that is not chosen yet some stand for those that will be."""
    cells = _needed(plan, lambda choice: expected_trials(choice, states))
    return tuple(run for run in runs if run.cell_id in cells)


def runs_of_whole_grid(plan: WorkPlan) -> tuple[RunId, ...]:
    """The runs that the plan would have without halving: all trials in full."""
    cells = _needed(plan, lambda choice: [choice.finalists])
    return tuple(run for run in plan.runs if run.cell_id in cells)


def _needed(plan: WorkPlan, trials_of: Callable[[Choice], Stages]) -> frozenset[str]:
    """The rows and these of their trials, with the cells that they are made of or start from."""
    trials = {cell_id for choice in plan.choices for cell_id in choice.trials}
    needed = {cell.cell_id for cell in plan.cells if cell.shown and cell.cell_id not in trials} | plan.settled
    needed |= {cell_id for choice in plan.choices for stage in trials_of(choice) for cell_id in stage}
    for cell in reversed(plan.cells):  # children before parents
        if cell.cell_id in needed:
            needed |= set(cell.parents)
    return frozenset(needed)
