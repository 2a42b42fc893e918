"""What a person sees while runs are under way, on stderr: a picture of them on a terminal, plain lines elsewhere."""

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from research.config.serialise import to_tree
from research.config.unicode import visible_text
from research.config.value_labels import row_label
from research.execute.meter import Meter
from research.execute.notebook_progress import notebook_display, pictures
from research.plan.planned_cell import PlannedCell
from research.plan.work_plan import WorkPlan
from research.report.describe import describe_cells
from research.runs.run_state import RunId
from research.train.events import (
    Checkpointed,
    Compiling,
    Done,
    Listener,
    Progressed,
    Resumed,
    RunEvent,
    Sampled,
    Started,
    Trained,
    Validated,
    broadcast,
)

RUNS_SHOWN = 8  # runs under way on a terminal
EVERY = {Started: 10.0, Validated: 10.0, Progressed: 30.0}  # seconds between two such lines of a log, for each run under way
BAR = 24  # columns


@contextmanager
def progress(
    plan: WorkPlan, runs: Sequence[RunId], predicted: float, quiet: bool = False, listeners: Sequence[Listener] = ()
) -> Iterator[Listener]:
    """The listener to give to the runs. It tells `listeners` too; where `quiet` it shows nothing. `predicted`: seconds for all."""
    meter, console = meter_of(plan, runs, predicted), Console(stderr=True)
    if quiet or not runs:
        yield broadcast([meter, *listeners])
    elif (show := notebook_display()) is not None:
        lasting_lines = _permanent_lines(meter, lambda line: print(line, file=sys.stderr))
        yield broadcast([meter, lasting_lines, pictures(lambda: progress_text(meter), show), *listeners])
    elif not console.is_terminal:
        yield broadcast([meter, log_lines(meter, lambda line: print(line, file=sys.stderr, flush=True)), *listeners])
    else:
        with Live(console=console, get_renderable=lambda: progress_table(meter), transient=True) as live:
            lasting_lines = _permanent_lines(meter, lambda line: live.console.print(Text(line)))
            yield broadcast([meter, lasting_lines, *listeners])


def meter_of(plan: WorkPlan, runs: Sequence[RunId], predicted: float) -> Meter:
    """A meter that knows the plan's names, prices and metric."""
    hidden = {cell.cell_id: to_tree(cell.config) for cell in plan.cells if cell.config and not run_name(cell)}
    names = {cell.cell_id: run_name(cell) for cell in plan.cells} | describe_cells(hidden)
    prices = {cell.cell_id: cell.predicted_seconds for cell in plan.cells}
    return Meter(names, prices, runs, predicted, plan.metric)


def run_name(cell: PlannedCell) -> str:
    """A cell's labels and tuned values, and how long it is trained where halving shortens it; nothing of a part or a fold of a row."""
    return visible_text(row_label(cell.labels | cell.tuned | cell.shortened))


def event_line(event: RunEvent, meter: Meter) -> str:
    """What is said of an event, in one line."""
    name = meter.name(event.job)
    match event:
        case Compiling(job, runs):
            shared = f" (a program of {runs} runs)" if runs > 1 else ""
            return f"{meter.names.get(job.cell_id, job.cell_id)}: compiling{shared}"
        case Started(_, steps):
            return f"{name}: started{f', {steps:,} steps' if steps else ''}"
        case Resumed(_, step, steps):
            return f"{name}: goes on from step {step:,} of {steps:,}"
        case Trained(_, _, metrics) | Done(_, _, metrics):
            scores = [meter.score(split, metrics[split]) for split in ("valid", "test") if metrics.get(split)]
            return f"{name}: {', '.join([type(event).__name__.lower(), *scores])}"
        case Sampled(_, step, text):
            return f"{name}: at step {step:,} it writes: {visible_text(' '.join(text.split()))}"
        case Progressed() | Validated():
            return str(meter.under_way[RunId(event.job.cell_id, event.job.seed)])
        case _:
            return f"{name}: {type(event).__name__.lower()}: {getattr(event, 'message', '')}"


def log_lines(meter: Meter, write: Callable[[str], None]) -> Listener:
    """Lines for a log: what lasts at once, progress now and then. With many runs under way each is told of less often."""
    last_written: dict[tuple[str, int], float] = {}

    def listen(event: RunEvent) -> None:
        run, now = (event.job.cell_id, event.job.seed), meter.clock()
        if isinstance(event, Checkpointed):
            return
        if isinstance(event, Resumed):
            last_written[run] = now
        if type(event) in EVERY:
            previous = max(last_written.values(), default=-math.inf) if isinstance(event, Started) else last_written[run]
            last_written.setdefault(run, now)
            if now - previous < EVERY[type(event)] * len(meter.under_way):
                return
            last_written[run] = now
        write(f"[{meter.ended}/{len(meter.runs)}] {event_line(event, meter)}; {remaining(meter)}")

    return listen


def _permanent_lines(meter: Meter, write: Callable[[str], None]) -> Listener:
    """The lines that stay above the picture."""

    def listen(event: RunEvent) -> None:
        if not isinstance(event, (*EVERY, Checkpointed, Compiling)):
            write(event_line(event, meter))

    return listen


def progress_table(meter: Meter) -> Group:
    """A line for each run under way, and how far all are."""
    lines = [Text(line, no_wrap=True, overflow="ellipsis") for line in _under_way(meter)]
    grid = Table.grid(padding=(0, 2))
    bar = ProgressBar(total=len(meter.runs), completed=meter.ended, width=BAR)
    grid.add_row(bar, Text(_overall(meter)))
    return Group(*lines, grid)


def progress_text(meter: Meter) -> str:
    """The same without a bar."""
    return "\n".join([*_under_way(meter), _overall(meter)])


def _under_way(meter: Meter) -> list[str]:
    compiling = [f"{meter.compiling}: compiling"] if meter.compiling else []
    return [*map(str, islice(meter.under_way.values(), RUNS_SHOWN)), *compiling]


def _overall(meter: Meter) -> str:
    return f"{meter.ended} of {len(meter.runs)} runs, {format_clock(meter.elapsed)}, {remaining(meter)}"


def remaining(meter: Meter) -> str:
    """The time left, and the rate where something is trained."""
    rate = f", {meter.rate:,.0f} tokens/s a run" if meter.rate else ""
    late = meter.left == 0 and meter.ended < len(meter.runs)
    return f"{'longer than predicted' if late else f'{format_clock(meter.left)} left'}{rate}"


def format_clock(seconds: float) -> str:
    """75 -> 1:15."""
    minutes, remainder = divmod(int(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{remainder:02d}" if minutes >= 60 else f"{minutes}:{remainder:02d}"
