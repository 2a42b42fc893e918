"""A run is its config and its seed: where it was stopped, and who its neighbours were, leaves no trace."""

import re
import time
from random import Random

from tiny import DROPPED, seeds_in, status, without_times


def wait_for_lines(runs, number):
    """Until so many lines of metrics are there: a moment in the middle of training."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if sum(path.read_bytes().count(b"\n") for path in runs.glob("*/*/metrics.jsonl")) >= number:
            return
        time.sleep(0.002)
    raise AssertionError(f"no {number} lines of metrics in {runs}")


def wait_for_beginning(said, before):
    """Until a line more than before says that a run began, or goes on: from then on a signal stops it."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if beginnings(said) > before:
            return
        time.sleep(0.002)
    raise AssertionError(f"nothing began: {said.read_text()}")


def beginnings(said):
    return len(re.findall(r": started, | goes on from step ", said.read_text()))


def test_killed_at_random_times_and_stopped_by_a_signal(shared_place, pair, never_stopped):
    """Resume is never stopped, bit for bit."""
    runs, said = shared_place.folder / "killed", shared_place.folder / "killed.txt"
    start = lambda: shared_place.start("sweep", pair, runs="killed", log="killed.txt")
    random, kills = Random(time.time_ns()), 0

    for lines in (2, 14, 26):
        child = start()
        wait_for_lines(runs, lines)
        time.sleep(random.uniform(0, 0.1))
        kills += child.is_alive()
        child.kill()
        child.join()
        if lines == 2:
            before = beginnings(said)
            child = start()
            wait_for_beginning(said, before)
            child.terminate()
            child.join()
            assert child.exitcode == 130
            assert "the same command goes on from there" in said.read_text()
            assert {status(run)["status"] for run in seeds_in(runs).values() if (run / "metrics.jsonl").exists()} <= {"stopped", "done"}
            assert not list(runs.glob("*/*/lock"))
    assert kills >= 2

    child = start()
    child.join()
    assert child.exitcode == 0
    assert ": goes on from step " in said.read_text()
    assert "Traceback" not in said.read_text()
    assert {name: without_times(run) for name, run in seeds_in(runs).items()} == never_stopped


def test_neighbours(shared_place, pair, never_stopped):
    """n = 1, 3, 5 against n = 2; five in reversed order, three with learning rates of their own."""
    rates = {"axes": {"optim.learning_rate": [1e-3, 3e-3, 0.1]}, "table": {"rows": "optim.learning_rate"}}
    windows = shared_place.write(DROPPED, "rates", seeds=[1], sweep={"name": "rates"} | rates)
    calls = {
        "one": ("sweep", pair, "seeds=[0]", "run.checkpoint_seconds=60.0"),
        "five": ("sweep", pair, "seeds=[4, 3, 2, 1, 0]", "run.checkpoint_seconds=60.0"),
        "rates": ("sweep", windows, "run.log_every=4"),
    }
    children = [shared_place.start(*words, runs=name, log=f"{name}.txt") for name, words in calls.items()]
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0, 0]
    found = {name: {run: without_times(path) for run, path in seeds_in(shared_place.folder / name).items()} for name in calls}
    assert [len(runs) for runs in found.values()] == [2, 10, 3]
    for name, runs in found.items():
        same = runs.keys() & never_stopped.keys()
        assert {run: runs[run] for run in same} == {run: never_stopped[run] for run in same}
        assert len(same) == {"one": 2, "five": 4, "rates": 1}[name]
    assert len({run["result"] for run in found["rates"].values()}) == 3
    assert shared_place.done("show", windows)["programs"] == 1
