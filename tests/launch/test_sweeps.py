"""A sweep does what is not done yet, and nothing else."""

import json
import os
import tomllib

import pytest
from tiny import SMALL, metrics, seeds_in, status

from research.config.errors import StepladderError
from research.config.loader import load_config
from research.config.value_labels import value_text
from research.plan.resolve_plan import resolve_plan

RATES = {"name": "rates", "axes": {"optim.learning_rate": [1e-3, 3e-3]}, "table": {"rows": "optim.learning_rate"}}


def written(runs):
    """When each run was written last."""
    return {name: (run / "result.json").stat().st_mtime_ns for name, run in seeds_in(runs).items()}


def test_only_what_is_missing_is_run(place):
    """Again: nothing. More seeds: the new ones. Rerun: what was named."""
    path, runs = place.write(SMALL, sweep=RATES), place.folder / "runs"
    assert "2 of 2 runs to do" in place.call("sweep", path).stderr
    first = written(runs)
    assert len(first) == 2

    again = place.call("sweep", path)
    assert (again.code, written(runs)) == (0, first)
    assert "all 2 runs are done" in again.stderr

    more = place.call("sweep", path, "seeds=3")
    assert "4 of 6 runs to do" in more.stderr
    assert len(written(runs)) == 6
    assert {name: time for name, time in written(runs).items() if name in first} == first

    cell = next(iter(first)).split("/")[0]
    before = written(runs)
    assert "1 of 2 runs to do" in place.call("sweep", path, "--rerun", cell[:6]).stderr
    assert {name for name, time in written(runs).items() if time != before[name]} == {f"{cell}/seed-0"}
    assert "2 of 2 runs to do" in place.call("sweep", path, "--rerun", "all").stderr
    wrong = place.call("sweep", path, "--rerun", "nothing")
    assert wrong.code == 2
    assert "--rerun nothing is no cell of rates" in wrong.stderr


def test_a_run_done_again_is_the_same_run(place):
    path, runs = place.write(SMALL), place.folder / "runs"
    place.done("train", path)
    (run,) = seeds_in(runs).values()
    before = (run / "tokens.npz").read_bytes(), [line["loss"] for line in metrics(run, "train")]
    place.done("train", path, "--rerun", "all")
    assert before == ((run / "tokens.npz").read_bytes(), [line["loss"] for line in metrics(run, "train")])


def test_the_choices_of_tune_are_cells_of_their_own(place):
    sweep = {"name": "tuned", "tune": {"optim.learning_rate": [1e-3, 3e-3, 1e-2]}}
    plan = resolve_plan(load_config(place.write(SMALL, sweep=sweep)), place.folder / "runs", None)
    assert [cell.tuned["optim.learning_rate"] for cell in plan.cells] == [1e-3, 3e-3, 1e-2]
    assert len({cell.cell_id for cell in plan.cells}) == 3


PARTS = [{"kind": "ngram", "order": 2, "smoothing": {"kind": "add_k", "k": 5.0}}, SMALL["model"]]


def test_an_interpolation_runs_its_parts_first_and_is_better_than_either_on_validation(place):
    path = place.write(SMALL | {"model": {"kind": "interpolation", "parts": PARTS}}, seeds=2, optim={"learning_rate": 0.05})
    place.done("train", path)
    runs = place.folder / "runs"
    of_kind = {kind_and_seed(run): run for run in seeds_in(runs).values()}
    assert sorted(of_kind) == [("feed_forward_lm", 0), ("feed_forward_lm", 1), ("interpolation", 0), ("interpolation", 1), ("ngram", 0)]
    result = {key: json.loads((run / "result.json").read_text()) for key, run in of_kind.items()}
    for seed in (0, 1):
        mixed, parts = result["interpolation", seed], (result["ngram", 0], result["feed_forward_lm", seed])
        assert mixed["metrics"]["valid"]["loss"] < min(part["metrics"]["valid"]["loss"] for part in parts)
        assert 0 < mixed["extra"]["weight_of_first"] < 1
        assert mixed["params"]["total"] == sum(part["params"]["total"] for part in parts)
        ended = lambda key: (of_kind[key] / "result.json").stat().st_mtime_ns
        assert ended(("interpolation", seed)) > max(ended(("ngram", 0)), ended(("feed_forward_lm", seed)))


def kind_and_seed(run):
    config = tomllib.loads((run.parent / "config.toml").read_text())
    return config["model"]["kind"], int(run.name.removeprefix("seed-"))


def test_two_processes_share_a_folder(place):
    """Each run is done once, by one of them; the other says that it leaves it alone."""
    sweep = RATES | {"axes": {"optim.learning_rate": [1e-3, 3e-3, 1e-2, 3e-2]}}
    path = place.write(SMALL, sweep=sweep, seeds=2, run={"log_every": 4})
    children = [place.start("sweep", path, "--wait", log=f"{name}.txt") for name in ("one", "other")]
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0, 0]
    said = {name: (place.folder / f"{name}.txt").read_text().splitlines() for name in ("one", "other")}
    done = {name: [line.split("] ")[1].split(":")[0] for line in lines if ": done" in line] for name, lines in said.items()}
    held = {name: [line.split("] ")[1].split(":")[0] for line in lines if ": held" in line] for name, lines in said.items()}
    everything = {f"{value_text(rate)}, seed {seed}" for rate in sweep["axes"]["optim.learning_rate"] for seed in (0, 1)}
    assert sorted(done["one"] + done["other"]) == sorted(everything)
    assert set(done["one"]).isdisjoint(done["other"])
    assert set(held["one"]) <= set(done["other"])
    assert set(held["other"]) <= set(done["one"])
    assert {status(run)["status"] for run in seeds_in(place.folder / "runs").values()} == {"done"}
    assert not list((place.folder / "runs").glob("*/*/lock"))
    alone = place.done("sweep", path, runs="alone")
    together = place.done("sweep", path)
    assert [cell["test"] for cell in alone["cells"]] == [cell["test"] for cell in together["cells"]]


def test_a_live_run_is_left_alone(place):
    path, runs = place.write(SMALL), place.folder / "runs"
    place.done("train", path)
    (run,) = seeds_in(runs).values()
    before = written(runs)
    (run / "status.json").write_text('{"status": "running", "step": 8, "steps": 20, "message": "", "updated": "2026-01-01T00:00:00Z"}')
    (run / "lock").write_text(json.dumps({"host": os.uname().nodename, "pid": os.getpid(), "since": "now", "token": "t"}))
    called = place.call("train", path)
    assert called.code == 75
    assert "is left alone" in called.stderr
    assert "1 runs are held by other processes" in called.stderr
    assert written(runs) == before


@pytest.mark.parametrize(("target", "tolerance"), [("flops", 0.02), ("total", 0.02)])  # others: test_match_widths
def test_matched_widths_are_within_the_tolerance(place, target, tolerance):
    cells = resolve_plan(
        load_config(matched(place, target, tolerance, ["model.width", "model.feed_forward.width"])), place.folder / "runs", None
    ).cells
    budget = {"total": lambda f: f["params"]["total"], "flops": lambda f: f["flops_per_token"]}
    (reference, *others) = [budget[target](cell.facts) for cell in cells]
    assert len({cell.config.model.width for cell in cells}) > 1
    assert [abs(other / reference - 1) <= tolerance for other in others] == [True] * 3


def matched(place, target, tolerance, by):
    mixers = [{"kind": "lstm"}, {"kind": "elman"}, {"kind": "gru"}, {"kind": "attention", "heads": 2}]
    model = {"kind": "language_model", "layers": 1, "width": 32, "mixer": {"kind": "lstm"}}
    match = {"of": "model.mixer=lstm", "by": by, "target": target, "tolerance": tolerance}
    sweep = {"name": "matched", "axes": {"model.mixer": mixers}, "match": match, "table": {"rows": "model.mixer"}}
    return place.write(SMALL | {"model": model}, sweep=sweep)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"tolerance": 1e-5, "by": ["model.width"]}, "and the tolerance is 0.00%"),
        ({"tolerance": 0.01, "by": ["model.hidden"]}, "`hidden` belongs to model.kind = feed_forward_lm"),
    ],
)
def test_an_impossible_match_is_an_error(place, words, said):
    with pytest.raises(StepladderError, match=said):
        resolve_plan(load_config(matched(place, "params", **words)), place.folder / "runs", None)
