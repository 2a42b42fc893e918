"""Doing a run again deletes nothing before its successor is there, and what killed processes left is swept."""

import os
from pathlib import Path

import pytest

from research.config.errors import StepladderError
from research.execute.replaced import check_free, move_aside, remove_replaced, sweep_run
from research.runs import store
from research.runs.lock import claimed


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def run(tmp_path) -> Path:
    folder = store.seed_folder(tmp_path, "0123456789ab", 0)
    for name in ("status.json", "result.json", "checkpoints/final/data", "analysis/heads.json"):
        store.write_text(folder / name, name)
    return folder


def test_what_a_run_was_is_kept_until_its_successor_is_done(run):
    before = tree(run)
    move_aside(run)
    assert tree(run / "replaced-1") == before
    assert sorted(os.listdir(run)) == ["replaced-1"]
    store.write_text(run / "status.json", "new")
    move_aside(run)  # again, before the first successor was done
    assert tree(run / "replaced-1") == before
    assert tree(run / "replaced-2") == {"status.json": b"new"}
    remove_replaced(run)
    assert os.listdir(run) == []


def test_a_checkpoints_folder_that_is_a_link_goes_with_the_run(run, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    (run / "checkpoints").rename(elsewhere)
    (run / "checkpoints").symlink_to(elsewhere)
    move_aside(run)
    assert not (run / "checkpoints").exists()
    remove_replaced(run)
    assert tree(elsewhere) == {"final/data": b"checkpoints/final/data"}


def test_nothing_is_moved_where_one_run_is_held(run):
    other = run.with_name("seed-1")
    with claimed(other), pytest.raises(StepladderError, match="seed-1 is under way in another process"):
        check_free([run, other])
    check_free([run, other, run.with_name("seed-2")])
    move_aside(run.with_name("seed-2"))
    assert not run.with_name("seed-2").exists()


LEFT = (".result.json.host-1-2.tmp", "checkpoints/20.orbax-checkpoint-tmp/data")
LEFT_OF_DONE = ("checkpoints/10/data", "checkpoints/20/data", "replaced-1/status.json")


@pytest.mark.parametrize("over", [False, True])
def test_what_killed_processes_left_is_swept_and_nothing_else(run, over):
    before = tree(run)
    sweep_run(run, over)
    assert tree(run) == before
    for name in (*LEFT, *LEFT_OF_DONE):
        store.write_text(run / name, "left")
    with claimed(run):
        sweep_run(run, over)
        assert {*LEFT, *LEFT_OF_DONE} < {*tree(run)}  # they may be another process's
    sweep_run(run, over)
    assert {*tree(run)} - {*before} == (set() if over else {*LEFT_OF_DONE})
    assert before.items() <= tree(run).items()
