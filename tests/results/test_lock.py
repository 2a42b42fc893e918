"""One holder at a time: at creation, at takeover, and after SIGKILL."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import pytest

from research.runs.heartbeats import Heartbeats
from research.runs.lock import Claim, HeldError, claim, claimed, is_held, read_holder
from research.runs.processes import ProcessId

FORK = """
import os, sys, threading
from research.runs.lock import claim
first = claim(sys.argv[1])
child = os.fork()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
second = claim(sys.argv[2])
os._exit([thread.name for thread in threading.enumerate() if thread is not threading.main_thread()] != ["heartbeats"])
"""
HOLD = "import sys, time; from research.runs.lock import claim; held = claim(sys.argv[1]); print('held', flush=True); time.sleep(60)"


def race(folder, takers: int) -> list[Claim]:
    """The claims of threads that try at the same moment."""
    barrier, won = threading.Barrier(takers), []

    def take():
        barrier.wait()
        with contextlib.suppress(HeldError):
            won.append(claim(folder))

    threads = [threading.Thread(target=take) for _ in range(takers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return won


def make_stale(folder) -> None:
    os.utime(folder / "lock", (1, 1))


def test_one_of_many_wins_a_fresh_claim_and_a_stale_one(tmp_path):
    for round_number in range(40):
        folder = tmp_path / str(round_number)
        first = race(folder, takers=6)
        assert len(first) == 1
        make_stale(folder)
        second = race(folder, takers=6)
        assert len(second) == 1
        assert second[0].is_ours()
        assert not first[0].is_ours()
        assert [path.name for path in folder.iterdir()] == ["lock"]
        first[0].release()  # the former holder removes nothing
        assert second[0].is_ours()
        second[0].release()
        assert not list(folder.iterdir())


def test_who_lost_its_claim_learns_it_at_the_next_beat(tmp_path):
    first = claim(tmp_path)
    assert first.beat()
    make_stale(tmp_path)
    second = claim(tmp_path)
    assert not first.beat()
    assert time.time() - read_holder(tmp_path / "lock").heartbeat < 60
    second.release()
    assert not first.beat()
    first.release()


def test_a_live_process_keeps_its_run_and_a_killed_one_loses_it(tmp_path):
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == "held\n"
        with pytest.raises(HeldError, match=rf"held by .*/{child.pid} since 20"):
            claim(tmp_path)
    finally:
        child.kill()
        child.wait()
    assert len(race(tmp_path, takers=4)) == 1
    assert read_holder(tmp_path / "lock").process.pid == os.getpid()


def test_a_process_of_another_host_is_judged_by_its_heartbeat(tmp_path):
    (tmp_path / "lock").write_text('{"host": "elsewhere", "pid": 1, "since": "2026-01-01", "token": "t"}')
    with pytest.raises(HeldError, match="elsewhere/1"):
        claim(tmp_path)
    make_stale(tmp_path)
    claim(tmp_path).release()


def test_a_lock_that_says_nothing_is_waited_for_a_moment_and_then_taken(tmp_path, monkeypatch):
    monkeypatch.setattr("research.runs.lock.TORN_AFTER", 0.2)
    (tmp_path / "lock").touch()
    assert is_held(tmp_path)
    began = time.monotonic()
    claim(tmp_path).release()
    assert 0.1 < time.monotonic() - began < 2
    (tmp_path / "lock").write_text('{"host": "here"')
    os.utime(tmp_path / "lock", (2**33, 2**33))  # a clock that runs ahead
    claim(tmp_path).release()


def test_a_lock_is_whole_as_soon_as_it_is_there(tmp_path, monkeypatch):
    """Also where a process is killed at any call that makes it."""
    for call in ("open", "write", "link"):
        with monkeypatch.context() as patch:
            patch.setattr(os, call, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
            with pytest.raises(KeyboardInterrupt):
                claim(tmp_path)
        assert not (tmp_path / "lock").exists()
    held = claim(tmp_path)
    assert set(json.loads((tmp_path / "lock").read_text())) == {*ProcessId._fields, "since", "token"}
    held.release()


def test_a_taker_that_died_halfway_blocks_nobody_for_ever(tmp_path):
    claim(tmp_path)
    token = read_holder(tmp_path / "lock").token
    marker = tmp_path / f"lock.{token}"
    marker.write_text("")
    for path in (marker, tmp_path / "lock"):
        os.utime(path, (1, 1))
    claim(tmp_path).release()
    assert not list(tmp_path.iterdir())


def test_one_thread_beats_for_all_claims_and_ends_with_the_last(tmp_path, monkeypatch):
    monkeypatch.setattr("research.runs.heartbeats.BEAT_EVERY", 0.01)
    monkeypatch.setattr("research.runs.lock.HEARTBEATS", Heartbeats())
    others = set(threading.enumerate())
    beating = lambda: [thread for thread in threading.enumerate() if thread.name == "heartbeats" and thread not in others]
    folders = [tmp_path / name for name in "abc"]
    with ExitStack() as stack:
        for folder in folders:
            stack.enter_context(claimed(folder))
            make_stale(folder)
        assert len(beating()) == 1
        for folder in folders:
            while read_holder(folder / "lock").heartbeat < 2:
                time.sleep(0.005)
            with pytest.raises(HeldError):
                claim(folder)
    for thread in beating():
        thread.join(5)
    assert not beating()
    for folder in folders:
        claim(folder).release()


def test_a_forked_child_beats_for_its_own_claims(tmp_path):
    assert subprocess.run([sys.executable, "-c", FORK, tmp_path / "parents", tmp_path / "childs"]).returncode == 0
