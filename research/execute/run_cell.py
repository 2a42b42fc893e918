"""One run of a cell, done in this process by its config alone, as a row of a sweep would be."""

from pathlib import Path
from threading import Event

from research.config.errors import StepladderError
from research.config.loader import LoadedConfig
from research.config.schema import Config
from research.config.serialise import to_tree
from research.execute.jobs import read_plan_states
from research.execute.local import execute_plan, pending_runs
from research.execute.work import Worker
from research.plan.build_manifest import work_plan_of
from research.plan.resolve_plan import resolve_plan
from research.runs import store
from research.train.events import RunEvent


def run_cell(config: Config, seed: int, runs_dir: Path, data_dir: Path | None) -> Path:
    """Train, fit or pool one seed of a config, score its test split, and return the folder of the run; at once where it is done.

    What it starts from or is made of is in `runs_dir`. Raises StepladderError for what cannot be run, and where the run crashed.
    """
    tree = to_tree(config) | {"seeds": [seed]}
    alone = config.model_copy(update={"seeds": (seed,)})
    resolved = resolve_plan(LoadedConfig(Path("cell.toml"), tree, alone, None, None, (), {}, frozenset()), runs_dir, data_dir)
    plan = work_plan_of(resolved)
    states = read_plan_states(plan, runs_dir)
    outcome = execute_plan(plan, states, runs_dir, pending_runs(plan, states), False, Worker(data_dir, Event(), True, _ignore))
    (cell,) = resolved.rows
    folder = store.seed_folder(runs_dir, cell.cell_id, seed)
    if outcome.failed or outcome.blocked or outcome.held:
        message = (store.read_status(folder) or {}).get("message") or "another process has it, or what it starts from could not be run"
        raise StepladderError(f"{cell.cell_id}/seed-{seed} could not be run: {message}.")
    return folder


def _ignore(event: RunEvent) -> None:
    """Progress is told by whoever asked for the run."""
