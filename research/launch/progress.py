"""What a person sees while runs are under way: done, rate and time left, on stderr; plain lines where that is no terminal."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from research.launch.plan import Plan
from research.train.result import Job


class Meter:
    """Counts what is done in predicted core-seconds, and so knows how long the rest will take."""

    def __init__(self, plan: Plan, jobs: list[Job], steps: dict[str, int], show: Any) -> None:
        self.names = {cell.cell_id: ", ".join(str(value) for value in cell.labels.values()) or plan.name for cell in plan.cells}
        self.seconds = {cell.cell_id: cell.predicted_seconds for cell in plan.cells}
        self.steps, self.show = steps, show
        self.total = sum(self.seconds[job.cell_id] for job in jobs) or 1.0
        self.began, self.worked, self.runs, self.tokens, self.training = time.monotonic(), 0.0, 0, 0.0, 0.0

    def __call__(self, job: Job, event: str, figures: dict[str, Any]) -> None:
        name = f"{self.names.get(job.cell_id) or job.cell_id} seed {job.seed}"
        if event == "progress":
            self.worked += self.seconds[job.cell_id] * figures["steps"] / max(1, self.steps.get(job.cell_id, 1))
            self.tokens += figures["tokens"]
            self.training += figures["seconds"]
            self.show(self, f"{name}: loss {figures['loss']:.3f}", False)
        elif event in ("done", "diverged", "failed"):
            self.runs += 1
            if not self.steps.get(job.cell_id):
                self.worked += self.seconds[job.cell_id]
            self.show(self, f"{name}: {event}{_score(figures)}", True)
        elif event in ("held", "blocked", "note", "resumed"):
            self.show(self, f"{name}: {event} {figures.get('message') or figures.get('step', '')}".rstrip(), True)
        elif event == "compiling":
            self.show(self, f"{self.names.get(job.cell_id) or job.cell_id}: compiling ({figures['runs']} runs share the program)", False)

    @property
    def left(self) -> float | None:
        """Seconds to the end, from the work done so far and the time it took."""
        share = min(1.0, self.worked / self.total)
        return (time.monotonic() - self.began) * (1 - share) / share if share > 0.02 else None

    @property
    def rate(self) -> float:
        """Tokens trained on in a second of one core."""
        return self.tokens / self.training if self.training else 0.0


@contextmanager
def progress(plan: Plan, jobs: list[Job], steps: dict[str, int], quiet: bool = False) -> Iterator[Meter]:
    """A bar on a terminal, lines elsewhere, nothing where `quiet`."""
    console = Console(stderr=True)
    if quiet or not jobs:
        yield Meter(plan, jobs, steps, lambda *_: None)
    elif not console.is_terminal:
        yield Meter(plan, jobs, steps, _print_line(len(jobs)))
    else:
        columns = (
            BarColumn(24),
            MofNCompleteColumn(),
            TextColumn("runs"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.description}"),
        )
        with Progress(*columns, console=console, transient=True) as bars:
            task = bars.add_task("starting", total=len(jobs), left="")

            def show(meter: Meter, text: str, lasting: bool) -> None:
                bars.update(task, completed=meter.runs, description=text, left=_left(meter))
                if lasting:
                    bars.console.print(text, highlight=False)

            yield Meter(plan, jobs, steps, show)


def _print_line(runs: int) -> Any:
    def show(meter: Meter, text: str, lasting: bool) -> None:
        if lasting:
            print(f"[{meter.runs}/{runs}] {text}{'; ' + _left(meter) if meter.left else ''}", file=sys.stderr, flush=True)

    return show


def _left(meter: Meter) -> str:
    rate = f"{meter.rate:,.0f} tokens/s a core" if meter.rate else ""
    left = f"{clock(meter.left)} left" if meter.left is not None else ""
    return ", ".join(part for part in (rate, left) if part)


def clock(seconds: float) -> str:
    """75 -> 1:15."""
    return (
        f"{int(seconds) // 3600}:{int(seconds) % 3600 // 60:02d}:{int(seconds) % 60:02d}"
        if seconds >= 3600
        else f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
    )


def _score(figures: dict[str, Any]) -> str:
    test = (figures.get("metrics") or {}).get("test") or {}
    for name in ("perplexity", "accuracy"):
        if name in test:
            return f", test {name} {test[name]:.4g}"
    return f" ({figures['message']})" if figures.get("message") else ""
