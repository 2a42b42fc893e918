"""`stepladder bench`: what will be measured is said, then measured case by case, and printed as it comes."""

import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from research.bench.benchmarks import BENCHMARKS, Case, seconds_expected, select_cases, side_of
from research.bench.outcome_tables import print_outcome, results_as_json
from research.bench.process import missing_requirements
from research.bench.rounds import CaseResult, ReportProgress, measure_case
from research.stops import STOPPED


def run_benchmarks(names: Sequence[str], repeats: int, as_json: bool) -> int:
    """0, or 1 where a side crashed; the others are kept. Raises StepladderError for a name that is not there."""
    cases = select_cases(names)
    errors = Console(stderr=True, highlight=False)
    _announce(cases, repeats, not names, errors)
    outcomes = []
    try:
        with tempfile.TemporaryDirectory(prefix="stepladder-bench-") as folder:
            for number, case in enumerate(cases, start=1):
                seconds_left = sum(seconds_expected(remaining, repeats) for remaining in cases[number - 1 :])
                with _progress(f"{number}/{len(cases)} {case.name}", seconds_left, errors) as report:
                    outcomes.append(measure_case(case, Path(folder), repeats, report))
                if not as_json:
                    print_outcome(outcomes[-1], Console(highlight=False))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return STOPPED
    if as_json:
        print(json.dumps(results_as_json(outcomes, repeats)))
    return int(any(_crashed(outcome) for outcome in outcomes))


def duration_text(seconds: float) -> str:
    """40 s, 12 min, 1 h 45 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _announce(cases: Sequence[Case], repeats: int, by_default: bool, console: Console) -> None:
    """The cases, their peers that are missing, and about how long all takes, before anything starts."""
    total = sum(seconds_expected(case, repeats) for case in cases)
    rounds = f"{repeats} round{'s' if repeats > 1 else ''} each"
    console.print(f"{len(cases)} case{'s' if len(cases) > 1 else ''}, {rounds}, about {duration_text(total)} on two cores:")
    for case in cases:
        lacking = [name for name in case.sides if missing_requirements(side_of(case, name))]
        note = f"; missing: {', '.join(lacking)}" if lacking else ""
        console.print(f"  {case.name}, {duration_text(seconds_expected(case, repeats))}{note}", soft_wrap=True)
    if by_default:
        for benchmark in (benchmark for benchmark in BENCHMARKS if not benchmark.by_default):
            duration = duration_text(sum(seconds_expected(case, repeats) for case in benchmark.cases))
            console.print(
                f"{benchmark.name} is run only where it is named, because it takes about {duration}: stepladder bench {benchmark.name}"
            )


@contextmanager
def _progress(name: str, seconds_left: float, console: Console) -> Iterator[ReportProgress]:
    """A line that changes on a terminal, lines elsewhere."""
    if not console.is_terminal:
        yield lambda text: console.print(f"[{name}] {text}", markup=False, soft_wrap=True)
        return
    columns = (TextColumn(name), BarColumn(12, pulse_style="dim"), TimeElapsedColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("starting", total=None)
        yield lambda text: bars.update(task, description=f"{text}; all that is left: about {duration_text(seconds_left)}")


def _crashed(outcome: CaseResult) -> bool:
    return any(side.status == "failed" for side in outcome.sides)
