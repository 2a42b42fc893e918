"""The host's part of training: a queue of runs that share a program goes through the lanes; every file of a run is written here.

A run's files follow its own step alone: which lane it had, who its neighbours were and how often it was stopped leave no trace in them
but in the times. Ctrl-C and SIGTERM set `stop`; after the call under way each run in a lane is checkpointed.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from threading import Event

import jax
import numpy as np
from jaxtyping import PyTree

from research.config.schema import Config
from research.runs import store
from research.runs.lock import TakenOverError
from research.tasks.outcomes import Outcomes
from research.tasks.registry import task_of
from research.tasks.sample_text import sample_text
from research.tasks.task_kind import VALID
from research.train import checkpoint, lanes
from research.train.batch_source import HostSource, StackedBatches, stack_batches, zero_batches
from research.train.engine import Engine, score_lanes
from research.train.events import Checkpointed, Diverged, Held, Listener, Progressed, Sampled, Trained, Validated
from research.train.optimiser import learning_rate_factor
from research.train.resume import BestValidation, Progress, better, checkpoint_tree, cost_of
from research.train.run_start import GroupData, Lane, begin_run, blank_validation
from research.train.scoring import Finished, Interrupted, score_finished
from research.train.trained_files import Job, write_result, write_status
from research.train.update import abstract_state


def train_runs(engine: Engine, jobs: Sequence[Job], material: GroupData, stop: Event, report: Listener) -> None:
    """Train every job to its end, resuming where a checkpoint is; a job that another process holds is skipped and reported."""
    queue: deque[Job] = deque(jobs)
    running: list[Lane | None] = [None] * engine.width
    states, members = _idle(engine)
    try:
        while True:
            states, members, running = _fill(engine, queue, running, states, members, material, report)
            if not any(running):
                return
            states, running = _advance(engine, running, states, members, material, report)
            running = _validate(engine, running, states, material, report)
            running = _finish(engine, running, states, material, len(jobs), report)
            _save_checkpoints(engine, running, states, material, stop, report)
            if stop.is_set() and (any(running) or queue):
                raise Interrupted
    except BaseException:
        for lane in filter(None, running):
            lane.claim.release()
        raise


def log_and_validation_steps(config: Config, steps: int) -> tuple[list[int], list[int]]:
    """The steps after which metrics are logged, and those after which validation is run; the last step is both."""
    logs = [*range(config.run.log_every, steps, config.run.log_every), steps]
    n = min(config.train.evaluations, steps)
    validations = [round(steps * (i + 1) / n) for i in range(n)]
    return logs, validations


def _idle(engine: Engine) -> tuple[PyTree, PyTree]:
    """A state and a member for lanes in which nothing runs: their loops are bounded by step 0."""
    member, state = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), abstract_state(engine.program))
    return lanes.stack_lanes(engine.mesh, [state] * engine.width), lanes.stack_lanes(engine.mesh, [member] * engine.width)


def _fill(
    engine: Engine, queue: deque[Job], running: list[Lane | None], states: PyTree, members: PyTree, material: GroupData, report: Listener
) -> tuple[PyTree, PyTree, list[Lane | None]]:
    running = list(running)
    for i, lane in enumerate(running):
        while lane is None and queue:
            started = begin_run(engine, queue.popleft(), material, report)
            if started is not None:
                lane, state, member = started
                states, members = lanes.set_lane(states, i, state), lanes.set_lane(members, i, member)
        running[i] = lane
    return states, members, running


def _advance(
    engine: Engine, running: list[Lane | None], states: PyTree, members: PyTree, material: GroupData, report: Listener
) -> tuple[PyTree, list[Lane | None]]:
    until = [_next(engine, lane) if lane else 0 for lane in running]
    began = time.perf_counter()
    source = _training_source(engine, running, until, material.source)
    states, traces = engine.advance(members, states, source, lanes.stack_lanes(engine.mesh, [np.int32(n) for n in until]))
    jax.block_until_ready(states)
    seconds = time.perf_counter() - began

    def log(i: int, lane: Lane) -> Lane | None:
        return _unless_lost(lane, lambda: _log(engine, lane, lanes.get_lane(traces, i), until[i], seconds, report), report)

    return states, [lane and log(i, lane) for i, lane in enumerate(running)]


def _training_source(engine: Engine, running: list[Lane | None], until: list[int], source: PyTree) -> PyTree:
    """The split itself, or the batches of this call for every lane."""
    if not isinstance(source, HostSource):
        return source
    config = engine.program.config

    def lane_batches(lane: Lane | None, last: int) -> StackedBatches:
        return stack_batches(config, source, lane.job.seed, lane.step, last) if lane else zero_batches(config, source)

    return lanes.stack_lanes(engine.mesh, [lane_batches(lane, last) for lane, last in zip(running, until, strict=True)])


def _next(engine: Engine, lane: Lane) -> int:
    logs, validations = log_and_validation_steps(lane.job.config, engine.program.steps)
    return min(step for step in {*logs, *validations} if step > lane.step)


def _unless_lost(lane: Lane, write: Callable[[], Lane | None], report: Listener) -> Lane | None:
    """What `write` makes of a lane; None, and nothing is written, where another process has taken its run over.

    Whatever fails while another is at the run's files fails because of that.
    """
    try:
        with lane.claim.writing():
            return write()
    except Exception:
        if lane.claim.is_ours():
            raise
        lane.claim.release()
        report(Held(lane.job, str(TakenOverError(lane.job.folder))))
        return None


def _log(engine: Engine, lane: Lane, trace: PyTree, until: int, seconds: float, report: Listener) -> Lane:
    """The metrics of a call are written."""
    job, finite, sums = lane.job, bool(trace.finite), trace.sums
    completed_steps = int(sums.steps) - (0 if finite else 1)
    rate = job.config.optim.learning_rate * float(
        learning_rate_factor(job.config.optim.schedule, engine.program.steps, engine.program.steps_per_epoch, until - 1)
    )
    loss = float(sums.loss) / max(float(sums.weight), 1.0)
    norm = float(sums.gradient_norm) / max(1, int(sums.steps))
    line = {"step": lane.step + int(sums.steps), "split": "train", "loss": loss, "gradient_norm": norm}
    store.append_metrics(job.folder / "metrics.jsonl", [line | {"learning_rate": rate, "seconds": seconds}])
    tokens, progress = int(sums.tokens), lane.progress
    report(Progressed(job, lane.step + completed_steps, engine.program.steps, rate, loss, norm, tokens, seconds))
    progress = progress._replace(train_seconds=progress.train_seconds + seconds, tokens=progress.tokens + tokens)
    return replace(lane, step=lane.step + completed_steps, progress=progress, ended="" if finite else "diverged")


def _validate(engine: Engine, running: list[Lane | None], states: PyTree, material: GroupData, report: Listener) -> list[Lane | None]:
    due = [
        bool(lane and not lane.ended and lane.step in log_and_validation_steps(lane.job.config, engine.program.steps)[1])
        for lane in running
    ]
    if not any(due):
        return running
    began = time.perf_counter()
    lane_outcomes = score_lanes(engine.evaluator, states.params, due, material.valid.batches, material.valid.size)
    seconds = time.perf_counter() - began

    def update(i: int, lane: Lane | None, outcomes: Outcomes | None) -> Lane | None:
        if lane is None or outcomes is None:
            return lane
        params = lanes.get_lane(states.params, i)
        return _unless_lost(lane, lambda: _update_best(engine, lane, outcomes, params, material, seconds, report), report)

    return [update(i, lane, outcomes) for i, (lane, outcomes) in enumerate(zip(running, lane_outcomes, strict=True))]


def _update_best(
    engine: Engine, lane: Lane, outcomes: Outcomes, params: PyTree, material: GroupData, seconds: float, report: Listener
) -> Lane:
    """Keep the parameters if they are the best so far, and stop a run whose patience is at its end.

    A run has diverged where what it would be tested with has a validation that is not finite.
    """
    job, train = lane.job, lane.job.config.train
    metrics = task_of(job.config).measure(job.config, VALID, outcomes, material.valid.belongs)
    store.append_metrics(job.folder / "metrics.jsonl", [{"step": lane.step, "split": "valid", **metrics, "seconds": seconds}])
    report(Validated(job, lane.step, metrics))
    if job.config.run.sample_tokens:
        data = material.held_out.data
        report(Sampled(job, lane.step, sample_text(job.config, params, data.vocabulary, data.eos)))
    best, progress = lane.best, _add_evaluation_seconds(lane.progress, seconds)
    if not math.isfinite(metrics["loss"]):
        progress = progress._replace(not_finite=lane.step)
    cost = cost_of(metrics, train.select)
    if best is None or better(cost, best) or train.keep == "last":
        best = BestValidation(jax.tree.map(np.array, params), cost, lane.step, 0, outcomes)
    else:
        best = replace(best, since=best.since + 1)
    out_of_patience = train.patience != "off" and best.since >= train.patience
    over = out_of_patience or lane.step >= engine.program.steps
    ended = "done" if math.isfinite(best.cost) else "diverged"
    return replace(lane, best=best, ended=ended if over else "", progress=progress)


def _add_evaluation_seconds(progress: Progress, seconds: float) -> Progress:
    return progress._replace(evaluate_seconds=progress.evaluate_seconds + seconds)


def _finish(
    engine: Engine, running: list[Lane | None], states: PyTree, material: GroupData, runs: int, report: Listener
) -> list[Lane | None]:
    """What ended is written, and its test split scored where it is to be."""
    ended_lanes = [lane if lane and lane.ended else None for lane in running]
    if not any(ended_lanes):
        return running
    ended_lanes = [
        lane and _unless_lost(lane, partial(_write_trained, engine, lane, material, runs, report), report) for lane in ended_lanes
    ]
    finished = [
        Finished(lane.job, lane.claim, lane.best.params) if lane and lane.best and lane.job.tested and lane.ended == "done" else None
        for lane in ended_lanes
    ]
    if any(finished):
        params = states.params
        for i, run in enumerate(finished):
            params = params if run is None else lanes.set_lane(params, i, run.params)
        score_finished(engine.evaluator, finished, params, material.held_out, report)
    for lane in filter(None, ended_lanes):
        lane.claim.release()
    return [None if lane and lane.ended else lane for lane in running]


def _write_trained(engine: Engine, lane: Lane, material: GroupData, runs: int, report: Listener) -> Lane:
    """The files of a run whose training is over."""
    job, best = lane.job, lane.best
    if best is not None:
        checkpoint.save_checkpoint(job.folder / "checkpoints", checkpoint.FINAL, best.params)
    progress = lane.progress
    cost = {
        "seconds": {
            "compile": engine.compile_seconds / runs,
            "train": progress.train_seconds * lanes.cores_per_lane(),
            "evaluate": progress.evaluate_seconds * lanes.cores_per_lane(),
        },
        "tokens_per_second": progress.tokens / progress.train_seconds if progress.train_seconds else 0.0,
        "latency_ms": job.latency_ms,
        "peak_memory_mb": engine.peak_bytes / 2**20,
    }
    figures = {"tokens_seen": progress.tokens, "steps": lane.step, "best_step": best.step if best else None, "cost": cost}
    valid_outcomes = best.outcomes if best is not None and lane.ended == "done" else None
    metrics = write_result(job, valid_outcomes, material.valid.belongs, figures)
    diverged, message = lane.ended == "diverged", _divergence_message(lane)
    write_status(job, "diverged" if diverged else "trained", lane.step, engine.program.steps, message)
    checkpoint.drop_numbered(job.folder / "checkpoints")
    if diverged or not job.tested:
        report(Diverged(job, message) if diverged else Trained(job, lane.step, metrics))
    return lane


def _divergence_message(lane: Lane) -> str:
    best_not_finite = lane.best is not None and not math.isfinite(lane.best.cost)
    if lane.ended == "diverged" and not best_not_finite:
        return f"the loss or its gradient was not finite at step {lane.step + 1}"
    return f"validation was not finite at step {lane.progress.not_finite}" if lane.progress.not_finite >= 0 else ""


def _save_checkpoints(
    engine: Engine, running: list[Lane | None], states: PyTree, material: GroupData, stop: Event, report: Listener
) -> None:
    """Checkpoint the runs whose time has come, or all of them when the user stops."""

    def save(i: int, lane: Lane, stopped: bool) -> Lane:
        tree = checkpoint_tree(lanes.get_lane(states, i), lane.best, lane.progress, blank_validation(engine, material))
        checkpoint.save_checkpoint(lane.job.folder / "checkpoints", lane.step, tree)
        report(Checkpointed(lane.job, lane.step))
        if stopped:
            message = "by the user; the same command goes on from here"
            write_status(lane.job, "stopped", lane.step, engine.program.steps, message)
        return replace(lane, saved=time.monotonic())

    for i, lane in enumerate(running):
        stopped = stop.is_set()
        if lane and (stopped or time.monotonic() - lane.saved > lane.job.config.run.checkpoint_seconds):
            running[i] = _unless_lost(lane, partial(save, i, lane, stopped), report)
