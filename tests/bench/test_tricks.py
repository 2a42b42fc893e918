"""Tricks that are taken away: each case has its own, and each is there to be taken."""

import json
import subprocess
import sys

import pytest

from research.bench.benchmarks import BENCHMARKS
from research.bench.ours.tricks import WITHOUT

CASES = [case for one in BENCHMARKS if one.name in ("tricks", "lanes") for case in one.cases]


def test_every_case_has_its_trick():
    assert {case.name for case in CASES} == WITHOUT.keys()


TRICKS = sorted({remove.__name__ for remove in WITHOUT.values()} - {"<lambda>"})
SCRIPT = """
import json, os, sys, traceback
from research.bench.ours import tricks

def status_of(name):
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    try:
        getattr(tricks, name)()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)

print(json.dumps({name: status_of(name) for name in sys.argv[1:]}))
"""


@pytest.fixture(scope="module")
def taken_away():
    """The exit status of each trick's process, and what they all say: one process imports everything, and its children change it."""
    done = subprocess.run([sys.executable, "-c", SCRIPT, *TRICKS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), done.stderr


@pytest.mark.parametrize("trick", TRICKS)
def test_what_is_taken_away_is_there(taken_away, trick):
    statuses, said = taken_away
    assert statuses[trick] == 0, said
