"""Where the machine says no, one paragraph says what and where; what is finished is whole, and the first error is the one that is told."""

import errno
import os
from pathlib import Path

import pytest
import typer

from research.api import execution
from research.cli.application import guarded
from research.config.errors import DamagedFileError, StepladderError
from research.execute import work
from research.execute.foreground import Request
from research.machine import cache_dir
from research.machine_refusals import NAMED, is_refusal, refusal_text
from research.runs import store
from research.runs.lock import claim, is_held
from research.train import trained_files
from research.train.events import Failed
from research.train.run_failure import report_failure
from research.train.trained_files import Job


def refusal(name: str) -> OSError:
    return OSError(NAMED[name], os.strerror(NAMED[name]), "/somewhere/result.json")


@pytest.mark.parametrize("name", NAMED)
def test_a_refusal_is_one_paragraph_and_exit_2(name, capsys):
    @guarded
    def command() -> int:
        raise refusal(name)

    with pytest.raises(typer.Exit) as ended:
        command()
    assert ended.value.exit_code == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert told.count("\n") == 1
    assert "/somewhere/result.json" in told
    assert os.strerror(NAMED[name]) in told


@pytest.mark.parametrize("error", [FileNotFoundError(errno.ENOENT, "gone", "x"), ValueError("x"), ConnectionResetError("x")])
def test_what_is_a_bug_keeps_its_traceback(error):
    @guarded
    def command() -> int:
        raise error

    assert not is_refusal(error)
    with pytest.raises(type(error)):
        command()


def test_a_refusal_of_the_disk_itself_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError) as refused:  # noqa: PT011
        (tmp_path / "file" / "below").write_text("")
    assert is_refusal(refused.value)
    assert str(tmp_path / "file" / "below") in refusal_text(refused.value)


@pytest.mark.parametrize("unwritten", [refusal("ENOSPC"), StepladderError("nothing can be written")], ids=["while writing", "on opening"])
def test_a_failure_that_cannot_be_written_does_not_hide_the_first_error(tmp_path, monkeypatch, capsys, unwritten):
    def no_room(job: Job, error: BaseException) -> None:
        raise unwritten

    monkeypatch.setattr(trained_files, "write_failure", no_room)
    jobs, events = [Job("0123456789ab", None, seed, tmp_path / f"seed-{seed}") for seed in (0, 1)], []
    work._fail(jobs, RuntimeError("the first error"), events.append)
    assert [(type(event), event.message) for event in events] == [(Failed, "the first error")] * 2
    assert "log.txt could not be written" in capsys.readouterr().err


def test_a_run_that_cannot_be_begun_is_a_failure_of_its_own_and_free_again(tmp_path):
    job, events = Job("0123456789ab", None, 0, tmp_path / "seed-0"), []
    error = DamagedFileError(tmp_path / "final", "is not what was written", "Bring it back.")
    report_failure(job, claim(job.folder), error, events.append)
    assert [(type(event), event.message) for event in events] == [(Failed, str(error))]
    assert store.status_of(job.folder) == "failed"
    assert "DamagedFileError" in (job.folder / "log.txt").read_text()
    assert not is_held(job.folder)


def test_without_a_home_the_cache_is_asked_for(monkeypatch, tmp_path):
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("STEPLADDER_CACHE", raising=False)
    monkeypatch.setattr(Path, "home", no_home)
    with pytest.raises(StepladderError, match="STEPLADDER_CACHE"):
        cache_dir()
    monkeypatch.setenv("STEPLADDER_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path


@pytest.mark.parametrize(("pending", "rerun"), [((), None), (("run",), None), ((), "all")])
def test_a_folder_that_cannot_be_written_is_enough_where_nothing_is_to_be_done(tmp_path, monkeypatch, capsys, pending, rerun):
    def refuse(folder: Path) -> None:
        raise StepladderError("Nothing can be written")

    monkeypatch.setattr(store, "check_writable", refuse)
    for name, value in {
        "launched_path": None,
        "readable_manifest": {"name": "a"},
        "read_work_plan": "plan",
        "read_plan_states": {},
    }.items():
        monkeypatch.setattr(execution, name, lambda *_, value=value: value)
    monkeypatch.setattr(execution, "pending_runs", lambda *_: pending)
    request = Request(tmp_path, rerun=rerun)
    if pending or rerun:
        with pytest.raises(StepladderError, match="Nothing can be written"):
            execution.finished_manifest(tmp_path / "a.json", request)
    else:
        assert execution.finished_manifest(tmp_path / "a.json", request) == {"name": "a"}
        assert "nothing is to be done" in capsys.readouterr().err
