"""What `stepladder work` does: a unit of a manifest, or all of it, and what its units are."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from research.config.errors import StepladderError, did_you_mean
from research.config.plain import Tree
from research.execute.alive import alive_cells, expected_runs, possible_cells
from research.execute.data_check import check_plan_data
from research.execute.foreground import UNFINISHED, Request, run_in_foreground
from research.execute.jobs import read_plan_states
from research.execute.local import is_left, pending_runs
from research.execute.schedule import schedule, tested_cells
from research.execute.unit import Unit
from research.plan.work_plan import WorkPlan, read_work_plan
from research.runs import store
from research.runs.run_state import RunId, RunStates, state_of


class WorkRequest(NamedTuple):
    """Which part of a plan is to be done, where, and for how long."""

    runs_dir: Path
    data_dir: Path | None
    unit: str  # the beginning of its id; "" for all that can be done
    capacity: int | None
    seconds: float | None
    as_json: bool
    workers: int | None = None


def list_command(manifest: Mapping[str, Any], request: WorkRequest) -> int:
    """The units of the whole plan, each with how many of its runs are left."""
    plan = read_work_plan(manifest)
    states = read_plan_states(plan, request.runs_dir)
    units = schedule(plan, {}, request.capacity)
    left, totals = _runs_left(plan, units, states), _runs_left(plan, units, {})
    if request.as_json:
        print(store.to_json({"name": plan.name, "units": [_unit_data(unit, left[unit.id]) for unit in units]}))
        return 0
    for unit in units:
        candidates = f", chosen among {len(unit.runs)}" if totals[unit.id] < len(unit.runs) else ""
        runs = f"the chosen trial of {unit.row}" if unit.row else f"{left[unit.id]} of {totals[unit.id]} runs left{candidates}"
        waits = f", after {', '.join(unit.after)}" if unit.after else ""
        print(f"{unit.id}  {unit.kind:<5}  {runs}{waits}")
    return 0


def _unit_data(unit: Unit, left: int) -> Tree:
    return {"unit": unit.id, "kind": unit.kind, "row": unit.row, "runs": list(map(str, unit.runs)), "left": left, "after": list(unit.after)}


def work_command(manifest: Mapping[str, Any], where: str, request: WorkRequest) -> int:
    """Do it. 0: what was asked is done; 1: a run crashed; 75: something is left that others hold, or that waits, or the time is up."""
    plan = read_work_plan(manifest, where)
    unit = _find_unit(schedule(plan, {}, request.capacity), request.unit, where) if request.unit else None
    store.check_writable(request.runs_dir)
    pending = pending_runs(plan, read_plan_states(plan, request.runs_dir))
    wanted = [run for run in pending if unit is None or run in unit.runs]
    check_plan_data(plan, (run.cell_id for run in wanted), request.data_dir)
    doing = Request(request.runs_dir, request.data_dir, quiet=request.as_json, unit=unit, seconds=request.seconds, workers=request.workers)
    code = run_in_foreground(plan, doing)
    left = _left(plan, unit, request.runs_dir)
    if request.as_json:
        print(store.to_json({"name": plan.name, "unit": unit.id if unit else None, "left": left}))
    elif left:
        print(f"{plan.name}: {left} runs are left, which others hold, or which wait for runs that are not done", file=sys.stderr)
    return code or (UNFINISHED if left else 0)


def _left(plan: WorkPlan, unit: Unit | None, runs_dir: Path) -> int:
    states = read_plan_states(plan, runs_dir)
    return len(expected_runs(plan, states, pending_runs(plan, states))) if unit is None else _runs_left(plan, [unit], states)[unit.id]


def _runs_left(plan: WorkPlan, units: Sequence[Unit], states: RunStates) -> dict[str, int]:
    """How many runs of each unit are left, by its id; what trains settled cells also scores their test splits."""
    tested = tested_cells(plan, states)

    def count(unit: Unit) -> int:
        scored_here = unit.kind != "score"
        left = [
            run
            for run in unit.runs
            if is_left(unit.kind, state_of(states, run).status, run.cell_id in tested)
            or (scored_here and run.cell_id in plan.settled and state_of(states, run).status == "trained")
        ]
        return _count_of(plan, left, states) if scored_here else len(left)

    return {unit.id: count(unit) for unit in units}


def _count_of(plan: WorkPlan, runs: Sequence[RunId], states: RunStates) -> int:
    """How many of these runs will be run: of a rung that is not chosen yet at most as many as it has, whichever they are."""
    if not any(choice.rungs for choice in plan.choices):
        return len(runs)
    alive, possible, cells = alive_cells(plan, states), possible_cells(plan, states), plan.by_id
    programs = {cells[run.cell_id].program for run in runs}
    chosen, candidates = (sum(run.cell_id in group for run in runs) for group in (alive, possible - alive))
    unchosen = [cells[run.cell_id].program for run in expected_runs(plan, states, plan.runs) if run.cell_id not in alive]
    return chosen + min(candidates, sum(program in programs for program in unchosen))


def _find_unit(units: Sequence[Unit], prefix: str, where: str) -> Unit:
    matches = [unit for unit in units if unit.id.startswith(prefix)]
    if len(matches) == 1:
        return matches[0]
    ids = [unit.id for unit in units]
    hint = f"begins {len(matches)} units" if matches else f"is no unit of {where}{did_you_mean(prefix, ids) or '.'}"
    raise StepladderError(f"{prefix!r} {hint} The units are {', '.join(ids)}; `stepladder work {where} --list` says what each does.")
