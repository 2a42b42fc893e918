"""Units of work done by this process: runs of one program train together, and the next program is compiled meanwhile."""

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any, NamedTuple

from research.data.loading import load_dataset
from research.execute.jobs import is_finished
from research.execute.material import compile_scoring, compile_training
from research.execute.unit import UnitKind
from research.plan.cell_record import write_record
from research.runs import store
from research.runs.lock import HeldError, TakenOverError, claimed
from research.train.events import Compiling, Done, Failed, Held, Listener, Started, Trained
from research.train.fitted_runs import fit_run, score_fitted
from research.train.latency import latency_ms
from research.train.runs import train_runs
from research.train.scoring import Interrupted, score_runs
from research.train.trained_files import Job, try_to_write_failure


class Group(NamedTuple):
    """Jobs that are done together: of one program, or one that is fitted."""

    kind: UnitKind
    program: str  # "" of what is fitted
    jobs: tuple[Job, ...]


class Worker(NamedTuple):
    """Who does the work: where data are, when it stops, whether it goes on after a crash, and whom it tells."""

    data_dir: Path | None
    stop: Event
    keep_going: bool
    report: Listener
    waits: bool = False  # whether it waits for runs that other processes have


def work_groups(groups: Sequence[Group], worker: Worker) -> None:
    """Do the groups, what is fitted first. Raises Interrupted when it is to stop; a failure is a run's own, kept in its folder."""
    for group in (group for group in groups if not group.program):
        for job in group.jobs:
            _fit(job, worker)
    programs = [group for group in groups if group.program]
    with ThreadPoolExecutor(1, "compile") as compiler:
        compiling = [compiler.submit(_compile, group, worker.data_dir) for group in programs[:1]]
        for i, group in enumerate(programs):
            if worker.stop.is_set():
                raise Interrupted
            worker.report(Compiling(group.jobs[0], len(group.jobs)))
            try:
                try:
                    compiled = compiling.pop().result()
                    if worker.stop.is_set():
                        raise Interrupted
                    latency = latency_ms(compiled[0].program) if group.kind == "train" else None
                finally:  # the next is compiled also where this one could not be, and not while its latency is measured
                    compiling += [compiler.submit(_compile, following, worker.data_dir) for following in programs[i + 1 : i + 2]]
                WORK[group.kind](compiled, [job._replace(latency_ms=latency) for job in group.jobs], worker)
            except Interrupted:
                raise
            except Exception as error:
                _fail(group.jobs, error, worker.report)
                if not worker.keep_going:
                    raise


def _compile(group: Group, data_dir: Path | None) -> tuple[Any, Any]:
    return COMPILE[group.kind](group.jobs, data_dir)


def _train(compiled: tuple[Any, Any], jobs: Sequence[Job], worker: Worker) -> None:
    train_runs(compiled[0], jobs, compiled[1], worker.stop, worker.report)


def _score(compiled: tuple[Any, Any], jobs: Sequence[Job], worker: Worker) -> None:
    score_runs(compiled[0], jobs, compiled[1], worker.stop, worker.report)


COMPILE = {"train": compile_training, "score": compile_scoring}
WORK = {"train": _train, "score": _score}


def _fail(jobs: Sequence[Job], error: Exception, report: Listener) -> None:
    """What stopped a group stopped those of its runs that are not over, unless another process has them.

    Where that cannot be written down, as on a full disk, it is told all the same.
    """
    for job in (job for job in jobs if not is_finished(job)):
        try:
            with claimed(job.folder) as claim, claim.writing():
                try_to_write_failure(job, error)
        except (HeldError, TakenOverError):
            continue
        except OSError as refused:  # the lock itself
            print(f"note: {job.folder / 'lock'} could not be written: {refused}", file=sys.stderr)
        report(Failed(job, str(error)))


def _fit(job: Job, worker: Worker) -> None:
    """Fit a run that is not trained, and score its test split where it is to be."""
    if worker.stop.is_set():
        raise Interrupted
    data = load_dataset(job.config.data, worker.data_dir)
    try:
        with claimed(job.folder) as claim, claim.writing():
            job = job._replace(claim=claim)
            if is_finished(job):
                return worker.report(Held(job, "another process finished it meanwhile"))
            if store.status_of(job.folder) != "trained":
                worker.report(Started(job, 0))
                write_record(job.folder.parent, job.config, data, worker.data_dir)
                metrics = fit_run(job, data, worker.data_dir)
            if job.tested:
                metrics = score_fitted(job, data, worker.data_dir)
            worker.report(Done(job, 0, metrics) if job.tested else Trained(job, 0, metrics))
    except (HeldError, TakenOverError) as held:
        worker.report(Held(job, str(held)))
    except Exception as error:
        _fail([job], error, worker.report)
        if not worker.keep_going:
            raise
