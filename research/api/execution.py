"""A file with its overrides, planned, written down and carried out: one path for the command line and for Python."""

import sys
from pathlib import Path
from typing import Any, NamedTuple

from research.api.print_plan import advice_lines, coverage_lines, dropped_lines
from research.config.errors import StepladderError
from research.config.loader import LoadedConfig
from research.execute.environment import use_compilation_cache
from research.execute.foreground import CRASHED, UNFINISHED, Request, run_in_foreground
from research.execute.jobs import read_plan_states
from research.execute.local import pending_runs
from research.plan.build_manifest import write_manifest
from research.plan.initial_metrics import with_initial_metrics
from research.plan.resolve_plan import Plan, resolve_plan
from research.plan.work_plan import read_work_plan
from research.runs import store
from research.runs.readable_manifests import readable_manifest
from research.runs.sweep_manifest import Launch, launched_path
from research.stops import STOPPED
from research.train import lanes


class Executed(NamedTuple):
    """What was done. `code`: 0 all of it, 1 something crashed, 75 others have the rest, 130 stopped by a person."""

    plan: Plan
    manifest: dict[str, Any]
    code: int


def execute(loaded: LoadedConfig, launch: Launch, request: Request) -> Executed:
    """Plan it, write the manifest, and do what is not done. Raises StepladderError before the first run for whatever would fail later."""
    use_compilation_cache()
    plan = with_initial_metrics(resolve_plan(loaded, request.runs_dir, request.data_dir), request.runs_dir, request.data_dir)
    if (finished := finished_manifest(launched_path(loaded, request.runs_dir), request)) is not None:
        return Executed(plan, finished, 0)
    cores = None if request.workers is None else max(1, lanes.core_count() // request.workers)
    manifest = write_manifest(plan, request.runs_dir, launch._replace(cores=cores))
    lines = dropped_lines(plan)
    if not request.quiet:
        lines += [*coverage_lines(plan), *advice_lines(plan), *filter(None, [plan.matched])]
    for line in lines:
        print(line, file=sys.stderr)
    return Executed(plan, manifest, run_in_foreground(read_work_plan(manifest), request))


def finished_manifest(path: Path, request: Request) -> dict[str, Any] | None:
    """The manifest of a launch with nothing left to do, of runs in a folder that cannot be written; None where it can be.

    Raises StepladderError where it cannot and something is to be done.
    """
    try:
        store.check_writable(request.runs_dir)
    except StepladderError:
        manifest = readable_manifest(path)
        plan = read_work_plan(manifest) if manifest is not None and request.rerun is None else None
        if plan is None or pending_runs(plan, read_plan_states(plan, request.runs_dir)):
            raise
        print(f"note: {request.runs_dir} cannot be written, and nothing is to be done: its numbers are as they are", file=sys.stderr)
        return manifest
    return None


def check_executed(executed: Executed, runs: Path, may_crash: bool) -> None:
    """Raises KeyboardInterrupt where a person stopped it, and StepladderError where others have runs, or one crashed that may not."""
    if executed.code == STOPPED:
        raise KeyboardInterrupt("every run under way is checkpointed; the same call goes on from there")
    if executed.code == UNFINISHED:
        raise StepladderError(
            f"{executed.plan.name}: another process has some of the runs in {runs}; what it leaves is done by the same call, and wait=True "
            "waits for it."
        )
    if executed.code == CRASHED and not may_crash:
        raise StepladderError(
            f"{executed.plan.name}: a run crashed, or what it starts from is not done; the other runs are kept. The log.txt of the run in "
            f"{runs} says why; the same call goes on from there."
        )
