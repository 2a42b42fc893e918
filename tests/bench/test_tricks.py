"""Tricks that are taken away: each case has its own, and each is there to be taken."""

import subprocess
import sys

import pytest

from research.bench.benchmarks import BENCHMARKS
from research.bench.ours.tricks import WITHOUT

CASES = [case for one in BENCHMARKS if one.name in ("tricks", "lanes") for case in one.cases]


def test_every_case_has_its_trick():
    assert {case.name for case in CASES} == WITHOUT.keys()


@pytest.mark.parametrize("trick", sorted({what.__name__ for what in WITHOUT.values()} - {"<lambda>"}))
def test_what_is_taken_away_is_there(trick):
    """In a process of its own, which it changes."""
    script = f"from research.bench.ours import tricks; tricks.{trick}()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
