"""Why a run cannot be begun: which of the runs that it starts from is not there, and what became of that one."""

from pathlib import Path

from research.config.value_labels import row_label
from research.execute.jobs import UNDECIDED, is_ready
from research.plan.work_plan import WorkPlan
from research.runs import store
from research.train.trained_files import Job

NO_CHOICE = "its row has no chosen value: a trial failed, or none is left"
BECAME = {
    "diverged": "diverged, so there is nothing to start from",
    "failed": "failed: its log.txt says why",
    "running": "another process has under way",
}


def blocked_reason(plan: WorkPlan, job: Job) -> str:
    """In words, of the first parent that is not there."""
    needed = ("done",) if all(store.status_of(parent) in store.TRAINED_STATUSES for parent in job.parents) else store.TRAINED_STATUSES
    missing = [parent for parent in job.parents if store.status_of(parent) not in needed]
    if is_ready(job) or not missing:
        return "a run that it starts from was not done in time"
    if missing[0].name == UNDECIDED:
        return NO_CHOICE
    return f"it starts from {_name(plan, missing[0])}, which {BECAME.get(store.status_of(missing[0]), 'is not done')}"


def _name(plan: WorkPlan, folder: Path) -> str:
    """A run by its row and its seed, and where it is."""
    cell_id, seed = folder.parent.name, folder.name.removeprefix("seed-")
    cell = plan.by_id.get(cell_id)
    label = row_label(cell.labels | cell.tuned) if cell else ""
    return f"{label}, seed {seed} ({cell_id}/{seed})" if label else f"{cell_id}/{seed}"
