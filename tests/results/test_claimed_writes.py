"""Whatever a process writes of a run that it has lost changes nothing; under a claim that is still its own the same call writes."""

import hashlib
import os
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from research.classic.ngram import fit_ngram
from research.classic.ngram_archive import save_ngram
from research.config.model import NGram
from research.runs import store
from research.runs.checksums import write_checksums
from research.runs.lock import TakenOverError, claim
from research.train import checkpoint
from research.train.trained_files import Job, write_beginning, write_failure, write_final, write_status


def job_of(folder):
    return Job("cell", SimpleNamespace(), 0, folder)


COUNTED = fit_ngram(NGram(kind="ngram", order=2), np.array([1, 2, 1, 2, 3, 0]), 4, 0)

WRITERS = {
    "status": lambda folder: write_status(job_of(folder), "running", 3, 9),
    "beginning": lambda folder: write_beginning(job_of(folder), 0, 9),
    "failure": lambda folder: write_failure(job_of(folder), ValueError("no such luck")),
    "result": lambda folder: write_final(job_of(folder), "result.json", {"by": "late"}),
    "appended": lambda folder: store.append_metrics(folder / "metrics.jsonl", [{"step": 5}]),
    "truncated": lambda folder: store.truncate_metrics(folder / "metrics.jsonl", 0),
    "arrays": lambda folder: store.write_arrays(folder / "items.npz", id=np.arange(3)),
    "text": lambda folder: store.write_text(folder / "texts.jsonl", "late\n"),
    "counts": lambda folder: save_ngram(COUNTED, folder / "model.npz"),
    "checksums": write_checksums,
    "checkpoint": lambda folder: checkpoint.save_checkpoint(folder / "checkpoints", 7, {"a": np.ones(3)}),
    "final": lambda folder: checkpoint.save_checkpoint(folder / "checkpoints", checkpoint.FINAL, {"a": np.ones(3)}),
    "dropped": lambda folder: checkpoint.drop_numbered(folder / "checkpoints"),
}


def content(folder):
    """Every file below a folder, but the lock: its bytes, and when it was written."""
    files = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file() and path.name != "lock"}
    return {name: (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns) for name, path in files.items()}


def fill(folder):
    """A run as its new holder may have left it, with checkpoints of its own."""
    for name in ("status.json", "env.json", "result.json"):
        store.write_json(folder / name, {"parts": []} if name == "env.json" else {"status": "done", "step": 9, "steps": 9, "message": ""})
    store.append_metrics(folder / "metrics.jsonl", [{"step": step} for step in (3, 6, 9)])
    for name in (3, 6, checkpoint.FINAL):
        checkpoint.save_checkpoint(folder / "checkpoints", name, {"a": np.zeros(3)})


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filled")
    fill(folder)
    return folder


@pytest.mark.parametrize("writer", WRITERS)
def test_a_claim_that_was_lost_writes_nothing(tmp_path, filled, writer):
    folder = tmp_path / "run"
    shutil.copytree(filled, folder)
    lost = claim(folder)
    os.utime(folder / "lock", (1, 1))
    successor = claim(folder)
    before = content(folder)
    with pytest.raises(TakenOverError, match="taken over"), lost.writing():
        WRITERS[writer](folder)
    assert content(folder) == before
    with successor.writing():
        WRITERS[writer](folder)
    assert content(folder) != before
    lost.release()
    assert successor.is_ours()
    successor.release()
    successor.release()
