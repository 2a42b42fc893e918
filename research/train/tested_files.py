"""The files of a run whose test split was scored, after it was trained and chosen. test.json is written behind all that it stands for,
and behind it the checksums of all."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from research.runs import store
from research.runs.checksums import write_checksums
from research.tasks.registry import task_of
from research.tasks.task_kind import TEST, Finish, Scored
from research.train.trained_files import UNSCORED, Job, write_final, write_status


def write_test(job: Job, scored: Mapping[str, Scored], finish: Finish, seconds: float) -> dict[str, Any]:
    """The arrays and texts of the test split, then test.json, the checksums, and the status: done. Returns the metrics of both splits.

    `scored`: the test split and further views of it. `seconds`: core-seconds that the scoring took.
    """
    task, metrics, items, losses = task_of(job.config), dict[str, float](), dict[str, np.ndarray](), dict[str, np.ndarray]()
    for name, split in scored.items():
        metrics |= task.measure(job.config, name, *split)
        items |= task.items(name, *split)
        if (token_losses := task.token_losses(name, split.outcomes)) is not None:
            losses[name] = token_losses.astype(np.float32)
    store.write_arrays(job.folder / "items.npz", **items, **finish.items)
    if losses:
        store.write_arrays(job.folder / "test_tokens.npz", **losses)
    for file, arrays in finish.arrays.items():
        store.write_arrays(job.folder / file, **arrays)
    for file, text in finish.texts.items():
        store.write_text(job.folder / file, text)
    write_final(job, "test.json", store.stamp(_record(job, scored, finish, metrics, seconds), job.data_digest))
    write_checksums(job.folder)
    status = store.read_status(job.folder) or {"step": 0, "steps": 0, "message": ""}
    message = "" if status["message"].startswith(UNSCORED) else status["message"]
    write_status(job, "done", status["step"], status["steps"], message)
    return dict((store.read_result(job.folder) or {})["metrics"])


def _record(job: Job, scored: Mapping[str, Scored], finish: Finish, metrics: dict[str, float], seconds: float) -> dict[str, Any]:
    identity = scored[TEST].belongs.identity
    identities = ({TEST: identity} if identity else {}) | dict(finish.identities)
    return {
        "cell_id": job.cell_id,
        "seed": job.seed,
        "metrics": {TEST: metrics | dict(finish.metrics)},
        "scored_on": {name: identity._asdict() for name, identity in identities.items()},
        "extra": dict(finish.extra),
        "signatures": dict(finish.signatures),
        "seconds": seconds,
    }
