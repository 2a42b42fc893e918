"""A schedule is a pure function of a plan and of what became of its runs: nothing is lost, nothing twice, parents first."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import SMALL, seeds_in

from research.config.loader import load_config
from research.config.schema import Config
from research.execute import schedule as scheduling
from research.execute.schedule import schedule
from research.plan.build_manifest import build_manifest, work_plan_of
from research.plan.planned_cell import PlannedCell
from research.plan.resolve_plan import resolve_plan
from research.plan.work_plan import WorkPlan, read_work_plan
from research.runs.run_state import RunId, RunState
from research.runs.sweep_manifest import Launch
from research.runs.trial_choice import Choice, format_reference

NETWORK = Config.model_validate({"data": {"kind": "pydoc"}, "model": {"kind": "feed_forward_lm"}, "seeds": 2})
COUNTED = Config.model_validate({"data": {"kind": "pydoc"}, "model": {"kind": "ngram"}})
MIXTURE = Config.model_validate({"data": {"kind": "pydoc"}, "model": {"kind": "interpolation", "parts": ["a", "b"]}, "seeds": 2})
CHOICE = Choice("tuned", {"t1": (0, 1), "t2": (0, 1)}, "valid.perplexity")


def cell(name, config, program="", parents=()):
    return PlannedCell({"label": name}, config, cell_id=name, program=program, parents=parents, settled_parts=not parents)


PLAN = WorkPlan(
    "plan",
    "test.perplexity",
    (
        cell("n", COUNTED),
        cell("t1", NETWORK, "p1"),
        cell("t2", NETWORK, "p1"),
        cell("a", NETWORK, "p1"),
        cell("child", NETWORK, "p2", (format_reference(CHOICE),)),
        cell("m", MIXTURE, "", ("n", "a")),
    ),
    (CHOICE,),
    frozenset({"n", "a", "child", "m"}),
)
STATUSES = st.sampled_from(["not run", "running", "stopped", "failed", "diverged", "trained", "done"])
OVER = ("trained", "done", "diverged")


def state(status, perplexity=1.0):
    return RunState(status, {"metrics": {"valid": {"perplexity": perplexity}}} if status in ("trained", "done") else None)


states_of_runs = st.fixed_dictionaries({run: st.builds(state, STATUSES, st.sampled_from([1.0, 2.0])) for run in PLAN.runs})
capacities = st.none() | st.integers(1, 3)


@given(states_of_runs, capacities)
def test_each_run_that_is_not_over_is_trained_by_one_unit_and_no_other_is(states, capacity):
    units = schedule(PLAN, states, capacity)
    trained = [run for unit in units if unit.kind != "score" for run in unit.runs]
    assert sorted(trained) == sorted(run for run in PLAN.runs if states[run].status not in OVER)
    assert len({unit.id for unit in units}) == len(units)
    for unit in (unit for unit in units if unit.kind != "score"):
        assert len({PLAN.by_id[run.cell_id].program for run in unit.runs}) == 1
        assert capacity is None or len(unit.runs) <= capacity


@given(states_of_runs, capacities)
def test_a_unit_comes_after_whatever_trains_or_scores_what_it_starts_from(states, capacity):
    earlier = {}
    for unit in schedule(PLAN, states, capacity):
        assert set(unit.after) <= set(earlier)
        for run in unit.runs if unit.kind != "score" else ():
            parents, mixed = PLAN.parents_of(PLAN.by_id[run.cell_id]), run.cell_id == "m"
            makers = [other for other in earlier.values() if mixed or other.kind != "score"]
            needed = {maker.id for maker in makers if {made.cell_id for made in maker.runs} & set(parents)}
            assert needed <= set(unit.after)
        earlier[unit.id] = unit


@given(states_of_runs)
def test_a_test_split_is_scored_for_what_is_settled_and_for_what_is_chosen_alone(states):
    tested = scheduling.tested_cells(PLAN, states)
    decided = all(states[RunId(trial, seed)].status in OVER for trial in CHOICE.trials for seed in (0, 1))
    assert PLAN.settled <= tested
    assert len(tested - PLAN.settled) <= (1 if decided else 0)
    units = [unit for unit in schedule(PLAN, states) if unit.row]
    waits = [run for trial in tested - PLAN.settled for run in (RunId(trial, 0), RunId(trial, 1)) if states[run].status == "trained"]
    assert len(units) == (not decided or bool(waits))


def test_nothing_is_left_of_what_is_done_and_the_same_work_has_the_same_id():
    assert schedule(PLAN, {run: state("done") for run in PLAN.runs}) == ()
    first, again = schedule(PLAN, {}), schedule(replace(PLAN, name="other"), {})
    assert [unit.id for unit in first] == [unit.id for unit in again]
    assert [(unit.kind, len(unit.runs)) for unit in first] == [("fit", 1), ("train", 6), ("score", 4), ("fit", 2), ("train", 2)]


def test_a_manifest_says_all_that_its_plan_says(place):
    rows = [{"label": "child", "init.from": "network", "tune": {}}, {"label": "network"}]
    path = place.write(SMALL, seeds=2, sweep={"name": "family", "list": rows, "tune": {"optim.learning_rate": [1e-3, 3e-2]}})
    plan = resolve_plan(load_config(path), place.folder / "runs", None)
    written = json.loads(json.dumps(build_manifest(plan, Launch("tiny.toml"))))
    work = read_work_plan(written)
    assert [(cell.cell_id, cell.config, cell.parents, cell.seeds, cell.facts) for cell in work.cells] == [
        (cell.cell_id, cell.config, cell.parents, cell.seeds, cell.facts) for cell in plan.cells
    ]
    assert (work.choices, work.settled) == (plan.choices, plan.settled)


def test_units_done_one_by_one_by_whoever_has_the_manifest_make_the_same_runs(place):
    smoothing = {"model.smoothing": [{"kind": "add_k", "k": k} for k in (1e-3, 9.0)]}
    rows = [
        {"label": "mixture", "model": {"kind": "interpolation", "parts": ["bigram", "trigram"]}},
        {"label": "bigram", "model": {"kind": "ngram", "order": 2}, "tune": smoothing},
        {"label": "trigram", "model": {"kind": "ngram", "order": 3}},
    ]
    path = place.write(SMALL, "family", sweep={"name": "family", "list": rows})
    place.done("sweep", path, runs="whole")
    (manifest,) = (place.folder / "whole" / "sweeps").glob("*.json")
    path.unlink()
    units = json.loads(place.call("work", manifest, "--list", "--json", runs="parts").stdout)["units"]
    assert [unit["kind"] for unit in units] == ["fit", "fit", "fit", "score", "fit"]
    assert place.call("work", manifest, units[-1]["unit"], runs="parts").code == 75
    for unit in units:
        assert place.call("work", manifest, unit["unit"], runs="parts").code == 0
    assert place.call("work", manifest, runs="parts").code == 0
    whole, parts = seeds_in(place.folder / "whole"), seeds_in(place.folder / "parts")
    assert whole.keys() == parts.keys()
    for name, run in whole.items():
        assert {file.name for file in run.iterdir()} == {file.name for file in parts[name].iterdir()}
        for file in ("items.npz", "tokens.npz"):
            assert not (run / file).exists() or (run / file).read_bytes() == (parts[name] / file).read_bytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda manifest: manifest | {"code_version": 3}, "version 3 of the code"),
        (lambda manifest: {key: value for key, value in manifest.items() if key != "order"}, "it has no order"),
        (lambda manifest: {"name": "x"}, "no manifest of a sweep"),
    ],
)
def test_a_manifest_that_cannot_be_executed_is_refused(place, change, message):
    plan = resolve_plan(load_config(place.write(SMALL)), place.folder / "runs", None)
    path = place.folder / "plan.json"
    path.write_text(json.dumps(change(json.loads(json.dumps(build_manifest(plan, Launch("tiny.toml")))))))
    called = place.call("work", path)
    assert (called.code, message in called.stderr) == (2, True), called
    assert not (place.folder / "runs").exists()


def test_a_manifest_whose_data_changed_and_a_unit_that_is_not_there_are_refused(place):
    plan = resolve_plan(load_config(place.write(SMALL)), place.folder / "runs", None)
    path = place.folder / "plan.json"
    path.write_text(json.dumps(build_manifest(plan, Launch("tiny.toml"))))
    called = place.call("work", path, "nounit")
    assert (called.code, "is no unit of" in called.stderr) == (2, True), called
    text = place.folder / "train.txt"
    text.write_text("w1 w2 w3\n" + text.read_text())
    called = place.call("work", path)
    assert (called.code, "are not those that the sweep was planned with" in called.stderr) == (2, True), called


def test_the_plan_of_a_file_is_read_from_what_would_be_written(place):
    plan = resolve_plan(load_config(place.write(SMALL)), place.folder / "runs", None)
    assert [cell.cell_id for cell in work_plan_of(plan).cells] == [cell.cell_id for cell in plan.cells]
