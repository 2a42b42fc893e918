"""Who is certain to have ended: by number, start, boot, namespace and the scheduler's word; in doubt nobody."""

import os
import subprocess
import sys

import pytest

from research.runs.processes import is_gone, process_of, this_process

HERE = this_process()
NOBODY = 2**22 + 1  # above the greatest number that Linux gives


def test_who_asks_lives_and_is_told_from_one_that_had_its_number():
    assert not is_gone(HERE)
    assert is_gone(HERE._replace(started=f"{int(HERE.started) - 1}"))
    assert is_gone(HERE._replace(boot="another"))
    assert is_gone(HERE._replace(pid=NOBODY))


@pytest.mark.parametrize("pid", [os.getpid(), NOBODY, 0, -1], ids=["own", "nobody", "0", "-1"])
def test_of_another_host_or_namespace_nothing_is_certain(pid):
    assert not is_gone(HERE._replace(host="elsewhere", pid=pid))
    assert not is_gone(HERE._replace(host="elsewhere", pid=pid, boot="another"))
    assert not is_gone(HERE._replace(namespace="pid:[1]", pid=pid))


def test_an_old_lock_is_judged_by_its_number():
    old = process_of({"host": HERE.host, "pid": os.getpid(), "since": "now", "token": "t"})
    assert (old.boot, old.namespace, old.started) == ("", "", "")
    assert not is_gone(old)
    assert is_gone(old._replace(pid=NOBODY))


def test_a_killed_child_is_gone_before_its_parent_asks():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    theirs = HERE._replace(pid=child.pid, started="")
    assert not is_gone(theirs)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_gone(theirs)
    child.communicate()
    assert is_gone(theirs)


def test_the_last_attempt_of_a_job_is_over_when_the_next_begins(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "71")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "2")
    elsewhere = this_process()._replace(host="elsewhere")
    assert is_gone(elsewhere._replace(attempt="1"))
    assert is_gone(elsewhere._replace(attempt=""))
    assert not is_gone(elsewhere)
    assert not is_gone(elsewhere._replace(attempt="3"))
    assert not is_gone(elsewhere._replace(attempt="1", job="72"))
