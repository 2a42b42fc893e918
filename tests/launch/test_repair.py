"""What is damaged in a run that is done is moved aside, and the plain command does again what it held and no more."""

import shutil
from pathlib import Path

import pytest

from research.config.errors import DamagedFileError
from research.execute.repair import is_damaged, move_damaged_aside, repair_run
from research.runs import store
from research.runs.checksums import write_checksums
from research.runs.inspection import inspect_run
from research.runs.lock import claimed
from research.runs.metric_lines import read_metrics, truncate_metrics
from research.train.trained_files import Job

TRAINED = {"metrics": {"valid": {"loss": 1.5}}, "cost": {"seconds": {"train": 1.0}}, "steps": 9}
TESTED = {"metrics": {"test": {"loss": 1.25}}, "scored_on": {}, "extra": {}, "signatures": {}, "seconds": 0.5}


@pytest.fixture
def job(tmp_path) -> Job:
    """A run that is done."""
    folder = store.seed_folder(tmp_path, "0123456789ab", 0)
    store.write_json(folder / "result.json", TRAINED)
    store.write_json(folder / "test.json", TESTED)
    store.write_arrays(folder / "items.npz", id=[0, 1], loss=[1.0, 1.5], tokens=[1, 1], correct=[0, 1])
    store.append_metrics(folder / "metrics.jsonl", [{"step": step, "split": "train", "loss": 2.0} for step in (3, 6, 9)])
    write_checksums(folder)
    store.write_json(folder / "status.json", {"status": "done", "step": 9, "steps": 9, "message": ""})
    return Job("0123456789ab", None, 0, folder)


def damage(path: Path, kind: str) -> None:
    if kind == "flip":
        content = bytearray(path.read_bytes())
        content[content.index(b"1.")] ^= 2  # a digit, so that the JSON is JSON still
        return path.write_bytes(bytes(content)) and None
    path.unlink()
    if kind == "folder":
        path.mkdir()


@pytest.mark.parametrize(
    ("name", "kind", "status", "aside"),
    [
        ("result.json", "flip", "not run", {"result.json", "test.json", "checksums.json"}),
        ("result.json", "folder", "not run", {"result.json", "test.json", "checksums.json"}),
        ("test.json", "flip", "trained", {"test.json", "checksums.json"}),
        ("test.json", "folder", "trained", {"test.json", "checksums.json"}),
        ("items.npz", "folder", "trained", {"items.npz", "checksums.json"}),
        ("items.npz", "gone", "trained", {"checksums.json"}),
        ("status.json", "folder", "done", {"status.json"}),
    ],
)
def test_damaged_files_are_moved_aside_and_the_rest_stays(job, name, kind, status, aside):
    before = {path.name: path.read_bytes() for path in job.folder.iterdir()}
    damage(job.folder / name, kind)
    assert name in inspect_run(job.folder).damaged
    told = repair_run(job)
    assert name in told
    assert store.status_of(job.folder) == status
    assert {path.name.removesuffix(".damaged") for path in job.folder.glob("*.damaged")} == aside
    untouched = {*before} - aside - {name, "status.json"}
    assert all((job.folder / file).read_bytes() == before[file] for file in untouched)
    assert repair_run(job) == ""


def test_a_run_that_another_process_has_is_left_alone(job):
    damage(job.folder / "test.json", "flip")
    with claimed(job.folder):
        assert repair_run(job) == ""
    assert not list(job.folder.glob("*.damaged"))


def test_moving_aside_takes_the_place_of_nothing(tmp_path):
    for content in "abc":
        (tmp_path / "file").write_text(content)
        move_damaged_aside(tmp_path / "file")
    assert sorted(path.read_text() for path in tmp_path.iterdir()) == ["a", "b", "c"]


@pytest.mark.parametrize(("bad", "left"), [(0, []), (1, [3]), (2, [3, 6])])
def test_metrics_are_cut_to_the_lines_before_the_first_bad_one(job, bad, left):
    path = job.folder / "metrics.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(b"\xff" + line if number == bad else line for number, line in enumerate(lines)))
    with pytest.raises(DamagedFileError, match=f"line {bad + 1}"):
        read_metrics(path)
    assert f"line {bad + 1}" in truncate_metrics(path, 9)
    assert [record["step"] for record in read_metrics(path)] == left
    assert (job.folder / "metrics.jsonl.damaged").exists()


def test_metrics_that_are_gone_are_told_and_whole_ones_are_not(job):
    path = job.folder / "metrics.jsonl"
    assert truncate_metrics(path, 6) == ""
    assert [record["step"] for record in read_metrics(path)] == [3, 6]
    path.write_bytes(b"")
    assert "no line" in truncate_metrics(path, 6)
    path.unlink()
    assert truncate_metrics(path, 0) == ""
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "content"), [("config.toml", b"[data"), ("config.toml", None), ("cell.json", b"{"), ("vocabulary.json", b"[]")]
)
def test_a_file_of_a_cell_that_cannot_be_read_is_damaged(tmp_path, name, content):
    assert not is_damaged(tmp_path / name)
    (tmp_path / name).mkdir() if content is None else (tmp_path / name).write_bytes(content)
    assert is_damaged(tmp_path / name)
    shutil.rmtree(tmp_path / name) if content is None else (tmp_path / name).unlink()
    (tmp_path / name).write_text("a = 1\n" if name.endswith("toml") else '{"a": 1}')
    assert not is_damaged(tmp_path / name)
