"""A file that a run has once is created once; a process that lost its run changes nothing of what another did."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from research.runs.atomic_files import create_file
from research.runs.lock import TakenOverError, claim
from research.train.trained_files import Job, write_final


def job_of(folder, held):
    return Job("cell", SimpleNamespace(), 0, folder, claim=held)


def read(folder):
    return json.loads((folder / "result.json").read_text())


@pytest.mark.parametrize("links", [True, False])
def test_a_file_is_created_once_and_whole(tmp_path, monkeypatch, links):
    if not links:

        def no_link(source, target):
            raise OSError(95, "not supported")

        monkeypatch.setattr(os, "link", no_link)
    assert create_file(tmp_path / "final", b"first")
    assert not create_file(tmp_path / "final", b"second")
    assert (tmp_path / "final").read_bytes() == b"first"
    assert [path.name for path in tmp_path.iterdir()] == ["final"]


def test_who_comes_back_after_a_take_over_writes_no_result(tmp_path, monkeypatch):
    stopped = claim(tmp_path)
    old = os.stat(tmp_path / "lock").st_mtime - 1e4
    os.utime(tmp_path / "lock", (old, old))
    successor = claim(tmp_path, stale_after=600.0)
    with pytest.raises(TakenOverError, match="taken over"):
        write_final(job_of(tmp_path, stopped), "result.json", {"by": "stopped"})
    assert not (tmp_path / "result.json").exists()
    write_final(job_of(tmp_path, successor), "result.json", {"by": "successor"})

    monkeypatch.setattr(stopped, "check", iter([None]).__next__)  # it looked just before it lost the run
    with pytest.raises(StopIteration):
        write_final(job_of(tmp_path, stopped), "result.json", {"by": "stopped"})
    assert read(tmp_path) == {"by": "successor"}
    write_final(job_of(tmp_path, successor), "result.json", {"by": "successor, again"})
    assert read(tmp_path) == {"by": "successor, again"}
    successor.release()
    assert not Path(tmp_path / "lock").exists()
