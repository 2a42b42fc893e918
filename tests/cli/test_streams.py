"""What is written to a closed stdout or stderr is lost, and comes into no other file."""

import subprocess
import sys

import pytest

WRITES = """
import os, sys
from contextlib import suppress
from research.cli.streams import forgive_closed_streams
forgive_closed_streams()
with open(sys.argv[1], "w") as file:
    for stream in (sys.stdout, sys.stderr):
        print("lost", "x" * 100_000, file=stream, flush=True)
    with suppress(OSError):
        os.write(2, b"by a library")
    file.write(f"{file.fileno() > 2}")
"""


@pytest.mark.parametrize("redirected", [">&- 2>&-", "2>&-", "<&- >&- 2>&-", "| true", "2>&1 | true"])
def test_nothing_fails_and_nothing_is_mixed(tmp_path, redirected):
    script = tmp_path / "writes.py"
    script.write_text(WRITES)
    command = f"set -o pipefail; '{sys.executable}' '{script}' '{tmp_path / 'file'}' {redirected}"
    assert subprocess.run(["bash", "-c", command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    assert (tmp_path / "file").read_text() == "True"
