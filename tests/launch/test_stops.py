"""A signal at any moment of a command ends it with 130, with nothing held or lost; a reader that goes away ends nothing."""

import os
import signal
import subprocess
import sys
import time
from functools import partial

from tiny import SMALL, seeds_in, status

from research.machine import SINGLE_THREAD

HANGUP = 1 << (signal.SIGHUP - 1)


def start(place, path, **words):
    """The command itself, in a process of its own."""
    environment = os.environ | {"XLA_FLAGS": os.environ["XLA_FLAGS"].replace(SINGLE_THREAD, "").strip()}
    command = [sys.executable, "-m", "research.cli", "train", str(path), "--runs", str(place.folder / "runs")]
    default = partial(signal.signal, signal.SIGHUP, signal.SIG_DFL)  # a suite under nohup ignores it, and its children would
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=default, **words
    )


def wait_until_handled(child):
    """Until the first line of the command was run: Python itself leaves SIGHUP alone."""
    while child.poll() is None:
        with open(f"/proc/{child.pid}/status", encoding="utf-8") as lines:
            if any(line.startswith("SigCgt:") and int(line.split()[1], 16) & HANGUP for line in lines):
                return
        time.sleep(0.001)


def wait_for_line(child, words):
    for line in child.stderr:
        if words in line:
            return
    raise AssertionError(f"never said: {words}")


def assert_stopped(place, child):
    try:
        out, said = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 130, (out, said)
    assert "Traceback" not in said
    assert "stop" in said
    assert not list((place.folder / "runs").glob("*/*/lock"))


def test_signals_from_the_first_line_to_the_last_step(place):
    path = place.write(SMALL, train=SMALL["train"] | {"steps": 4_000_000}, run={"log_every": 1000})
    for number, seconds in ((signal.SIGINT, 0.0), (signal.SIGTERM, 0.2), (signal.SIGHUP, 0.7)):
        child = start(place, path)
        wait_until_handled(child)
        time.sleep(seconds)
        child.send_signal(number)
        assert_stopped(place, child)

    child = start(place, path)  # twice
    wait_for_line(child, "compiling")
    child.send_signal(signal.SIGINT)
    time.sleep(0.1)
    child.send_signal(signal.SIGINT)
    assert_stopped(place, child)

    child = start(place, path)  # a terminal that is closed
    wait_for_line(child, "started")
    child.stderr.close()
    child.stdout.close()
    for _ in range(2):  # by the system, and by the shell
        child.send_signal(signal.SIGHUP)
        time.sleep(0.05)
    assert child.wait(60) == 130
    (run,) = seeds_in(place.folder / "runs").values()
    assert status(run)["status"] == "stopped"
    assert 0 < status(run)["step"] < 4_000_000


def test_a_reader_that_goes_away_ends_nothing(place):
    path = place.write({"data": {}, "model": {"kind": "ngram", "order": 2, "smoothing": {"kind": "add_k", "k": 1.0}}})
    child = start(place, path)
    child.stderr.close()
    child.stdout.close()
    assert child.wait(120) == 0
    (run,) = seeds_in(place.folder / "runs").values()
    assert status(run)["status"] == "done"
