"""A plan carried out by this process: what is scheduled and ready is worked on, until nothing is left that can be done."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from research.config.errors import StepladderError
from research.config.serialise import to_toml
from research.execute.alive import alive_cells, possible_cells
from research.execute.blocked_runs import blocked_reason
from research.execute.environment import differences, environment
from research.execute.held_runs import RunTally
from research.execute.jobs import is_ready, jobs_of, read_plan_states
from research.execute.repair import repair_cell, repair_run
from research.execute.replaced import check_free, move_aside, remove_replaced, sweep_run
from research.execute.schedule import schedule, tested_cells
from research.execute.unit import Unit, UnitKind
from research.execute.work import Group, Worker, work_groups
from research.plan.work_plan import WorkPlan
from research.runs import store
from research.runs.environments import readable_environments
from research.runs.run_state import RunId, RunStates, state_of
from research.train.checkpoint import check_parameters
from research.train.events import Blocked, Diverged, Done, Failed, Listener, Note, RunEvent, Trained
from research.train.trained_files import ENDED, Job

COMPLETE = ("done", "diverged")  # statuses of a run to which nothing will be added


class RunCounts(NamedTuple):
    """How many runs ended how."""

    done: int
    failed: int
    held: int  # others have them still
    blocked: int
    diverged: int = 0  # of those that are done


def pending_runs(plan: WorkPlan, states: RunStates, rerun: str | None = None) -> tuple[RunId, ...]:
    """The runs to be trained, parents first, then those of which only the test split is to be scored.

    Of a rung that is not chosen yet these are all that it may choose: `expected_runs` says how many will be run.

    `rerun`: failed (and diverged) runs alone, all, or a cell_id's. Raises StepladderError where it names no cell.
    """
    cell_ids = [cell.cell_id for cell in plan.cells]
    if rerun not in (None, "all", "failed") and not any(cell_id.startswith(str(rerun)) for cell_id in cell_ids):
        raise StepladderError(f"--rerun {rerun} is no cell of {plan.name}; it is failed, all, or one of {', '.join(cell_ids)}.")
    possible = possible_cells(plan, states)
    runs = [run for run in plan.runs if run.cell_id in possible]
    if rerun is not None:
        return tuple(run for run in runs if _is_again(run, state_of(states, run).status, rerun))
    tested = tested_cells(plan, states)
    untrained = [run for run in runs if state_of(states, run).status not in ENDED]
    unscored = [run for run in plan.runs if run.cell_id in tested and state_of(states, run).status == "trained"]
    return (*untrained, *unscored)


def _is_again(run: RunId, status: str, rerun: str) -> bool:
    return status in ("failed", "diverged") if rerun == "failed" else rerun == "all" or run.cell_id.startswith(rerun)


def execute_plan(
    plan: WorkPlan, states: RunStates, runs_dir: Path, runs: Sequence[RunId], anew: bool, worker: Worker, only: Unit | None = None
) -> RunCounts:
    """Do these runs, and score the trials that are chosen by them; `anew`: from nothing. Raises Interrupted when it is to stop.

    `states`: of the plan's runs, as they were when `runs` were chosen. `only`: a unit outside of which nothing is done.

    Of a row whose values are tried, the test split is scored for the chosen one alone, once all of its trials have ended.
    Runs that other processes had when their turn came are looked at again at the end, as long as anything of them has changed.
    """
    tally, current_environment = RunTally(_without_replaced(worker.report)), environment()
    prepared, attempted = set[RunId](), set[tuple[bool, RunId]]()

    def prepare(states: RunStates, anew: bool) -> None:
        alive = alive_cells(plan, states)
        alive_runs = [run for run in runs if run.cell_id in alive and run not in prepared]
        for job in jobs_of(plan, alive_runs, states, (), runs_dir):
            _prepare_folder(job._replace(environment=current_environment), anew, worker.report)
        prepared.update(alive_runs)

    _check_and_repair(plan, states, runs_dir, runs, anew, worker.data_dir)
    prepare(states, anew)
    while not (tally.counts[Failed] and not worker.keep_going):
        states = read_plan_states(plan, runs_dir)
        prepare(states, anew=False)
        units = _without([only] if only else schedule(plan, states), frozenset(runs), attempted)
        groups = _groups_of(plan, units, states, runs_dir)
        ready = [group._replace(jobs=tuple(job for job in group.jobs if is_ready(job))) for group in groups]
        if any(group.jobs for group in ready):
            work_groups([_in_environment(group, current_environment) for group in ready if group.jobs], worker._replace(report=tally))
            attempted |= {(group.kind == "score", RunId(job.cell_id, job.seed)) for group in ready for job in group.jobs}
        elif freed := tally.held.wait_for_changed(worker.stop, worker.report) if worker.waits else tally.held.take_changed():
            attempted -= {(scores, run) for scores in (True, False) for run in freed}
        else:
            for job in (job for group in groups for job in group.jobs):
                tally(Blocked(job, blocked_reason(plan, job)))
            break
    return _run_counts(tally)


def _run_counts(tally: RunTally) -> RunCounts:
    counts = tally.counts
    ended = counts[Done] + counts[Trained] + counts[Diverged]
    return RunCounts(ended, counts[Failed], tally.held.left(), counts[Blocked], counts[Diverged])


def _without_replaced(report: Listener) -> Listener:
    """A listener that tells another; what a run was before it was done again is removed once it is over."""

    def listen(event: RunEvent) -> None:
        if isinstance(event, Done | Trained | Diverged):
            remove_replaced(event.job.folder)
        report(event)

    return listen


def _check_and_repair(plan: WorkPlan, states: RunStates, runs_dir: Path, runs: Sequence[RunId], anew: bool, data_dir: Path | None) -> None:
    """The plan's cells are made whole and its finished runs are swept. Raises StepladderError for what cannot be begun."""
    _check_parents(jobs_of(plan, runs, states, (), runs_dir))
    if anew:
        check_free(store.seed_folder(runs_dir, *run) for run in runs)
    _repair_cells(plan, runs_dir, data_dir)
    for run in plan.runs:
        if state_of(states, run).status in COMPLETE:
            sweep_run(store.seed_folder(runs_dir, *run), over=True)


def _repair_cells(plan: WorkPlan, runs_dir: Path, data_dir: Path | None) -> None:
    """Each cell's damaged files are written anew, which is told."""
    for cell in plan.cells:
        if cell.config is not None and (names := repair_cell(store.cell_folder(runs_dir, cell.cell_id), cell.config, data_dir)):
            print(f"note: {', '.join(names)} of {cell.cell_id} cannot be read and kept as NAME.damaged; written anew", file=sys.stderr)


def _check_parents(jobs: Sequence[Job]) -> None:
    """Raises StepladderError where a job starts from parameters that are not there, and that none of the jobs makes."""
    to_do = {job.folder for job in jobs}
    for job in (job for job in jobs if job.config.init and job.config.init.source and store.status_of(job.folder) not in ENDED):
        for parent in job.parents:
            if parent not in to_do and store.status_of(parent) in store.TRAINED_STATUSES:
                check_parameters(parent)


def _groups_of(plan: WorkPlan, units: Iterable[Unit], states: RunStates, runs_dir: Path) -> list[Group]:
    """The jobs of each unit that are left, those of one program together; none of a rung that is not chosen yet."""
    tested, alive = tested_cells(plan, states), alive_cells(plan, states)
    groups: dict[tuple[str, Unit], list[Job]] = {}
    for unit in units:
        left = [run for run in unit.runs if is_left(unit.kind, state_of(states, run).status, run.cell_id in tested)]
        for job in jobs_of(plan, [run for run in left if run.cell_id in alive], states, tested, runs_dir):
            groups.setdefault((plan.by_id[job.cell_id].program, unit), []).append(job)
    return [Group(unit.kind if program else "fit", program, tuple(jobs)) for (program, unit), jobs in groups.items()]


def is_left(kind: UnitKind, status: str, tested: bool) -> bool:
    """Whether a run of this status is still to be done by a unit of this kind."""
    return status == "trained" and tested if kind == "score" else status not in ENDED


def _without(units: Iterable[Unit], wanted: frozenset[RunId], attempted: set[tuple[bool, RunId]]) -> list[Unit]:
    """The units without the runs that nobody asked to train, and without what was tried already."""

    def is_wanted(unit: Unit, run: RunId) -> bool:
        scores = unit.kind == "score"
        return (scores or run in wanted) and (scores, run) not in attempted

    return [replace(unit, runs=tuple(run for run in unit.runs if is_wanted(unit, run))) for unit in units]


def _in_environment(group: Group, current: dict[str, object]) -> Group:
    return group._replace(jobs=tuple(job._replace(environment=current) for job in group.jobs))


def _prepare_folder(job: Job, anew: bool, report: Listener) -> None:
    cell = job.folder.parent
    if anew:
        move_aside(job.folder)
    elif repaired := repair_run(job):
        report(Note(job, repaired))
    sweep_run(job.folder, over=False)
    store.write_text(cell / "config.toml", to_toml(job.config))
    environments_by_seed = [readable_environments(cell / f"seed-{seed}") for seed in store.seeds_of(cell)]
    previous = next((parts[-1] for parts in environments_by_seed if parts), None)
    if previous is not None and (changes := differences(previous, job.environment)):
        report(Note(job, f"{changes}; its numbers may differ from those before"))
