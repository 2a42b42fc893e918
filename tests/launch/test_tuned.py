"""Values of `tune`: tried on validation, chosen there, and scored on test only where they were chosen."""

import json

import pytest
from tiny import SMALL, seeds_in, status

from research.compare.cells import load_cells
from research.config.loader import load_config
from research.plan.resolve_plan import resolve_plan
from research.runs import store
from research.runs.run_state import read_run_states
from research.runs.trial_choice import Choice, best_trial, chosen_trial, format_reference, parse_reference, runs_of

TEST_FILES = ("test.json", "items.npz", "test_tokens.npz", "prompts.npz", "texts.jsonl")


def tuned(place, rates, name="tuned", **words):
    return place.write(SMALL, name, seeds=2, sweep={"name": name, "tune": {"optim.learning_rate": rates}} | words)


def of_cell(runs, cell_id):
    return [run for name, run in seeds_in(runs).items() if name.startswith(cell_id)]


def test_an_unchosen_trial_has_no_test_number_anywhere_and_gets_it_when_it_is_chosen_later(place):
    runs, path = place.folder / "runs", tuned(place, [1e-4, 3e-2])
    said = place.call("sweep", path)
    assert said.code == 0, said
    (choice,) = resolve_plan(load_config(path), runs, None).choices
    best = chosen_trial(choice, read_run_states(runs, runs_of(choice)))
    (other,) = set(choice.trials) - {best}
    means = {one: sum(store.read_result(run)["metrics"]["valid"]["perplexity"] for run in of_cell(runs, one)) for one in (best, other)}
    assert means[best] < means[other]
    for run in of_cell(runs, best):
        assert status(run)["status"] == "done"
        assert "test" in store.read_result(run)["metrics"]
    for run in of_cell(runs, other):
        assert status(run)["status"] == "trained"
        assert not [name for name in TEST_FILES if (run / name).exists()]
        assert all('"test"' not in file.read_text() for file in run.glob("*.json*"))
        assert set(store.read_tokens(run)) == {"valid"}
    lines = [line for line in said.stderr.splitlines() if "test " in line]
    assert len(lines) == 2
    assert "all 4 runs are done" in place.call("sweep", path).stderr

    trained = {run: (run / "result.json").stat().st_mtime_ns for run in of_cell(runs, other)}
    alone = place.write(SMALL, "alone", seeds=2, optim={"learning_rate": resolve_rate(path, other, runs)})
    assert "2 of 2 runs to do" in place.call("train", alone).stderr
    assert trained == {run: (run / "result.json").stat().st_mtime_ns for run in of_cell(runs, other)}
    place.done("train", alone, runs="fresh")
    for run in of_cell(runs, other):
        fresh = place.folder / "fresh" / run.parent.name / run.name
        assert store.read_result(run)["metrics"] == store.read_result(fresh)["metrics"]
        assert [(run / name).read_bytes() for name in ("items.npz", "test_tokens.npz")] == [
            (fresh / name).read_bytes() for name in ("items.npz", "test_tokens.npz")
        ]


def resolve_rate(path, cell_id, runs):
    return next(cell.config.optim.learning_rate for cell in resolve_plan(load_config(path), runs, None).cells if cell.cell_id == cell_id)


def test_a_run_that_was_stopped_before_it_was_scored_is_scored_without_training(place):
    path, runs = place.write(SMALL), place.folder / "runs"
    place.done("train", path)
    (run,) = seeds_in(runs).values()
    before, kept = store.read_result(run)["metrics"], (run / "result.json").read_bytes()
    (run / "test.json").unlink()
    (run / "status.json").write_text(json.dumps(status(run) | {"status": "trained"}))
    assert "1 of 1 runs to do" in place.call("train", path).stderr
    assert (run / "result.json").read_bytes() == kept
    assert status(run)["status"] == "done"
    assert store.read_result(run)["metrics"] == before


@pytest.mark.parametrize(
    ("values", "best"),
    [
        ({"b": [3.0, 3.0], "a": [1.0]}, "b"),  # more seeds
        ({"b": [3.0, 1.0], "a": [3.0, 3.0]}, "b"),  # the lower perplexity
        ({"b": [3.0], "a": [3.0]}, "a"),
        ({"b": [], "a": []}, None),
        ({"b": [float("inf")], "a": [5.0]}, "a"),
    ],
)
def test_the_order_of_the_values_decides_nothing(values, best):
    assert best_trial(values, "valid.perplexity") == best
    assert best_trial(dict(reversed(values.items())), "valid.perplexity") == best
    if len({tuple(of) for of in values.values()}) > 1:
        opposite = {cell: [-value for value in of] for cell, of in values.items()}
        assert best_trial(opposite, "valid.accuracy") == best


SMOOTHING = {"model.smoothing": [{"kind": "add_k", "k": k} for k in (1e-3, 9.0)]}
COUNTED = {"label": "counted", "model": {"kind": "ngram", "order": 2}, "tune": SMOOTHING}
FAMILY = [
    {"label": "child", "init.from": "network", "tune": {}},
    {"label": "mixture", "model": {"kind": "interpolation", "parts": ["counted", "network"]}},
    {"label": "network"},
    COUNTED,
]


def test_children_of_tuned_rows_start_from_the_chosen_trial_and_their_ids_do_not_name_it(place):
    """From TOML to the table: rows with a grid each, a mixture and a child of them, with one n-gram far too smooth and one dead rate."""
    runs = place.folder / "runs"
    path = place.write(SMALL, "family", seeds=2, sweep={"name": "family", "list": FAMILY, "tune": {"optim.learning_rate": [1e-7, 3e-2]}})
    plan = resolve_plan(load_config(path), runs, None)
    choices = {choice.row: choice for choice in plan.choices}
    assert {row: len(choice.trials) for row, choice in choices.items()} == {"network": 2, "counted": 2}
    rows = {cell.labels["label"]: cell for cell in plan.places}
    assert rows["child"].parents == (format_reference(choices["network"]),)
    assert rows["mixture"].parents == (format_reference(choices["counted"]), format_reference(choices["network"]))
    said = place.call("sweep", path)
    assert said.code == 0, said
    best = {row: chosen_trial(choice, read_run_states(runs, runs_of(choice))) for row, choice in choices.items()}
    for seed in (0, 1):
        results = {row: store.read_result(runs / cell.cell_id / f"seed-{seed}") for row, cell in rows.items() if row not in choices}
        assert results["child"]["parents"] == [f"{best['network']}/seed-{seed}"]
        assert results["mixture"]["parents"] == [f"{best['counted']}/seed-0", f"{best['network']}/seed-{seed}"]
        parts = [store.read_result(runs / parent) for parent in results["mixture"]["parents"]]
        for split in ("valid", "test"):
            assert split in results["child"]["metrics"]
        assert results["mixture"]["metrics"]["valid"]["loss"] < min(part["metrics"]["valid"]["loss"] for part in parts)
    tested = {run.parent.name for run in seeds_in(runs).values() if (run / "test.json").exists()}
    assert tested == {*best.values(), rows["child"].cell_id, rows["mixture"].cell_id}
    cells = {cell.labels["label"]: cell for cell in load_cells(manifest_of(runs), runs)}
    assert cells["counted"].tuned == {"model.smoothing": {"kind": "add_k", "k": 1e-3}}
    assert (cells["network"].trials, cells["child"].trials) == (2, 1)
    again = {cell.labels["label"]: cell.cell_id for cell in resolve_plan(load_config(path), runs, None).places if not cell.tuned}
    assert again == {row: cell.cell_id for row, cell in rows.items() if row not in choices}


def manifest_of(runs):
    (file,) = store.sweeps_folder(runs).glob("family*.json")
    return json.loads(file.read_text())


def test_a_mixture_of_named_rows_is_the_one_of_their_models(place):
    """A row that it would train itself is one spelling of its model; a tuned one is a choice."""
    lone = {"label": "counted", "model": COUNTED["model"]}
    named = {"label": "mixture", "model": {"kind": "interpolation", "parts": ["counted", "network"]}}
    spelt = {"label": "mixture", "model": {"kind": "interpolation", "parts": [COUNTED["model"], SMALL["model"]]}}
    ids = []
    for mixture in (named, spelt):
        path = place.write(SMALL, sweep={"name": "mixed", "list": [lone, {"label": "network"}, mixture]})
        ids.append([cell.cell_id for cell in resolve_plan(load_config(path), place.folder, None).places])
    assert ids[0] == ids[1]


def test_a_reference_survives_its_config():
    choice = Choice("row", {"b" * 12: (0, 1), "a" * 12: (0,)}, "valid.loss")
    again = parse_reference(format_reference(choice))
    assert (dict(again.trials), again.select) == (choice.trials, choice.select)
    assert parse_reference("LSTM") is None
