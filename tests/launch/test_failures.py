"""What goes wrong in one run or one program stays there, is told, and is no reason to lose the rest."""

import pytest
from tiny import SMALL, seeds_in, status, without_times

from research.config.loader import load_config
from research.execute import material
from research.plan.resolve_plan import resolve_plan
from research.runs import store


def spec(place, axes, **words):
    table = {"rows": next(iter(axes))}
    return place.write(SMALL, "sweep", sweep={"name": "small", "axes": axes, "table": table}, **words)


def test_a_run_that_diverges_is_a_result_and_harms_no_other(place):
    """Two lanes: the run with a mad learning rate shares its program, and its first call, with the sane one."""
    place.done("sweep", spec(place, {"optim.learning_rate": [1e-3]}), runs="alone")
    both = spec(place, {"optim.learning_rate": [1e36, 1e-3]})
    found = place.done("sweep", both, runs="both")
    mad, sane = found["cells"]
    assert (mad["status"], sane["status"]) == ("diverged", "done")
    for run in seeds_in(place.folder / "alone").values():
        assert without_times(run) == without_times(place.folder / "both" / run.parent.name / run.name)
    for run in (place.folder / "both" / mad["cell_id"]).glob("seed-*"):
        said = status(run)
        assert said["status"] == "diverged"
        assert said["message"] == f"the loss or its gradient was not finite at step {said['step'] + 1}"
        assert said["step"] < SMALL["train"]["steps"]
        assert without_times(run)["arrays"] == {}
    report = place.call("report", both, "--out", str(place.folder / "report"), runs="both")
    assert report.code == 0
    assert "diverged" in (place.folder / "report" / "report.html").read_text()


@pytest.fixture
def broken(monkeypatch):
    """Training programs with batches of 5 cannot be made."""
    build = material.compile_engine

    def sometimes(program, *rest):
        if program.config.train.batch_size == 5:
            raise RuntimeError("no such luck")
        return build(program, *rest)

    monkeypatch.setattr(material, "compile_engine", sometimes)


def test_what_fails_fails_alone(place, broken):
    path = spec(place, {"train.batch_size": [5, 4]}, seeds=2)
    called = place.call("sweep", path)
    assert called.code == 1
    assert "2 runs crashed; their log.txt says why" in called.stderr
    runs = seeds_in(place.folder / "runs").values()
    assert sorted(status(run)["status"] for run in runs) == ["done", "done", "failed", "failed"]
    for run in runs:
        if status(run)["status"] == "failed":
            assert status(run)["message"] == "RuntimeError: no such luck"
            log = (run / "log.txt").read_text()
            assert log.startswith("Traceback")
            assert "no such luck" in log
            assert not (run / "lock").exists()


def test_on_error_stop_stops(place, broken):
    path = spec(place, {"train.batch_size": [5, 4]})
    called = place.call("sweep", path, "--on-error", "stop")
    assert called.code == 1
    assert str(called.exception) == "no such luck"  # a bug keeps its traceback
    states = {status(run)["status"] for run in seeds_in(place.folder / "runs").values() if (run / "status.json").exists()}
    assert states == {"failed"}


def test_failed_runs_are_done_again_by_the_same_command_and_by_rerun(place, monkeypatch):
    path = spec(place, {"train.batch_size": [5, 4]})
    with monkeypatch.context() as patch:
        patch.setattr(material, "compile_engine", lambda *_: 1 / 0)
        assert place.call("sweep", path).code == 1
    assert {cell["status"] for cell in place.done("sweep", path, "--rerun", "failed")["cells"]} == {"done"}
    assert "runs are done" in place.call("sweep", path, "--rerun", "failed").stderr


def test_where_all_diverged_it_is_told_and_a_child_says_of_which_parent(place):
    """The parents' files say so; nothing is trained."""
    rows = [{"label": "parent"}, {"label": "child", "init.from": "parent", "optim.learning_rate": 1e-7}]
    path = place.write(SMALL, "family", seeds=2, sweep={"name": "family", "list": rows})
    plan = resolve_plan(load_config(path), place.folder / "runs", None)
    (parent,) = (cell.cell_id for cell in plan.cells if not cell.parents)
    for seed in (0, 1):
        diverged = {"status": "diverged", "step": 3, "steps": 20, "message": "the loss was not finite"}
        store.write_json(store.seed_folder(place.folder / "runs", parent, seed) / "status.json", store.stamp(diverged))
    called = place.call("sweep", path)
    assert called.code == 1
    for seed in (0, 1):
        assert f"child, seed {seed}: blocked: it starts from parent, seed {seed} ({parent}/{seed}), which diverged" in called.stderr
    assert "family: 2 of 4 runs diverged" in called.stderr
    alone = place.write(SMALL, "alone", seeds=2, sweep={"name": "alone", "list": rows[:1]})
    called = place.call("sweep", alone)
    assert called.code == 0
    assert "alone: all 2 runs diverged: a loss or its gradient was not finite; a lower optim.learning_rate may help" in called.stderr
    assert "Every run diverged" in " ".join(called.stdout.split())
