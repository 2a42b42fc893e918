"""How long the runs of a plan will take on this machine."""

from collections.abc import Sequence
from pathlib import Path

from research.plan.price import total_seconds
from research.plan.work_plan import WorkPlan
from research.runs.costs import machine_rate
from research.runs.run_state import RunId
from research.train import lanes


def seconds_left(plan: WorkPlan, runs: Sequence[RunId], runs_dir: Path) -> float:
    """Predicted seconds for these runs on the workers that there are, at the rate of the runs that are there; 0 for none."""
    if not runs:
        return 0.0
    cells, rate = plan.by_id, machine_rate(runs_dir)
    priced = [
        (cell.predicted_seconds * (rate if cell.program else 1.0), cell.program or None) for cell in (cells[run.cell_id] for run in runs)
    ]
    return total_seconds(priced, lanes.lane_count(len(runs)), lanes.cores_per_lane())
