"""A row of all folds: what its folds' runs found, put together; its test sentences are those of all folds, scored as one split."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from research.data.dataset import Dataset
from research.runs import store
from research.runs.records import Result
from research.runs.summary import mean_of
from research.tasks.outcomes import Outcomes
from research.tasks.registry import task_of
from research.train.trained_files import Job


def pool_folds(job: Job, data: Dataset, data_dir: Path | None) -> tuple[None, dict[str, Any]]:
    """The figures of the whole: costs are those of all folds together, validation the mean over the folds, where these have one."""
    results = [_result(folder) for folder in job.parents]
    costs = [result["cost"] for result in results]
    return None, {
        "params": {name: round(value) for name, value in mean_of([_floats(result["params"]) for result in results]).items() if value},
        "flops_per_token": float(np.mean([result["flops_per_token"] for result in results])),
        "tokens_seen": sum(result["tokens_seen"] for result in results),
        "valid": mean_of([result["metrics"].get("valid", {}) for result in results]),
        "folds": [folder.parent.name for folder in job.parents],
        "cost": {
            "seconds": {key: sum(cost["seconds"][key] for cost in costs) for key in costs[0]["seconds"]},
            "latency_ms": float(np.mean([cost.get("latency_ms") or 0.0 for cost in costs])),
            "peak_memory_mb": max(cost["peak_memory_mb"] for cost in costs),
        },
    }


def score_pooled_folds(job: Job, data: Dataset) -> tuple[Outcomes, dict[str, float]]:
    """The outcomes of all test sentences, in the order of `data`; how many folds, and the deviation over them of the task's metric."""
    items = [store.read_items(folder) or {} for folder in job.parents]
    losses = [(store.read_tokens(folder) or {}).get("test") for folder in job.parents]
    pooled = task_of(job.config).pool(data, items, losses)
    return pooled.outcomes, {"folds": float(len(items)), "sd_over_folds": float(np.std(pooled.by_fold, ddof=1))}


def _floats(values: Mapping[str, int]) -> dict[str, float | None]:
    return {name: float(value) for name, value in values.items()}


def _result(folder: Path) -> Result:
    result = store.read_result(folder)
    assert result is not None, "a row is pooled after its folds"
    return result
