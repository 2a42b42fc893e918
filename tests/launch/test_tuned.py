"""Values of `tune`: tried on validation, chosen there, and scored on test only where they were chosen."""

import json

import pytest
from tiny import SMALL, seeds_in, status

from research.config.loader import load
from research.launch.plan import resolve
from research.results import store
from research.results.choice import best_trial, chosen

TEST_FILES = ("test.json", "items.npz", "test_tokens.npz", "prompts.npz", "texts.jsonl")


def tuned(place, rates, name="tuned", **words):
    return place.write(SMALL, name, seeds=2, sweep={"name": name, "tune": {"optim.learning_rate": rates}} | words)


def of_cell(runs, cell_id):
    return [run for name, run in seeds_in(runs).items() if name.startswith(cell_id)]


def test_an_unchosen_trial_has_no_test_number_anywhere_and_gets_it_when_it_is_chosen_later(place):
    runs, path = place.folder / "runs", tuned(place, [1e-4, 3e-2])
    said = place.call("sweep", path)
    assert said.code == 0, said
    (choice,) = resolve(load(path), runs, None).choices
    best = chosen(choice, runs)
    (other,) = set(choice.trials) - {best}
    means = {one: sum(store.read_result(run)["metrics"]["valid"]["perplexity"] for run in of_cell(runs, one)) for one in (best, other)}
    assert means[best] < means[other]
    for run in of_cell(runs, best):
        assert status(run)["status"] == "done"
        assert "test" in store.read_result(run)["metrics"]
    for run in of_cell(runs, other):
        assert status(run)["status"] == "trained"
        assert not [name for name in TEST_FILES if (run / name).exists()]
        assert all("test" not in file.read_text() for file in run.glob("*.json*"))
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
    return next(cell.config.optim.learning_rate for cell in resolve(load(path), runs, None).cells if cell.cell_id == cell_id)


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
