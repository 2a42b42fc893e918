"""The test split scored under the parameters that finished runs kept: at once after training, or whenever a run is chosen."""

import time
from collections.abc import Sequence
from threading import Event
from typing import NamedTuple

from jaxtyping import PyTree

from research.data.dataset import Dataset
from research.runs import store
from research.runs.lock import Claim, HeldError, TakenOverError, claim
from research.tasks.outcomes import Outcomes
from research.tasks.registry import task_of
from research.tasks.task_kind import Batches, Scored, SplitToScore
from research.train import checkpoint, lanes
from research.train.engine import Evaluator, score_lanes
from research.train.events import Done, Held, Listener
from research.train.run_failure import report_failure
from research.train.tested_files import write_test
from research.train.trained_files import Job
from research.train.update import abstract_state


class Interrupted(Exception):
    """The user asked to stop; every run is resumable."""


class HeldOut(NamedTuple):
    """What a run is scored on after it was chosen: the test split and further views of it by name, and the data that they are of."""

    splits: dict[str, SplitToScore]
    data: Dataset

    @property
    def shapes(self) -> tuple[Batches, ...]:
        """Of every batch that is scored."""
        return tuple(split.batches for split in self.splits.values())


class Finished(NamedTuple):
    """A trained run that is held by this process, and the parameters that it kept."""

    job: Job
    claim: Claim
    params: PyTree


def score_runs(evaluator: Evaluator, jobs: Sequence[Job], held_out: HeldOut, stop: Event, report: Listener) -> None:
    """Score trained runs of one program from their checkpoints, as many at once as there are lanes."""
    for first in range(0, len(jobs), evaluator.width):
        if stop.is_set():
            raise Interrupted
        opened = [_open(evaluator, job, report) for job in jobs[first : first + evaluator.width]]
        finished = [*opened, *[None] * (evaluator.width - len(opened))]
        try:
            if any(finished):
                score_finished(evaluator, finished, _joined(evaluator, finished), held_out, report)
        finally:
            for run in filter(None, finished):
                run.claim.release()


def score_finished(evaluator: Evaluator, finished: Sequence[Finished | None], params: PyTree, held_out: HeldOut, report: Listener) -> None:
    """Score the lanes that hold a finished run and write what was found. `params`: the lanes' parameters, joined."""
    began, active = time.perf_counter(), [run is not None for run in finished]

    scores = {name: score_lanes(evaluator, params, active, split.batches, split.size) for name, split in held_out.splits.items()}
    seconds = time.perf_counter() - began
    for i, run in enumerate(finished):
        if run is not None:
            outcomes = {name: lane_scores[i] or {} for name, lane_scores in scores.items()}
            try:
                with run.claim.writing():
                    _write(evaluator, run, outcomes, held_out, seconds, report)
            except TakenOverError as error:
                report(Held(run.job, str(error)))


def _write(
    evaluator: Evaluator, finished: Finished, outcomes: dict[str, Outcomes], held_out: HeldOut, seconds: float, report: Listener
) -> None:
    job, began, model = finished.job, time.perf_counter(), evaluator.program.config.model
    scored = {name: Scored(outcomes[name], split.belongs) for name, split in held_out.splits.items()}
    finish = task_of(job.config).finish(job.config, model, job.seed, finished.params, held_out.data)
    spent = (seconds + time.perf_counter() - began) * lanes.cores_per_lane()
    metrics = write_test(job, scored, finish, spent)
    step = (store.read_status(job.folder) or {}).get("step", 0)
    report(Done(job, step, metrics))


def _open(evaluator: Evaluator, job: Job, report: Listener) -> Finished | None:
    """None where another process has the run, or has scored it meanwhile; one that cannot be read is reported as failed."""
    try:
        claimed = claim(job.folder)
    except HeldError as error:
        report(Held(job, str(error)))
        return None
    if store.status_of(job.folder) != "trained":
        claimed.release()
        report(Held(job, "another process finished it meanwhile"))
        return None
    try:
        return Finished(
            job._replace(claim=claimed),
            claimed,
            checkpoint.restore_checkpoint(job.folder / "checkpoints", checkpoint.FINAL, abstract_state(evaluator.program)[1].params),
        )
    except Exception as error:
        report_failure(job, claimed, error, report)
        return None


def _joined(evaluator: Evaluator, finished: Sequence[Finished | None]) -> PyTree:
    """The lanes' parameters; an idle lane has those of another."""
    any_params = next(run.params for run in finished if run is not None)
    return lanes.stack_lanes(evaluator.mesh, [any_params if run is None else run.params for run in finished])
