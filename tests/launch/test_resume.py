"""A run that is stopped and taken up again, however often and wherever, is the run that never stopped."""

import time
from random import Random

from tiny import seeds_in, status, without_times


def wait_for_lines(runs, number):
    """Until so many lines of metrics are there: a moment in the middle of training."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        if sum(path.read_bytes().count(b"\n") for path in runs.glob("*/*/metrics.jsonl")) >= number:
            return
        time.sleep(0.002)
    raise AssertionError(f"no {number} lines of metrics in {runs}")


def test_killed_at_random_times_and_stopped_by_a_signal(shared_place, pair, never_stopped):
    runs, said = shared_place.folder / "killed", shared_place.folder / "killed.txt"
    start = lambda: shared_place.start("sweep", pair, runs="killed", log="killed.txt")
    random, kills = Random(time.time_ns()), 0

    for lines in (2, 14, 26):
        child = start()
        wait_for_lines(runs, lines)
        time.sleep(random.uniform(0, 0.3))
        kills += child.is_alive()
        child.kill()
        child.join()
        if lines == 2:
            child = start()
            wait_for_lines(runs, 4)
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
    assert "resumed" in said.read_text()
    assert {name: without_times(run) for name, run in seeds_in(runs).items()} == never_stopped
