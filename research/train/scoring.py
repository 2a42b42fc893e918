"""The test split scored under the parameters that finished runs kept: at once after training, or whenever a run is chosen."""

import time
from collections.abc import Sequence
from threading import Event
from typing import Any, NamedTuple

from research.data.dataset import Dataset
from research.data.prompts import PromptSet
from research.results import store
from research.results.lock import Claim, HeldError, claim
from research.train import checkpoint, lanes
from research.train.engine import Batches, Evaluator, score_lanes
from research.train.evaluate import SplitScores, TokenMembership
from research.train.events import Done, Failed, Held, Listener
from research.train.prompt_scores import score_prompt_set
from research.train.tested_files import ScoredCopy, TestedSplits, write_test
from research.train.trained_files import Job, write_failure
from research.train.translations import translate_test_split
from research.train.update import abstract_state


class Interrupted(Exception):
    """The user asked to stop; every run is resumable."""


class SplitToScore(NamedTuple):
    """A split to be scored: its batches, and what each of its tokens belongs to."""

    batches: Batches
    belongs: TokenMembership

    @property
    def size(self) -> int:
        return len(self.belongs.items)


class HeldOut(NamedTuple):
    """What a run is scored on after it was chosen."""

    test: SplitToScore
    also: dict[int, SplitToScore]  # the test split at further window lengths
    misspelt: SplitToScore | None  # a copy of the test split
    pairs: Dataset | None = None  # the data, where it is pairs: their test sources are translated
    prompts: PromptSet | None = None

    @property
    def shapes(self) -> tuple[Batches, ...]:
        """Of every batch that is scored."""
        return tuple(split.batches for split in (self.test, *self.also.values(), *filter(None, [self.misspelt])))


class Finished(NamedTuple):
    """A trained run that is held by this process, and the parameters that it kept."""

    job: Job
    claim: Claim
    params: Any


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


def score_finished(evaluator: Evaluator, finished: Sequence[Finished | None], params: Any, held_out: HeldOut, report: Listener) -> None:
    """Score the lanes that hold a finished run and write what was found. `params`: the lanes' parameters, joined."""
    began, active = time.perf_counter(), [run is not None for run in finished]

    def score_split(split: SplitToScore) -> list[SplitScores | None]:
        return score_lanes(evaluator, params, active, split.batches, split.size)

    test, also = score_split(held_out.test), {length: score_split(split) for length, split in held_out.also.items()}
    misspelt = score_split(held_out.misspelt) if held_out.misspelt else [None] * len(finished)
    seconds = time.perf_counter() - began
    for i, run in enumerate(finished):
        if run is not None:
            further = {length: scores[i] for length, scores in also.items()}
            _write(evaluator, run, test[i], further, misspelt[i], held_out, seconds, report)


def _write(
    evaluator: Evaluator,
    finished: Finished,
    test: Any,
    also: dict[int, Any],
    misspelt: SplitScores | None,
    held_out: HeldOut,
    seconds: float,
    report: Listener,
) -> None:
    job, params, began = finished.job, finished.params, time.perf_counter()
    model = evaluator.program.config.model
    copy = ScoredCopy(misspelt, held_out.misspelt.belongs) if misspelt is not None and held_out.misspelt else None
    texts = translate_test_split(job.config, model, job.seed, params, held_out.pairs) if held_out.pairs is not None else None
    answers = score_prompt_set(model, params, held_out.prompts, job.seed) if held_out.prompts is not None else None
    spent = (seconds + time.perf_counter() - began) * lanes.cores_per_lane()
    metrics = write_test(job, TestedSplits(test, also, copy, texts, answers), held_out.test.belongs, spent)
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
            job,
            claimed,
            checkpoint.restore_checkpoint(job.folder / "checkpoints", checkpoint.FINAL, abstract_state(evaluator.program)[1].params),
        )
    except Exception as error:
        write_failure(job, error)
        claimed.release()
        report(Failed(job, str(error)))
        return None


def _joined(evaluator: Evaluator, finished: Sequence[Finished | None]) -> Any:
    """The lanes' parameters; an idle lane has those of another."""
    any_params = next(run.params for run in finished if run is not None)
    return lanes.stack_lanes(evaluator.mesh, [any_params if run is None else run.params for run in finished])
