"""A process that comes back from a stop, after another has taken its runs over and finished them, changes nothing of them."""

import os
import signal
import time

from test_reproducible import wait_for_lines
from tiny import SMALL, seeds_in, status


def written(runs):
    """Every file, but locks: its bytes and when it was written."""
    files = [path for path in runs.rglob("*") if path.is_file()]
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files if path.parent.name != "sweeps"}


def test_who_comes_back_changes_nothing(place):
    path = place.write(SMALL, train=SMALL["train"] | {"steps": 2000}, seeds=3)
    runs = place.folder / "runs"
    child = place.start("train", path)
    wait_for_lines(runs, 6)
    os.kill(child.pid, signal.SIGSTOP)
    try:
        locks = list(runs.glob("*/*/lock"))
        assert locks
        for lock in locks:
            os.utime(lock, (1, 1))
        assert place.call("train", path).code == 0
        assert {status(run)["status"] for run in seeds_in(runs).values()} == {"done"}
        before = written(runs)
        time.sleep(0.05)
    finally:
        os.kill(child.pid, signal.SIGCONT)
    child.join(60)
    said = (place.folder / "log.txt").read_text()
    assert child.exitcode == 0, said
    assert said.count("taken over by another process") == len(locks), said
    assert "Traceback" not in said
    assert written(runs) == before
