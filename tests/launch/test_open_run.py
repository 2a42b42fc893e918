"""Opening a run: its data are compared, a changed file is told, an older code is noted, and every seed says which code made it."""

import json

import numpy as np
import pytest
from tiny import SMALL, seeds_in

from research.config.code_version import CODE_VERSION
from research.config.errors import StepladderError
from research.runs import store
from research.runs.environments import run_environments
from research.use.open_run import open_for_text, open_run

COUNTS = SMALL | {"model": {"kind": "ngram", "order": 2}}
FEW = SMALL | {"train": {"steps": 2, "batch_size": 4, "evaluations": 1}, "seeds": 2}


def counted(place, **words):
    tree = {key: value for key, value in COUNTS.items() if key not in ("train", "run")}
    return place.done("train", place.write(tree | words, "counts"))["cell_id"]


def test_a_run_is_opened_with_its_parameters(place):
    cell = place.done("train", place.write(FEW))["cell_id"]
    runs = place.folder / "runs"
    run = open_run(runs, f"{cell[:6]}/1", None)
    assert (run.cell_id, run.seed, run.notes) == (cell, 1, ())
    assert run.parameters.embedding.shape[1] == 6
    other = open_run(runs, str(runs / cell), None)
    assert other.seed == 0
    assert not np.array_equal(run.parameters.embedding, other.parameters.embedding)


def test_changed_data_are_refused_and_the_file_is_named(place):
    cell = counted(place)
    train = place.folder / "train.txt"
    train.write_text(train.read_text() + "w1 w2\n")
    with pytest.raises(StepladderError, match=r"trained on other data.*data\.train: sha256 .* then, .* now"):
        open_run(place.folder / "runs", cell, None)
    for words in (("generate", cell), ("score", cell, "--text", "w1 w2")):
        called = place.call(words[0], words[1], *words[2:])
        assert called.code == 2
        assert "data.train" in called.stderr


def test_an_edited_config_is_refused(place):
    cell = counted(place)
    path = place.folder / "runs" / cell / "config.toml"
    path.write_text(path.read_text().replace("order = 2", "order = 3"))
    with pytest.raises(StepladderError, match="was edited"):
        open_run(place.folder / "runs", cell, None)


def test_an_older_code_and_a_run_without_a_record_load_with_a_note(place):
    cell = counted(place)
    record = place.folder / "runs" / cell / "cell.json"
    assert json.loads(record.read_text())["format"] == store.FORMAT
    record.write_text(json.dumps(json.loads(record.read_text()) | {"code_version": CODE_VERSION - 1}))
    (note,) = open_run(place.folder / "runs", cell, None).notes
    assert f"version {CODE_VERSION - 1} of the code" in note
    record.unlink()
    (note,) = open_run(place.folder / "runs", cell, None).notes
    assert "was not checked" in note


def test_a_run_whose_numbers_were_edited_is_refused(place):
    cell = counted(place)
    run = open_run(place.folder / "runs", cell, None)
    assert run.record.metrics["test"]["loss"] == store.read_result(run.folder)["metrics"]["test"]["loss"]
    store.write_json(run.folder / "test.json", store.read_json(run.folder / "test.json") | {"seconds": 0.0})
    with pytest.raises(StepladderError, match=r"test\.json changed since the run wrote it"):
        open_run(place.folder / "runs", cell, None)


def test_free_text_needs_no_data(place):
    cell = counted(place)
    said = place.done("score", cell, "--text", "w1 w2 w3")
    (place.folder / "train.txt").unlink()
    assert place.done("score", cell, "--text", "w1 w2 w3") == said
    assert "the vocabulary that it kept" in open_for_text(place.folder / "runs", cell, None).notes[0]
    with pytest.raises(StepladderError, match=r"train\.txt"):
        open_run(place.folder / "runs", cell, None)


def test_files_say_format_code_and_data(place):
    cell = counted(place)
    (run,) = seeds_in(place.folder / "runs").values()
    for name in ("result.json", "test.json", "status.json", "env.json"):
        said = json.loads((run / name).read_text())
        assert (said["format"], said["code_version"]) == (store.FORMAT, CODE_VERSION)
        assert said["data_digest"] == json.loads((run.parent / "cell.json").read_text())["data_digest"]
    assert cell == run.parent.name


def test_each_seed_says_which_code_made_it(place, monkeypatch):
    path = place.write(FEW | {"seeds": 1})
    monkeypatch.setattr("research.execute.environment.source_state", lambda: {"commit": "old", "changes": ""})
    cell = place.done("train", path)["cell_id"]
    monkeypatch.setattr("research.execute.environment.source_state", lambda: {"commit": "new", "changes": "abc"})
    called = place.call("train", path, "seeds=2")
    assert "commit was old, is new" in called.stderr
    folders = [place.folder / "runs" / cell / f"seed-{seed}" for seed in (0, 1)]
    assert [run_environments(folder)[0]["commit"] for folder in folders] == ["old", "new"]


def test_a_run_that_another_code_goes_on_with_names_both(place):
    from research.config.loader import load_config
    from research.execute.jobs import jobs_of
    from research.plan.build_manifest import work_plan_of
    from research.plan.resolve_plan import resolve_plan
    from research.train.trained_files import write_beginning

    plan = work_plan_of(resolve_plan(load_config(place.write(FEW | {"seeds": 1})), place.folder / "runs", None))
    (job,) = jobs_of(plan, plan.runs, {}, (), place.folder / "runs")
    of = lambda commit: job._replace(environment={"commit": commit, "command": f"by {commit}"})
    for commit, step in (("a", 0), ("a", 4), ("b", 8), ("b", 12)):
        write_beginning(of(commit), step, 20)
    assert [(part["commit"], part["step"]) for part in run_environments(job.folder)] == [("a", 0), ("b", 8)]
    write_beginning(of("c"), 0, 20)
    assert [part["commit"] for part in run_environments(job.folder)] == ["c"]


def test_places_that_cannot_be_written_are_told_before_anything_starts(place):
    path = place.write({key: value for key, value in COUNTS.items() if key not in ("train", "run")}, "counts")
    (place.folder / "file").write_text("")
    for command in ("train", "sweep"):
        for runs in ("/proc/x", "/dev/null/x", "file/x", "file"):
            called = place.call(command, path, runs=runs)
            assert called.code == 2, called
            assert "--runs" in called.stderr
            assert "started" not in called.stderr
    assert place.call("train", path).code == 0
