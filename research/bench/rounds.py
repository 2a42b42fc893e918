"""The rounds of a case: its sides take turns, and what their times say."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from typing import Literal, NamedTuple

from research.bench.benchmarks import OURS, Case, benchmark_of, side_of
from research.bench.process import (
    PEAK,
    Child,
    SideError,
    child_command,
    missing_requirements,
    read_reply,
    send_request,
    start_child,
    time_process,
)
from research.bench.process_commands import round_command
from research.bench.work import Reply

QUIET = 0.3  # seconds between two sides, in which spinning threads come to rest


class SideResult(NamedTuple):
    """One side of a case."""

    name: str
    status: Literal["measured", "missing", "failed"]
    message: str = ""
    seconds: tuple[float, ...] = ()  # of a unit, one number a round
    warm_up_seconds: float | None = None  # preparing, compiling and the first unit
    peak_memory_mb: float | None = None
    flops: float | None = None  # of a unit
    activation_bytes: float | None = None

    @property
    def median(self) -> float:
        """Seconds of a unit."""
        return median(self.seconds)


class CaseResult(NamedTuple):
    """A case with its sides, in their order."""

    case: Case
    sides: tuple[SideResult, ...]
    peak: float | None  # FLOP/s of the machine in the same minutes

    @property
    def flops(self) -> float | None:
        """Of a unit, as one of the sides has counted it."""
        return next((side.flops for side in self.sides if side.flops), None)

    def side(self, name: str) -> SideResult:
        """A side by its name."""
        return next(side for side in self.sides if side.name == name)


class TimeRatio(NamedTuple):
    """A peer's seconds over ours, of rounds beside each other."""

    median: float
    low: float
    high: float


ReportProgress = Callable[[str], None]  # what is going on, for people
ChildCommand = Callable[[Case, str], Sequence[str]]  # the command of a side's child


def run_rounds(
    sides: Mapping[str, Callable[[], float]], repeats: int, report: ReportProgress, quiet: float
) -> tuple[dict[str, list[float]], dict[str, str]]:
    """A B A B ...: the numbers of each side, and why sides failed. One that fails has no further turn, and no numbers."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    failed: dict[str, str] = {}
    for number in range(repeats):
        for name, measure in sides.items():
            if name in failed:
                continue
            report(f"round {number + 1} of {repeats}, {name}")
            time.sleep(quiet)
            try:
                seconds[name].append(measure())
            except SideError as error:
                failed[name] = str(error)
                del seconds[name]
    return seconds, failed


def measure_case(
    case: Case, folder: Path, repeats: int, report: ReportProgress = lambda text: None, build_command: ChildCommand = child_command
) -> CaseResult:
    """All sides of a case that are here."""
    lacking = {name: why for name in case.sides if (why := missing_requirements(side_of(case, name)))}
    present = [name for name in case.sides if name not in lacking]
    if benchmark_of(case).kind == "process":
        measured, peak = _measure_processes(case, present, folder, repeats, report), None
    else:
        measured, peak = _measure_children(case, present, folder, repeats, report, build_command)
    sides = tuple(SideResult(name, "missing", lacking[name]) if name in lacking else measured[name] for name in case.sides)
    return CaseResult(case, sides, peak)


def time_ratio(ours: Sequence[float], peer: Sequence[float]) -> TimeRatio:
    """Each round's peer over the same round's ours."""
    round_ratios = [b / a for a, b in zip(ours, peer, strict=True)]
    return TimeRatio(median(round_ratios), min(round_ratios), max(round_ratios))


def peer_ratios(outcome: CaseResult) -> dict[str, TimeRatio]:
    """Of every peer that was measured, if ours was."""
    measured = {side.name: side.seconds for side in outcome.sides if side.status == "measured"}
    ours = measured.pop(OURS, None)
    return {name: time_ratio(ours, seconds) for name, seconds in measured.items()} if ours else {}


def best_peer(outcome: CaseResult) -> str | None:
    """The quickest of the peers that were measured."""
    peers = [side for side in outcome.sides if side.status == "measured" and side.name != OURS]
    return min(peers, key=lambda side: side.median).name if peers else None


def share_of_peak(outcome: CaseResult, side: SideResult) -> float | None:
    """The FLOPs of the work over a side's seconds and the machine's peak. The work of all sides is the same, and ours counts it."""
    flops = side.flops or outcome.flops
    return flops / side.median / outcome.peak if flops and outcome.peak and side.seconds else None


def _measure_children(
    case: Case, present: Sequence[str], folder: Path, repeats: int, report: ReportProgress, build_command: ChildCommand
) -> tuple[dict[str, SideResult], float | None]:
    """One child a side, all of them alive to the end, and one for the peak."""
    answers: dict[str, Reply] = {}
    failed: dict[str, str] = {}
    with ExitStack() as stack:
        children = {}
        for name in (*present, PEAK):
            report(f"{name}: preparing, compiling, first unit")
            children[name] = stack.enter_context(start_child(build_command(case, name), folder / case.name / name))
            try:
                answers[name] = read_reply(children[name])
            except SideError as error:
                failed[name] = str(error)
        rounds = {name: partial(_round, children[name]) for name in children if name not in failed}
        seconds, round_failures = run_rounds(rounds, repeats, report, QUIET)
        failed |= round_failures
        for name in seconds:
            try:
                answers[name] |= send_request(children[name], "stop")
            except SideError as error:
                failed[name] = str(error)
    peak_flops = answers[PEAK]["flops"] if PEAK not in failed else None
    peak = peak_flops / median(seconds[PEAK]) if peak_flops else None
    return {name: _measured(name, failed, seconds.get(name, []), answers.get(name, {})) for name in present}, peak


def _round(child: Child) -> float:
    seconds = send_request(child, "round")["seconds"]
    assert seconds is not None
    return float(seconds)


def _measure_processes(case: Case, present: Sequence[str], folder: Path, repeats: int, report: ReportProgress) -> dict[str, SideResult]:
    """A new process for each round; where the benchmark is warm, one before the first that does not count."""
    outputs: dict[str, list[Reply]] = {name: [] for name in present}
    numbers = dict.fromkeys(present, 0)

    def run(name: str) -> float:
        side_folder = folder / case.name / name
        side_folder.mkdir(parents=True, exist_ok=True)
        numbers[name] += 1
        ended = time_process(round_command(case, name, side_folder, numbers[name]), side_folder)
        outputs[name].append(ended.output | {"peak_memory_mb": ended.peak_memory_mb})
        return ended.seconds

    failed: dict[str, str] = {}
    if benchmark_of(case).warm:
        failed |= run_rounds({name: partial(run, name) for name in present}, 1, lambda text: report(f"not counted: {text}"), QUIET)[1]
        outputs = {name: [] for name in present}
    seconds, round_failures = run_rounds({name: partial(run, name) for name in present if name not in failed}, repeats, report, QUIET)
    failed |= round_failures
    return {name: _measured(name, failed, seconds.get(name, []), _medians(outputs[name])) for name in present}


def _medians(outputs: Sequence[Reply]) -> Reply:
    """The median of what each round's process printed."""
    return {key: median(output[key] or 0.0 for output in outputs) for key in (outputs[0] if outputs else {})}


def _measured(name: str, failed: Mapping[str, str], seconds: Sequence[float], output: Reply) -> SideResult:
    if name in failed:
        return SideResult(name, "failed", failed[name])
    figures = {key: output.get(key) for key in ("warm_up_seconds", "peak_memory_mb", "flops", "activation_bytes")}
    return SideResult(name, "measured", "", tuple(seconds), **figures)
