"""Runs that another process has when their turn comes: looked at again at the end, and waited for where a person asks for it."""

from collections import Counter
from threading import Event

from research.execute.jobs import is_finished
from research.runs.lock import is_held, read_holder
from research.runs.run_state import RunId
from research.train.events import Held, Listener, Note, RunEvent
from research.train.scoring import Interrupted
from research.train.trained_files import Job

POLL_EVERY = 2.0  # seconds


class HeldRuns:
    """What was held when it was tried, until it is over or free."""

    def __init__(self) -> None:
        self._jobs: dict[RunId, Job] = {}
        self._announced: set[str] = set()

    def listen(self, event: RunEvent) -> None:
        """A run that is told to be held is kept in mind."""
        if isinstance(event, Held):
            self._jobs[RunId(event.job.cell_id, event.job.seed)] = event.job

    def take_changed(self) -> frozenset[RunId]:
        """The runs that are over by now, or that nobody has any more; they are forgotten."""
        changed = frozenset(run for run, job in self._jobs.items() if is_finished(job) or not is_held(job.folder))
        for run in changed:
            del self._jobs[run]
        return changed

    def wait_for_changed(self, stop: Event, report: Listener) -> frozenset[RunId]:
        """As `take_changed`, once there are any; none where none is held. Raises Interrupted when it is to stop."""
        while self._jobs:
            if changed := self.take_changed():
                return changed
            self._announce(report)
            if stop.wait(POLL_EVERY):
                raise Interrupted
        return frozenset()

    def left(self) -> int:
        """How many others have still."""
        return sum(not is_finished(job) for job in self._jobs.values())

    def _announce(self, report: Listener) -> None:
        """Once of each holder."""
        holders = {run: holder for run, job in self._jobs.items() if (holder := read_holder(job.folder / "lock"))}
        counts = Counter(map(str, holders.values()))
        for run, holder in holders.items():
            if str(holder) not in self._announced:
                self._announced.add(str(holder))
                report(Note(self._jobs[run], f"waits for {holder}, which has {counts[str(holder)]} of the runs since {holder.since}"))


class RunTally:
    """A listener that tells another, counts the events by kind and keeps the runs that are held."""

    def __init__(self, report: Listener) -> None:
        self.counts: Counter[type[RunEvent]] = Counter()
        self.held = HeldRuns()
        self._report = report

    def __call__(self, event: RunEvent) -> None:
        self.counts[type(event)] += 1
        self.held.listen(event)
        self._report(event)
