"""The files of a trained run, before its test split is scored. status.json is written last, so that what it says is whole."""

import sys
import time
import traceback
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from research.config.errors import StepladderError
from research.config.schema import Config
from research.runs import store
from research.runs.environments import PARTS, readable_environments, same_environment
from research.runs.lock import Claim, TakenOverError
from research.tasks.membership import TokenMembership
from research.tasks.outcomes import Outcomes
from research.tasks.registry import task_of
from research.tasks.task_kind import VALID

UNSCORED = "its test split was not scored"  # how the message of a trained run begins where scoring failed
ENDED = (*store.TRAINED_STATUSES, "diverged")  # the statuses of a run that is not trained again


class Job(NamedTuple):
    """A run to be done: a cell's config and one seed."""

    cell_id: str
    config: Config
    seed: int
    folder: Path
    parents: tuple[Path, ...] = ()  # the runs it starts from, or is made of
    facts: dict[str, Any] = {}  # noqa: RUF012  of the cell, for result.json: params, flops_per_token, extra
    latency_ms: float | None = None
    tested: bool = True  # whether its test split is scored: not of a value of `tune` that is not chosen yet
    data_digest: str = ""
    environment: dict[str, Any] = {}  # noqa: RUF012  of the process that does it: code, packages, device
    claim: Claim | None = None  # under which its files are written; None where nobody else can be at it

    def writing(self) -> AbstractContextManager[None]:
        """A block in which files are changed under the claim: TakenOverError is raised where the run is another process's by now."""
        return nullcontext() if self.claim is None else self.claim.writing()


def write_final(job: Job, name: str, value: dict[str, Any]) -> None:
    """A file that a run has once, created by link(2). Raises TakenOverError where the run is another process's by now.

    What is there already while the run is ours was left by a crash before its status was written, and is replaced.
    """
    with job.writing():
        if not store.create_json(job.folder / name, value):
            store.write_json(job.folder / name, value)


def write_result(job: Job, valid: Outcomes | None, belongs: TokenMembership, figures: dict[str, Any]) -> dict[str, Any]:
    """result.json: what training and validation gave, and tokens.npz where there are scores. Nothing of the test split is in them.

    `figures`: steps, cost, what else the run knows; and `valid`, metrics where there are no scores of one split.
    Returns the metrics, by split.
    """
    metrics: dict[str, Any] = {"valid": figures.pop("valid")} if "valid" in figures else {}
    if valid is not None:
        task = task_of(job.config)
        metrics["valid"] = task.measure(job.config, VALID, valid, belongs)
        if (losses := task.token_losses(VALID, valid)) is not None:
            store.write_arrays(job.folder / "tokens.npz", valid=losses.astype(np.float32))
    extra = {**job.facts.get("extra", {}), **figures.pop("extra", {})}
    identities = {"valid": belongs.identity._asdict()} if belongs.identity else {}
    parents = {"parents": [f"{folder.parent.name}/{folder.name}" for folder in job.parents]} if job.parents else {}
    result = {
        "cell_id": job.cell_id,
        "seed": job.seed,
        **job.facts,
        **parents,
        **figures,
        "metrics": metrics,
        "scored_on": identities,
        "extra": extra,
    }
    write_final(job, "result.json", store.stamp(result, job.data_digest))
    return metrics


def write_beginning(job: Job, step: int, steps: int) -> None:
    """A run that is begun at step 0, or resumed at a later one: env.json has whatever code and machine did a part of it, in order."""
    earlier = [entry for entry in readable_environments(job.folder) if entry["step"] < step]
    current = {"step": step, **job.environment}
    same = bool(earlier) and same_environment(earlier[-1], current)
    store.write_json(job.folder / "env.json", store.stamp({PARTS: earlier if same else [*earlier, current]}, job.data_digest))
    write_status(job, "running", step, steps)


def write_status(job: Job, status: str, step: int, steps: int, message: str = "") -> None:
    """running | trained | done | diverged | failed | stopped."""
    updated = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    record = {"status": status, "step": step, "steps": steps, "message": message, "updated": updated}
    store.write_json(job.folder / "status.json", store.stamp(record, job.data_digest))


def write_failure(job: Job, error: BaseException) -> None:
    """The traceback goes to log.txt, its last line to status.json. A run that failed while it was tested stays trained."""
    status = store.read_status(job.folder) or {}
    store.write_text(job.folder / "log.txt", "".join(traceback.format_exception(error)))
    message = f"{type(error).__name__}: {error}"
    if status.get("status") == "trained":
        return write_status(job, "trained", status["step"], status["steps"], f"{UNSCORED}: {message}")
    write_status(job, "failed", 0, 0, message)


def try_to_write_failure(job: Job, error: BaseException) -> None:
    """As `write_failure`; where that is refused, as on a full disk, a note says so, and the error itself is the caller's to tell."""
    try:
        write_failure(job, error)
    except TakenOverError:
        raise
    except (OSError, StepladderError) as refused:
        print(f"note: {job.folder / 'log.txt'} could not be written: {refused}", file=sys.stderr)
