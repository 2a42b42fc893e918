"""Halving of the values of `tune`: which trials are run follows from what the rung before gave; the others are not there to be run."""

import json
import math
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny import SMALL, seeds_in

from research.config.halving import Rung, rung_sizes
from research.config.loader import load_config
from research.config.schema import Config
from research.execute import schedule as scheduling
from research.execute.alive import alive_cells, expected_runs, possible_cells, runs_of_whole_grid
from research.execute.jobs import read_plan_states
from research.execute.local import is_left, pending_runs
from research.execute.schedule import schedule
from research.plan.build_manifest import build_manifest, work_plan_of
from research.plan.planned_cell import PlannedCell
from research.plan.resolve_plan import resolve_plan
from research.plan.work_plan import WorkPlan, read_work_plan
from research.runs.run_state import RunId, RunState
from research.runs.sweep_manifest import Launch
from research.runs.trial_choice import alive_trials, choice_among, chosen_trial, format_reference, is_decided, parse_reference

RATE = "optim.learning_rate"
NETWORK = Config.model_validate({"data": {"kind": "pydoc"}, "model": {"kind": "feed_forward_lm"}, "seeds": 2})
OVER = ("trained", "done", "diverged")


def make_plan(trials, halving):
    """A row that is halved, its child, and a row that is not tuned."""
    rungs = len(rung_sizes(trials, halving))
    names = [[f"r{number}t{(7 * trial) % trials if trials % 7 else trial}" for trial in range(trials)] for number in range(rungs)]
    places = {name: Rung(halving, n, rungs, i, {"train.steps": n + 1}) for n, rung in enumerate(names) for i, name in enumerate(rung)}
    choice = choice_among("row", dict.fromkeys(places, (0, 1)), places, "valid.perplexity")
    cells = [PlannedCell({"label": "row"}, NETWORK, cell_id=name, program=f"p{rung.number}", rung=rung) for name, rung in places.items()]
    child = PlannedCell({"label": "child"}, NETWORK, cell_id="child", program="pc", parents=(format_reference(choice),))
    lone = PlannedCell({"label": "lone"}, NETWORK, cell_id="lone", program="p0")
    return WorkPlan("plan", "test.perplexity", (*cells, lone, child), (choice,), frozenset({"child", "lone"}))


def state(status, perplexity=1.0):
    return RunState(status, {"metrics": {"valid": {"perplexity": perplexity}}} if status in ("trained", "done") else None)


salts = st.integers(0, 2**32)
shapes = st.tuples(st.integers(2, 7), st.integers(2, 3)).filter(lambda shape: shape[0] >= shape[1])  # values, and the factor
ENDS = [state("diverged"), *(state("trained", perplexity) for perplexity in (1.0, 2.0, 3.0, 4.0))]
ANY = [state(status, perplexity) for status in ("not run", "running", "stopped", "failed", *OVER, *OVER) for perplexity in (1.0, 2.0)]


def scattered(states, plan, salt):
    """One of the states for each run, drawn by its name: faster than a draw each."""
    return {run: states[crc32(f"{salt} {run}".encode()) % len(states)] for run in plan.runs}


def steps_of(plan, outcomes, capacity=None):
    """Each unit that can be done with its runs and the states after it, in rounds as one who has the plan alone would do them."""
    states, worked = {}, True
    while worked:
        tested, alive = scheduling.tested_cells(plan, states), alive_cells(plan, states)
        ready, worked = all_but_waiting(plan, states), False
        for unit in schedule(plan, states, capacity):
            left = [run for run in unit.runs if is_left(unit.kind, status_of(states, run), run.cell_id in tested)]
            runs = tuple(run for run in left if run.cell_id in alive & ready)
            states = states | {run: ended(plan, unit, run, outcomes[run]) for run in runs}
            worked = worked or bool(runs)
            if runs:
                yield unit, runs, states


def all_but_waiting(plan, states):
    """The cells, without the child where its parent is not chosen."""
    chosen = is_decided(plan.choices[0], states) and chosen_trial(plan.choices[0], states) is not None
    return {cell.cell_id for cell in plan.cells} - (set() if chosen else {"child"})


def ended(plan, unit, run, outcome):
    scored = outcome.status == "trained" and (unit.kind == "score" or run.cell_id in plan.settled)
    return outcome._replace(status="done" if scored else outcome.status)


def status_of(states, run):
    return states.get(run, RunState()).status


def rank(choice, trials, outcomes):
    """The trials, the best first, by sums over what is there: written anew."""

    def badness(trial):
        values = [o.result["metrics"]["valid"]["perplexity"] for seed in (0, 1) if (o := outcomes[RunId(trial, seed)]).result]
        return (2 - len(values), sum(values) / len(values) if values else math.inf, trial)

    return sorted(trials, key=badness)


@settings(max_examples=20, deadline=None)
@given(shapes, salts, st.sampled_from([None, 3]))
def test_each_rung_runs_the_best_of_the_one_before_nothing_runs_twice_and_nothing_is_left(shape, salt, capacity):
    plan = make_plan(*shape)
    (choice,), outcomes = plan.choices, scattered(ENDS, plan, salt)
    states, trained = {}, []
    for unit, runs, states in steps_of(plan, outcomes, capacity):  # noqa: B007 - the last states are read below
        trained += runs if unit.kind != "score" else ()
    assert len(trained) == len(set(trained))
    expected = [list(choice.rungs[0])]
    for before, after in zip(choice.rungs, choice.rungs[1:], strict=False):
        best = rank(choice, expected[-1], outcomes)[: math.ceil(len(expected[-1]) / choice.halving)]
        expected.append([after[before.index(trial)] for trial in best])
    assert [len(rung) for rung in expected] == list(rung_sizes(len(choice.rungs[0]), choice.halving))
    assert {run.cell_id for run in trained} - {"lone", "child"} == {trial for rung in expected for trial in rung}
    assert is_decided(choice, states)
    winner = rank(choice, expected[-1], outcomes)[0]
    lived = any(outcomes[RunId(winner, seed)].result for seed in (0, 1))
    assert chosen_trial(choice, states) == (winner if lived else None)
    done = {run.cell_id for run, last in states.items() if last.status == "done"}
    assert done <= {winner, "lone", "child"}
    if lived:
        assert schedule(plan, states) == ()
        assert pending_runs(plan, states) == ()


@settings(max_examples=10, deadline=None)
@given(shapes, salts)
def test_what_was_not_chosen_is_never_left_and_the_number_of_runs_is_known_from_the_first(shape, salt):
    plan = make_plan(*shape)
    outcomes = scattered(ENDS, plan, salt)
    total = 2 * sum(rung_sizes(len(plan.choices[0].rungs[0]), plan.choices[0].halving)) + 4
    assert len(expected_runs(plan, {}, plan.runs)) == total
    assert len(runs_of_whole_grid(plan)) == 2 * len(plan.choices[0].finalists) + 4
    trained = 0
    for unit, runs, states in steps_of(plan, outcomes):
        trained += len(runs) if unit.kind != "score" else 0
        scored = [run for run in pending_runs(plan, states) if status_of(states, run) == "trained"]
        pending = [run for run in pending_runs(plan, states) if run not in scored]
        assert len(expected_runs(plan, states, plan.runs)) == total
        assert len(expected_runs(plan, states, pending)) == total - trained
        alive = {cell_id for stage in alive_trials(plan.choices[0], states) for cell_id in stage}
        for left in (pending, [run for unit in schedule(plan, states) if unit.kind != "score" for run in unit.runs]):
            later = {run.cell_id for run in left} - alive - {"lone", "child"}
            decided = len(alive_trials(plan.choices[0], states))
            assert not later & {trial for stage in plan.choices[0].rungs[:decided] for trial in stage}
            assert {run.cell_id for run in left} <= possible_cells(plan, states)


@settings(max_examples=30, deadline=None)
@given(shapes, salts)
def test_states_of_any_kind_leave_a_rung_of_the_right_size_or_one_that_is_not_chosen(shape, salt):
    plan = make_plan(*shape)
    (choice,), states = plan.choices, scattered(ANY, plan, salt)
    alive = alive_trials(choice, states)
    assert list(map(len, alive)) == list(rung_sizes(len(choice.rungs[0]), choice.halving))[: len(alive)]
    for number, stage in enumerate(alive):
        over = all(status_of(states, RunId(trial, seed)) in OVER for trial in stage for seed in (0, 1))
        assert over or number == len(alive) - 1
    assert scheduling.tested_cells(plan, states) - plan.settled <= set(alive[-1] if is_decided(choice, states) else ())
    trained = [run for unit in schedule(plan, states) if unit.kind != "score" for run in unit.runs]
    assert len(trained) == len(set(trained))
    assert all(status_of(states, run) not in OVER for run in trained)


def test_a_trial_of_a_later_rung_comes_after_the_units_that_choose_it():
    plan = make_plan(4, 2)
    units = schedule(plan, {})
    assert [(unit.program or unit.row, len(unit.runs)) for unit in units] == [("p0", 10), ("p1", 8), ("p2", 8), ("row", 8), ("pc", 4 // 2)]
    assert [set(unit.after) for unit in units[1:3]] == [{units[0].id}, {units[1].id}]
    assert {units[2].id} <= set(units[3].after)


def test_the_folds_of_a_trial_wait_for_the_rung_that_chooses_it_and_are_run_with_it_alone():
    row = Config.model_validate({"data": {"kind": "mr", "folds": 2}, "model": {"kind": "classifier", "encoder": {"kind": "bag"}}})
    names = [["a0", "b0"], ["a1", "b1"]]
    rungs = {name: Rung(2, n, 2, i, {"train.epochs": n + 1}) for n, stage in enumerate(names) for i, name in enumerate(stage)}
    choice = choice_among("row", dict.fromkeys(rungs, (0,)), rungs, "valid.accuracy")
    folds = {name: tuple(f"{name}-fold{k}" for k in (0, 1)) for name in rungs}
    hidden = {name: [PlannedCell({}, NETWORK, cell_id=fold, program=f"p{name[1]}", shown=False) for fold in folds[name]] for name in rungs}
    cells = [cell for name in rungs for cell in (*hidden[name], PlannedCell({}, row, cell_id=name, parents=folds[name], rung=rungs[name]))]
    plan = WorkPlan("plan", "test.accuracy", tuple(cells), (choice,), frozenset())
    units = schedule(plan, {})
    first = {unit.id for unit in units if unit.runs[0].cell_id in names[0]}
    (later,) = [unit for unit in units if unit.program == "p1"]
    assert first
    assert first <= set(later.after)
    accuracy = {"a0": 0.4, "b0": 0.6}
    states = {RunId(name, 0): RunState("trained", {"metrics": {"valid": {"accuracy": value}}}) for name, value in accuracy.items()}
    assert alive_cells(plan, states) - alive_cells(plan, {}) == {"b1", *folds["b1"]}
    assert possible_cells(plan, states) & {"a1", *folds["a1"]} == set()


@given(st.integers(1, 6), st.integers(2, 4), st.integers(1, 4), salts, st.permutations(range(6)))
def test_a_reference_holds_the_rungs_whatever_the_order_of_the_values(trials, halving, rungs, salt, permutation):
    names = [[f"{crc32(f'{salt} {number}'.encode()):08x}{trial:04x}" for trial in range(trials)] for number in range(rungs)]
    order = [place for place in permutation if place < trials]
    references = []
    for places in (range(trials), order):
        rung = {names[n][old]: Rung(halving, n, rungs, new, {"train.steps": n + 1}) for n in range(rungs) for new, old in enumerate(places)}
        choice = choice_among("row", {cell_id: (0, int(cell_id, 16) % 9) for cell_id in rung}, rung, "valid.loss")
        references.append(format_reference(choice))
    assert references[0] == references[1]
    again = parse_reference(references[0])
    assert (dict(again.trials), again.select, again.halving) == (dict(choice.trials), choice.select, choice.halving)
    assert sorted(zip(*again.rungs, strict=True)) == sorted(zip(*choice.rungs, strict=True))
    assert format_reference(again) == references[0]


def halved(place, name="halved", seeds=1, rates=(1e-4, 1e-3, 1e-2, 3e-2), **words):
    return place.write(SMALL, name, seeds=seeds, sweep={"name": name, "tune": {RATE: list(rates), "halving": 2}} | words)


def test_a_manifest_holds_the_rungs_and_a_child_names_them(place):
    rows = [{"label": "child", "init.from": "network", "tune": {}}, {"label": "network"}]
    plan = resolve_plan(load_config(halved(place, list=rows)), place.folder / "runs", None)
    work = read_work_plan(json.loads(json.dumps(build_manifest(plan, Launch("halved.toml")))))
    assert work.choices == plan.choices
    assert [len(stage) for stage in plan.choices[0].rungs] == [4, 4, 4]
    assert [cell.config.train.steps for cell in plan.cells] == [5] * 4 + [10] * 4 + [20] * 4 + [20]
    (child,) = [cell for cell in plan.places if cell.row_name == "child"]
    assert child.parents == (format_reference(plan.choices[0]),)
    whole = halved(place, "whole", list=rows)
    whole.write_text(whole.read_text().replace("halving = 2", ""))
    (other,) = [cell for cell in resolve_plan(load_config(whole), place.folder / "runs", None).places if cell.row_name == "child"]
    assert other.cell_id != child.cell_id


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"optim": {"schedule": {"kind": "cosine", "warmup": 6}}}, "there optim.schedule.warmup = 6 is not below the run's 5 steps"),
        ({"train": SMALL["train"] | {"evaluations": 6}}, "there train.evaluations = 6 are more than its 5 steps"),
        ({"train": SMALL["train"] | {"steps": 2}}, "train.steps = 2 cannot be cut so often (1, 1, 2)"),
    ],
)
def test_what_is_too_short_to_be_halved_is_refused_before_anything_is_run(place, words, told):
    tree = {key: value for key, value in SMALL.items() if key not in words}
    sweep = {"name": "short", "tune": {RATE: [1e-4, 1e-3, 1e-2, 3e-2], "halving": 2}}
    called = place.call("sweep", place.write(tree, "short", sweep=sweep, **words))
    assert (called.code, told in called.stderr) == (2, True), called
    assert not (place.folder / "runs").exists()


def test_a_sweep_that_is_interrupted_between_rungs_goes_on_and_shows_no_run_that_is_not_there(place):
    path, runs = halved(place), place.folder / "runs"
    plan = resolve_plan(load_config(path), runs, None)
    manifest = place.folder / "plan.json"
    manifest.write_text(json.dumps(build_manifest(plan, Launch(str(path)))))
    shown = place.call("show", path).stdout
    assert "halving: 7 runs, about" in shown
    assert "all values in full would be 4 runs" in " ".join(shown.split())
    units = json.loads(place.call("work", manifest, "--list", "--json").stdout)["units"]
    counts = [(unit["kind"], unit["left"], len(unit["runs"])) for unit in units]
    assert counts == [
        ("train", 4, 4),
        ("train", 2, 4),
        ("train", 1, 4),
        ("score", 0, 4),
    ]
    assert place.call("work", manifest, units[2]["unit"]).code == 75
    assert place.call("work", manifest, units[0]["unit"]).code == 0
    listed = json.loads(place.call("work", manifest, "--list", "--json").stdout)["units"]
    assert [unit["left"] for unit in listed] == [0, 2, 1, 0]
    assert len(seeds_in(runs)) == len([folder for folder in runs.iterdir() if folder.name != "sweeps"]) == 4
    swept = place.call("sweep", path)
    assert swept.code == 0, swept
    assert "3 of 7 runs to do" in swept.stderr
    assert "Each row: 4 values by halving: 4 for 5 steps, 2 for 10, 1 for 20." in " ".join(swept.stdout.split())
    assert "not run" not in swept.stdout
    cells = {name.partition("/")[0]: run for name, run in seeds_in(runs).items()}
    assert len(cells) == 7
    best = chosen_trial(plan.choices[0], read_plan_states(work_plan_of(plan), runs))
    assert [name for name, run in cells.items() if (run / "test.json").exists()] == [best]
    assert len(place.done("sweep", path)["cells"]) == 7
    assert place.call("work", manifest).code == 0
