"""Runs of other processes: looked at again at the end, waited for where a person asks, and never passed over with exit code 0."""

import json
import os
import threading

import pytest
from tiny import SMALL, seeds_in, status

import research
from research.execute import held_runs
from research.runs.lock import claim
from research.train.events import Blocked, Done, Held, Note, Started

PARTS = [{"kind": "ngram", "order": order, "smoothing": {"kind": "add_k", "k": 1.0}} for order in (2, 1)]


@pytest.fixture
def mixture(place):
    """A mixture of two counted parts, one of which is claimed by somebody who lives; the claim and the claimed run."""
    path = place.write(SMALL | {"model": {"kind": "interpolation", "parts": PARTS}})
    research.load(path, runs=place.folder / "first").train(quiet=True)
    folder = next(run for run in seeds_in(place.folder / "first").values() if '"order": 2' in json.dumps(config_of(run)))
    return path, place.folder / "runs" / folder.parent.name / folder.name


def config_of(run):
    import tomllib

    return tomllib.loads((run.parent / "config.toml").read_text())


def test_the_rest_is_held(place, mixture):
    path, run = mixture
    held = claim(run)
    called = place.call("train", path)
    assert called.code == 75
    assert "1 runs are held by other processes, 1 start from such" in called.stderr
    assert f"it starts from {run.parent.name}/0, which is not done" in called.stderr
    held.release()
    assert place.call("train", path).code == 0


def test_what_a_holder_leaves_is_done_at_the_end_with_what_starts_from_it(place, mixture):
    path, run = mixture
    held, events = claim(run), []

    def listen(event):
        events.append(event)
        if isinstance(event, Done):
            held.release()  # the holder ends while this command is at its other runs

    executed = research.load(path, runs=place.folder / "runs").execute(listeners=[listen], quiet=True)
    assert executed.code == 0
    assert [type(event) for event in events if isinstance(event, Held | Blocked | Done)] == [Held, Done, Done, Done]
    assert {status(done)["status"] for done in seeds_in(place.folder / "runs").values()} == {"done"}


def test_a_holder_is_waited_for_and_told_once(place, mixture, monkeypatch):
    path, run = mixture
    monkeypatch.setattr(held_runs, "POLL_EVERY", 0.05)
    held, notes = claim(run), []

    def listen(event):
        if isinstance(event, Note):
            notes.append(event.message)
            threading.Timer(0.3, held.release).start()

    assert research.load(path, runs=place.folder / "runs").execute(listeners=[listen], quiet=True, wait=True).code == 0
    (note,) = notes
    assert "has 1 of the runs since 20" in note


def test_a_counted_model_that_is_taken_over_writes_nothing(place):
    path, taken = place.write({"data": {}, "model": PARTS[0]}), []

    def listen(event):
        if isinstance(event, Started):
            os.utime(event.job.folder / "lock", (1, 1))
            taken.append(claim(event.job.folder))

    executed = research.load(path, runs=place.folder / "runs").execute(listeners=[listen], quiet=True)
    (held,) = taken
    assert executed.code == 75
    assert [file.name for file in held.path.parent.iterdir()] == ["lock"]
    held.release()
