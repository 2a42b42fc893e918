"""One cell in one JSON object: what `train --json` prints."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from research.runs import store
from research.runs.inspection import DAMAGED, believable_result, inspect_run
from research.runs.records import Result, Summary

STATUSES = ("failed", DAMAGED, "stopped", "running", "not run", "diverged", "trained", "done")  # a cell is as its worst run


def summarise(runs: Path, cell_id: str, seeds: tuple[int, ...]) -> Summary:
    """Status, parameters, cost and metrics of a cell: means over the seeds that are done, and each run."""
    folders = {seed: store.seed_folder(runs, cell_id, seed) for seed in seeds}
    inspected = {seed: inspect_run(folder) for seed, folder in folders.items()}
    results = {seed: believable_result(folders[seed], run) for seed, run in inspected.items()}
    statuses = {seed: run.status for seed, run in inspected.items()}
    done = [result for seed, result in results.items() if result and statuses[seed] in store.TRAINED_STATUSES]
    first: Result = next((result for result in results.values() if result), Result())
    return {
        "cell_id": cell_id,
        "status": next((status for status in STATUSES if status in statuses.values()), "not run"),
        "seeds": {status: count for status in STATUSES if (count := list(statuses.values()).count(status))},
        "config": {},
        "params": first.get("params"),
        "flops_per_token": first.get("flops_per_token"),
        "seconds": mean_of([result["cost"]["seconds"] for result in done]),
        "valid": mean_of([result["metrics"]["valid"] for result in done]),
        "test": mean_of([result["metrics"]["test"] for result in done if "test" in result["metrics"]]),
        "extra": first.get("extra", {}),
        "runs": [{"seed": seed, "status": statuses[seed], **_metrics(results[seed])} for seed in seeds],
    }


def mean_of(values: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """The mean of each number over the dictionaries; None, of what is missing, if any is."""
    keys = dict.fromkeys(key for value in values for key in value)
    columns = {key: [value.get(key) for value in values] for key in keys}
    return {key: None if None in column else sum(column) / len(column) for key, column in columns.items()}  # type: ignore[arg-type]


def _metrics(result: Result | None) -> dict[str, Mapping[str, int | float | None] | None]:
    metrics = (result or {}).get("metrics") or {}
    return {"valid": metrics.get("valid"), "test": metrics.get("test")}
