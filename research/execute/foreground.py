"""A plan carried out in front of a person: what it will cost, progress, a clean stop, and how it ended."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Event, Timer
from types import FrameType
from typing import NamedTuple

from research.execute.alive import expected_runs
from research.execute.environment import use_compilation_cache
from research.execute.jobs import read_plan_states
from research.execute.listeners import configured_listeners
from research.execute.local import execute_plan, pending_runs
from research.execute.predicted import seconds_left
from research.execute.progress import format_clock, progress
from research.execute.unit import Unit
from research.execute.work import Worker
from research.machine_refusals import is_refusal, refusal_text
from research.plan.work_plan import WorkPlan
from research.runs.lock import release_all
from research.runs.run_state import RunId, RunStates, state_of
from research.stops import HANGUP, STOPPED, end_process, handled_by, owns_process, print_safely
from research.train import lanes
from research.train.events import Listener
from research.train.scoring import Interrupted

CRASHED, UNFINISHED = 1, 75


class Request(NamedTuple):
    """How a plan is to be carried out.

    `rerun`: failed | all | a cell_id, done again; None: what is not done. `unit`: the part of the plan that is done; None for all.
    `seconds`: after so long it is checkpointed and stopped. `listeners` are told of every event, beside what is shown.
    `wait`: for runs of other processes.
    `workers`: runs at a time, where a person says how many; None: a run has the cores that the plan gives it.
    """

    runs_dir: Path
    data_dir: Path | None = None
    keep_going: bool = True
    rerun: str | None = None
    quiet: bool = False
    unit: Unit | None = None
    seconds: float | None = None
    listeners: tuple[Listener, ...] = ()
    workers: int | None = None
    wait: bool = False


def run_in_foreground(plan: WorkPlan, request: Request) -> int:
    """0 done, 1 something crashed or could not be begun, 75 the time was up or others have the rest, 130 stopped by the user."""
    use_compilation_cache()
    _divide_cores(plan, request.workers)
    states = read_plan_states(plan, request.runs_dir)
    pending = pending_runs(plan, states, request.rerun)
    runs = [run for run in pending if request.unit is None or run in request.unit.runs]
    expected = expected_runs(plan, states, runs)
    predicted = seconds_left(plan, expected, request.runs_dir)
    with configured_listeners(plan) as listeners:
        if not request.quiet:
            _announce(plan.name, len(expected), len(expected_runs(plan, states, plan.runs)), predicted)
        all_listeners = (*listeners, *request.listeners)
        code, diverged = _carry_out(plan, states, request, runs, progress(plan, expected, predicted, request.quiet, all_listeners))
    diverged += sum(state_of(states, run).status == "diverged" for run in set(plan.runs).difference(runs))
    _announce_diverged(plan.name, diverged, len(expected_runs(plan, states, plan.runs)))
    return code


def _announce_diverged(name: str, diverged: int, runs: int) -> None:
    if diverged:
        which = f"all {runs} runs" if diverged >= runs else f"{diverged} of {runs} runs"
        advice = "; a lower optim.learning_rate may help" if diverged >= runs else ""
        print(f"{name}: {which} diverged: a loss or its gradient was not finite{advice}", file=sys.stderr)


def _divide_cores(plan: WorkPlan, workers: int | None) -> None:
    """A run has as many cores as its plan says, whoever takes it up again, so that its bits are the same."""
    cores = plan.cores if workers is None else max(1, lanes.core_count() // workers)
    if not lanes.use_cores_per_lane(cores) and workers is None:
        print(
            f"{plan.name} was planned with {cores} cores for a run, into which the {lanes.core_count()} of this machine cannot be divided: "
            "each run has one core here, and its last digits may differ",
            file=sys.stderr,
        )


def _carry_out(
    plan: WorkPlan, states: RunStates, request: Request, runs: Sequence[RunId], telling: AbstractContextManager[Listener]
) -> tuple[int, int]:
    """The exit code, and how many of the runs diverged."""
    with _stoppable() as stop, _time_limit(request.seconds, stop) as time_is_up, telling as report:
        worker = Worker(request.data_dir, stop, request.keep_going, report, request.wait)
        try:
            outcome = execute_plan(plan, states, request.runs_dir, runs, request.rerun is not None, worker, request.unit)
        except Interrupted:
            if time_is_up.is_set():
                print(f"{request.seconds:g} seconds are over; the same command goes on from here", file=sys.stderr)
                return UNFINISHED, 0
            print("stopped; every run under way is checkpointed, and the same command goes on from there", file=sys.stderr)
            return STOPPED, 0
        except OSError as error:
            if not is_refusal(error):
                raise
            print(f"error: {refusal_text(error)} The same command goes on from there.", file=sys.stderr)
            return CRASHED, 0
    if outcome.failed:
        print(f"{outcome.failed} runs crashed; their log.txt says why, and `stepladder runs` lists them", file=sys.stderr)
    if outcome.held:
        print(
            f"{outcome.held} runs are held by other processes, {outcome.blocked} start from such; the same command does what is left "
            "then, and --wait waits for it",
            file=sys.stderr,
        )
    unstarted = outcome.blocked and not outcome.held and request.unit is None
    code = CRASHED if outcome.failed or unstarted else UNFINISHED if outcome.held else 0
    return code, outcome.diverged


def _announce(name: str, pending: int, all_runs: int, predicted: float) -> None:
    if not pending:
        print(f"{name}: all {all_runs} runs are done", file=sys.stderr)
    else:
        print(f"{name}: {pending} of {all_runs} runs to do, about {format_clock(predicted)}", file=sys.stderr)


@contextmanager
def _time_limit(seconds: float | None, stop: Event) -> Iterator[Event]:
    """An event that is set when the time is up, and `stop` with it."""
    time_is_up = Event()

    def end() -> None:
        time_is_up.set()
        stop.set()

    timer = Timer(seconds, end) if seconds is not None else None
    if timer is not None:
        timer.daemon = True
        timer.start()
    try:
        yield time_is_up
    finally:
        if timer is not None:
            timer.cancel()


@contextmanager
def _stoppable() -> Iterator[Event]:
    """Ctrl-C, SIGTERM and SIGHUP ask for a clean stop; a second one is obeyed at once, also where a program is being compiled."""
    stop, requested = Event(), Event()

    def request_stop(number: int, frame: FrameType | None) -> None:
        if requested.is_set() and number == HANGUP:
            return
        if requested.is_set() and owns_process():
            release_all()
            end_process("stopped at once; the same command goes on from the last checkpoints")
        if requested.is_set():
            raise KeyboardInterrupt
        requested.set()
        stop.set()
        print_safely("stopping after the call under way ...")

    with handled_by(request_stop):
        yield stop
