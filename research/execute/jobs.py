"""The runs of a plan as jobs: what each starts from, where it is, and whether its test split is to be scored."""

from collections.abc import Container, Iterable
from pathlib import Path

from research.execute.schedule import is_mixture
from research.plan.work_plan import WorkPlan
from research.runs import store
from research.runs.run_state import RunId, RunState, RunStates, read_run_states
from research.runs.trial_choice import chosen_trial, is_decided, parse_reference, runs_of
from research.train.trained_files import ENDED, Job

UNDECIDED = "undecided"  # stands for the folder of a run that is not known yet: there is none


def read_plan_states(plan: WorkPlan, runs_dir: Path) -> dict[RunId, RunState]:
    """The states of a plan's runs, and of the trials of rows outside it that its cells name."""
    choices = filter(None, (parse_reference(name) for cell in plan.cells for name in cell.parents))
    return read_run_states(runs_dir, dict.fromkeys([*plan.runs, *(run for choice in choices for run in runs_of(choice))]))


def jobs_of(plan: WorkPlan, runs: Iterable[RunId], states: RunStates, tested: Container[str], runs_dir: Path) -> list[Job]:
    """A job for each run. `tested`: the cells whose test split is to be scored."""
    return [_job(plan, run, states, run.cell_id in tested, runs_dir) for run in runs]


def is_ready(job: Job) -> bool:
    """Whether its parents are trained; of a mixture that is to be scored, whether they are scored."""
    scored = store.status_of(job.folder) == "trained" or (job.tested and is_mixture(job.config))
    needed = ("done",) if scored and is_mixture(job.config) else store.TRAINED_STATUSES
    return all(store.status_of(parent) in needed for parent in job.parents)


def is_finished(job: Job) -> bool:
    """Whether nothing is left to do of it."""
    status = store.status_of(job.folder)
    return status in ENDED and not (status == "trained" and job.tested)


def _job(plan: WorkPlan, run: RunId, states: RunStates, tested: bool, runs_dir: Path) -> Job:
    cell = plan.by_id[run.cell_id]
    assert cell.config is not None
    start = run.seed if cell.parent_seed is None else cell.parent_seed
    parents = tuple(_parent(plan, parent, start, states, runs_dir) for parent in cell.parents)
    folder = store.seed_folder(runs_dir, *run)
    return Job(cell.cell_id, cell.config, run.seed, folder, parents, cell.facts, tested=tested, data_digest=cell.data_digest)


def _parent(plan: WorkPlan, name: str, seed: int, states: RunStates, runs_dir: Path) -> Path:
    """Seed k starts from seed k; a parent without chance has one run, the parent of all. Of a choice the chosen trial is the parent."""
    choice = parse_reference(name)
    cell_id = name if choice is None else chosen_trial(choice, states) if is_decided(choice, states) else None
    if cell_id is None:
        return runs_dir / UNDECIDED
    cell = plan.by_id.get(cell_id)
    return store.seed_folder(runs_dir, cell_id, cell.seeds[0] if cell and cell.deterministic else seed)
