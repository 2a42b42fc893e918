"""How far the runs are: a listener that the terminal and the log lines read."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from research.metrics.registry import SUMMARIES
from research.runs.measures import is_percentage, number
from research.runs.run_state import RunId
from research.train.events import (
    Blocked,
    Compiling,
    Diverged,
    Done,
    Failed,
    Held,
    Progressed,
    Resumed,
    RunEvent,
    Started,
    Trained,
    Validated,
)
from research.train.trained_files import Job

MEASURED_SHARE = 0.02  # of the work: before that, the time left is as predicted


@dataclass(frozen=True)
class RunProgress:
    """How far a run is."""

    name: str
    step: int = 0
    steps: int = 0
    loss: float = math.nan
    score: str = ""  # of its last validation

    def __str__(self) -> str:
        loss = "" if math.isnan(self.loss) else f"loss {self.loss:.3f}"
        reached = f"step {self.step:,} of {self.steps:,}" if self.steps else ""
        return f"{self.name}: {', '.join(part for part in (reached, loss, self.score) if part) or 'started'}"


@dataclass
class Meter:
    """Counts what is done in predicted core-seconds, and so knows how long the rest will take."""

    names: Mapping[str, str]  # cell_id -> what a person calls it
    prices: Mapping[str, float]  # cell_id -> predicted core-seconds of a run
    runs: Sequence[RunId]
    predicted: float  # seconds for all
    metric: str  # the sweep's
    clock: Callable[[], float] = time.monotonic
    under_way: dict[RunId, RunProgress] = field(default_factory=dict)
    compiling: str = ""  # whose program
    ended: int = 0
    tokens: int = 0
    training: float = 0.0  # seconds

    def __post_init__(self) -> None:
        self.began = self.clock()
        self._over: set[RunId] = set()
        self._worked = self._resumed = 0.0  # what these commands did, and what resumed runs had done before
        self._total = sum(self.prices[run.cell_id] for run in self.runs) or 1.0

    def __call__(self, event: RunEvent) -> None:
        match event:
            case Compiling(job):
                self.compiling = self.names.get(job.cell_id, job.cell_id)
            case Started(job, steps):
                self._begin(job, 0, steps)
            case Resumed(job, step, steps):
                self._begin(job, step, steps)
            case Progressed():
                self._advance(event)
            case Validated(job, _, metrics):
                self._update(job, score=self.score("valid", metrics))
            case Trained() | Done() | Diverged() | Failed() | Held() | Blocked():
                self._end(event.job)

    def name(self, job: Job) -> str:
        """What a person calls a run."""
        return f"{self.names.get(job.cell_id, job.cell_id)}, seed {job.seed}"

    def score(self, split: str, metrics: Mapping[str, float]) -> str:
        """The sweep's own metric on a split, or the nearest that it has."""
        return headline_text(split, metrics, self.metric.removeprefix("best_seed.").partition(".")[2])

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return self.clock() - self.began

    @property
    def left(self) -> float:
        """Seconds to the end, from the work done so far and the time it took; at the beginning, as predicted."""
        share = min(1.0, self._worked / (self._total - self._resumed or 1.0))
        return self.elapsed * (1 - share) / share if share > MEASURED_SHARE else max(0.0, self.predicted - self.elapsed)

    @property
    def rate(self) -> float:
        """Tokens that a run is trained on in a second."""
        return self.tokens / self.training if self.training else 0.0

    def _begin(self, job: Job, step: int, steps: int) -> None:
        self.compiling = ""
        if _run(job) in self._over:  # another process had it, and left it
            self._over.remove(_run(job))
            self.ended -= 1
            self._worked -= self.prices[job.cell_id]
        self.under_way[_run(job)] = RunProgress(self.name(job), step, steps)
        self._resumed += self.prices[job.cell_id] * step / max(1, steps)

    def _advance(self, event: Progressed) -> None:
        steps = event.step - self.under_way[_run(event.job)].step
        self._worked += self.prices[event.job.cell_id] * steps / event.steps
        self.tokens += event.tokens
        self.training += event.seconds
        self._update(event.job, step=event.step, loss=event.loss)

    def _end(self, job: Job) -> None:
        """What it did not need, or had done before, is work done. A chosen run ends twice: when it is trained and when it is scored."""
        if _run(job) in self._over:
            return
        self._over.add(_run(job))
        self.ended += 1
        standing = self.under_way.pop(_run(job), RunProgress(""))
        self._worked += self.prices[job.cell_id] * (1 - standing.step / max(1, standing.steps))

    def _update(self, job: Job, **values: object) -> None:
        self.under_way[_run(job)] = replace(self.under_way[_run(job)], **values)  # type: ignore[arg-type]


def headline_text(split: str, metrics: Mapping[str, float], preferred: str) -> str:
    """The wanted metric of a split with its name, or the first of SUMMARIES that it has; nothing where it has none."""
    name = next((name for name in (preferred, *SUMMARIES) if metrics.get(name) is not None), None)
    if name is None:
        return ""
    full = f"{split}.{name}"
    return f"{split} {name.replace('_', ' ')} {number(full, metrics[name])}{' %' if is_percentage(full) else ''}"


def _run(job: Job) -> RunId:
    return RunId(job.cell_id, job.seed)
