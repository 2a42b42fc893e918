"""What is left to be done of a plan, as units: a pure function of the plan and of what became of its runs."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from research.config.model_facts import model_facts
from research.config.schema import Config
from research.execute.alive import possible_cells
from research.execute.unit import Unit, UnitKind
from research.plan.planned_cell import PlannedCell
from research.plan.work_plan import WorkPlan
from research.runs.run_state import RunId, RunStates, state_of
from research.runs.trial_choice import Choice, chosen_trial, is_decided
from research.train.trained_files import ENDED

Ends = dict[str, list[str]]  # cell_id -> the units after which it is trained, or scored


def schedule(plan: WorkPlan, states: RunStates, capacity: int | None = None) -> tuple[Unit, ...]:
    """The units that are left, each behind those that it waits for. `capacity`: the most runs of a unit; None for no limit.

    Runs of one program whose parents end together are trained together. The test split of a settled cell is scored by the unit that
    trains it, while its parameters are there; a unit of kind score is for what is trained already, and for a row that has a choice.
    """
    trained, scored, units = Ends(), Ends(), list[Unit]()
    earlier = _earlier_rungs(plan)
    ends = _EndsBefore(trained, scored, earlier)
    settled, possible = _with_parts(plan, plan.settled), possible_cells(plan, states)
    open_choices = [choice for choice in plan.choices if _is_open(plan, choice, states)]
    rows = set[str]()
    for cells in _generations(plan, earlier):
        to_train = [run for run in _runs(cells) if run.cell_id in possible and state_of(states, run).status not in ENDED]
        to_score = [run for run in _runs(cells) if run.cell_id in settled and state_of(states, run).status == "trained"]
        new_units = [*_grouped(plan, to_train, None, ends), *_grouped(plan, to_score, "score", ends)]
        for unit in (part for whole in new_units for part in _split(whole, capacity)):
            units.append(unit)
            for cell_id in dict.fromkeys(run.cell_id for run in unit.runs):
                (scored if unit.kind == "score" else trained).setdefault(cell_id, []).append(unit.id)
        ids = {cell.cell_id for cell in cells}
        for choice in (choice for choice in open_choices if ids & set(choice.finalists)):
            if choice.row in rows:
                units = [unit for unit in units if unit.row != choice.row]
            rows.add(choice.row)
            units.append(_choice_unit(plan, choice, trained))
            for cell_id in choice.finalists:
                scored[cell_id] = [units[-1].id]
    return tuple(units)


def tested_cells(plan: WorkPlan, states: RunStates) -> frozenset[str]:
    """The cells whose test split is scored: settled ones, chosen trials, and what a mixture of them is made of."""
    decided = (choice for choice in plan.choices if is_decided(choice, states))
    return _with_parts(plan, {*plan.settled, *filter(None, (chosen_trial(choice, states) for choice in decided))})


def is_mixture(config: Config | None) -> bool:
    """Whether a cell is made of the scores of its parents: two models, or the folds of a row."""
    return config is not None and (bool(model_facts(config.model).parts(config.model)) or config.pooled)


def _with_parts(plan: WorkPlan, cell_ids: Iterable[str]) -> frozenset[str]:
    """The cells and what the mixtures among them are made of."""
    closed = set(cell_ids)
    pending = list(closed)
    while pending:
        cell = plan.by_id.get(pending.pop())
        if cell is not None and is_mixture(cell.config):
            pending += set(cell.parents) - closed
            closed |= set(cell.parents)
    return frozenset(closed)


def _generations(plan: WorkPlan, earlier: Mapping[str, Sequence[str]]) -> list[list[PlannedCell]]:
    """The cells by how many generations of parents in this plan come before them, or of rungs that choose them."""
    depths = dict[str, int]()
    for cell in plan.cells:
        before = (*plan.parents_of(cell), *earlier.get(cell.cell_id, ()))
        depths[cell.cell_id] = 1 + max((depths[parent] for parent in before if parent in depths), default=-1)
    generations: dict[int, list[PlannedCell]] = {}
    for cell in plan.cells:
        generations.setdefault(depths[cell.cell_id], []).append(cell)
    return [generations[depth] for depth in sorted(generations)]


def _earlier_rungs(plan: WorkPlan) -> dict[str, list[str]]:
    """Of each trial that a rung chooses, and of the folds that it is made of, the trials of that rung."""
    earlier: dict[str, list[str]] = {}
    for choice in plan.choices:
        for stage, following in pairwise(choice.rungs):
            for cell_id in _with_parts(plan, following):
                earlier.setdefault(cell_id, []).extend(stage)
    return earlier


def _runs(cells: Iterable[PlannedCell]) -> tuple[RunId, ...]:
    return tuple(RunId(cell.cell_id, seed) for cell in cells for seed in cell.seeds)


def _grouped(plan: WorkPlan, runs: Sequence[RunId], kind: UnitKind | None, ends: "_EndsBefore") -> Iterator[Unit]:
    """A unit for each program, behind one for each cell that is fitted. `kind`: None for fit or train, as the cell is."""
    groups: dict[tuple[str, str], list[RunId]] = {}
    for run in runs:
        program = plan.by_id[run.cell_id].program
        groups.setdefault((program, "" if program else run.cell_id), []).append(run)
    for (program, _), members in sorted(groups.items(), key=lambda item: item[0][0] != ""):
        yield Unit(kind or ("train" if program else "fit"), tuple(members), program, after=_before(plan, members, ends))


class _EndsBefore(NamedTuple):
    """After which units a cell is trained or scored, so far, and the trials of the rung before a trial."""

    trained: Ends
    scored: Ends
    earlier: Mapping[str, Sequence[str]]


def _before(plan: WorkPlan, runs: Iterable[RunId], ends: _EndsBefore) -> tuple[str, ...]:
    """The units before these runs: those of their parents, of a mixture also those that score them, and those of the rung before."""
    ids, (trained, scored, earlier) = dict[str, None](), ends
    for cell in (plan.by_id[cell_id] for cell_id in dict.fromkeys(run.cell_id for run in runs)):
        for parent in plan.parents_of(cell):
            ids |= dict.fromkeys([*trained.get(parent, ()), *(scored.get(parent, ()) if is_mixture(cell.config) else ())])
        ids |= dict.fromkeys(unit_id for trial in earlier.get(cell.cell_id, ()) for unit_id in trained.get(trial, ()))
    return tuple(ids)


def _split(unit: Unit, capacity: int | None) -> Iterator[Unit]:
    size = capacity or len(unit.runs)
    for first in range(0, len(unit.runs), size):
        yield replace(unit, runs=unit.runs[first : first + size])


def _is_open(plan: WorkPlan, choice: Choice, states: RunStates) -> bool:
    """Whether its row is not chosen yet, or the chosen trial, with what it is made of, is not scored."""
    if not is_decided(choice, states):
        return True
    chosen = chosen_trial(choice, states)
    cell_ids = _with_parts(plan, [chosen]) if chosen else ()
    return any(state_of(states, run).status == "trained" for run in _runs(plan.by_id[cell_id] for cell_id in cell_ids))


def _choice_unit(plan: WorkPlan, choice: Choice, trained: Mapping[str, Sequence[str]]) -> Unit:
    """What scores the chosen trial of a row, after all of its trials."""
    runs = _runs(plan.by_id[cell_id] for cell_id in sorted(_with_parts(plan, choice.finalists)))
    after = dict.fromkeys(unit_id for cell_id in choice.trials for unit_id in trained.get(cell_id, ()))
    return Unit("score", runs, row=choice.row, after=tuple(after))
