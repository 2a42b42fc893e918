"""One holder at a time: at creation, at takeover, and after SIGKILL."""

import contextlib
import os
import subprocess
import sys
import threading
import time

import pytest

from research.runs.lock import Claim, HeldError, claim, claimed, read_holder

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
    assert read_holder(tmp_path / "lock").pid == os.getpid()


def test_a_process_of_another_host_is_judged_by_its_heartbeat(tmp_path):
    (tmp_path / "lock").write_text('{"host": "elsewhere", "pid": 1, "since": "2026-01-01", "token": "t"}')
    with pytest.raises(HeldError, match="elsewhere/1"):
        claim(tmp_path)
    make_stale(tmp_path)
    claim(tmp_path).release()


def test_a_lock_whose_writer_died_before_its_first_word_is_held_until_it_is_old(tmp_path):
    (tmp_path / "lock").touch()
    with pytest.raises(HeldError):
        claim(tmp_path)
    make_stale(tmp_path)
    claim(tmp_path).release()


def test_a_taker_that_died_halfway_blocks_nobody_for_ever(tmp_path):
    claim(tmp_path)
    token = read_holder(tmp_path / "lock").token
    marker = tmp_path / f"lock.{token}"
    marker.write_text("")
    for path in (marker, tmp_path / "lock"):
        os.utime(path, (1, 1))
    claim(tmp_path).release()
    assert not list(tmp_path.iterdir())


def test_a_block_beats_and_releases(tmp_path):
    with claimed(tmp_path, beat_every=0.01):
        make_stale(tmp_path)
        while read_holder(tmp_path / "lock").heartbeat < 2:
            time.sleep(0.005)
        with pytest.raises(HeldError):
            claim(tmp_path)
    claim(tmp_path).release()
