"""The first note of a table says what the table cannot show: at its ceiling or floor, within noise, not tuned, trials not ended."""

from dataclasses import replace

import pytest
from fake_runs import write_grid, write_ladder, write_run

from research.compare.cells import TableAxes, load_cells
from research.compare.comparisons import shortfall
from research.compare.headline import headline_notes
from research.compare.tables import build_table
from research.runs import store

AXES = TableAxes(("label",), ())


def first_note(manifest, runs):
    return build_table(manifest, runs).notes[0]


def with_accuracy(manifest, runs, accuracies):
    """The rows of the ladder with these test accuracies, and a table of them."""
    cells = [cell for cell in load_cells(manifest, runs) if cell.results][: len(accuracies)]
    results = lambda value: {0: {"metrics": {"test": {"accuracy": value}}}}
    spec = manifest["spec"] | {"metric": "test.accuracy"}
    return manifest | {"spec": spec}, [replace(cell, results=results(a)) for cell, a in zip(cells, accuracies, strict=True)]


CEILINGS = [
    ([0.99, 0.985, 0.5], "2 of 3 rows (5-gram Kneser-Ney, Elman) lie at the ceiling, above 98 %"),
    ([0.993, 0.991, 0.99], "all rows lie at the ceiling"),
    ([0.01, 0.0, 0.019], "all rows lie at the floor"),
    ([0.97, 0.5, 0.01], ""),
]


@pytest.mark.parametrize(("accuracies", "told"), CEILINGS)
def test_rows_where_a_metric_ends_are_told(ladder, accuracies, told):
    manifest, cells = with_accuracy(*ladder, accuracies)
    said = headline_notes(manifest, cells, AXES, [])
    assert (told in said[0] and said[0].startswith("Test accuracy, %: ")) if told else said == []


@pytest.mark.parametrize("metric", ["test.perplexity", "extra.accuracy", "seconds.train"])
def test_what_has_no_end_has_no_ceiling(ladder, metric):
    manifest, cells = with_accuracy(*ladder, [0.99, 0.99])
    assert headline_notes(manifest | {"spec": manifest["spec"] | {"metric": metric}}, cells, AXES, []) == []


def test_a_table_whose_rows_lie_within_noise_says_so_first(tmp_path):
    manifest = write_ladder(tmp_path)
    manifest["cells"] = [entry for entry in manifest["cells"] if entry["labels"]["label"] in ("LSTM", "GRU")]
    for entry in manifest["cells"]:
        for seed in range(3):
            write_run(tmp_path, entry["cell_id"], seed, 4.7, 0.01, 3)
    manifest |= {"control": None, "spec": manifest["spec"] | {"list": []}}
    assert "Test perplexity: all rows lie within noise" in first_note(manifest, tmp_path)


@pytest.mark.parametrize(("items", "told"), [(1, "no test could be made"), (40, "all rows lie within noise")])
def test_where_there_is_no_test_nothing_is_within_noise(tmp_path, items, told):
    """One test item tests nothing, however often it was scored."""
    manifest = write_ladder(tmp_path)
    manifest["cells"] = [entry for entry in manifest["cells"] if entry["labels"]["label"] in ("LSTM", "GRU")]
    for i, entry in enumerate(manifest["cells"]):
        for seed in range(3):
            write_run(tmp_path, entry["cell_id"], seed, 4.7, 0.01, 3 + i)
            path = store.seed_folder(tmp_path, entry["cell_id"], seed) / "items.npz"
            store.write_arrays(path, **{name: array[:items] for name, array in store.read_arrays(path).items()})
    manifest |= {"control": None, "spec": manifest["spec"] | {"list": [], "comparisons": []}}
    notes = build_table(manifest, tmp_path).notes
    assert told in notes[0]
    assert ("within noise" in " ".join(notes)) == (items > 1)
    assert ("not significantly different" in " ".join(notes)) == (items > 1)


def trained_rows(manifest, **words):
    """The ladder whose rows differ in these words of their configs."""
    config = lambda i, entry: entry["config"] | {key: f"{value}{i}" for key, value in words.items()}
    return manifest | {"cells": [entry | {"config": config(i, entry)} for i, entry in enumerate(manifest["cells"])]}


def test_rows_that_differ_in_more_than_their_rate_and_were_not_tuned_are_told(ladder):
    manifest, runs = ladder
    assert first_note(trained_rows(manifest, model="kind "), runs).startswith("Its rows were not tuned")
    assert "not tuned" not in first_note(trained_rows(manifest, optim="rate "), runs)
    assert "not tuned" not in first_note(trained_rows(manifest, decode="way "), runs)  # one model, drawn from in several ways
    told = trained_rows(manifest, model="kind ") | {"tuned_by": "stepladder sweep tuning.toml, 40 cells"}
    assert first_note(told, runs).startswith("Tuned beforehand: stepladder sweep tuning.toml, 40 cells.")


def rates(runs, lost=()):
    """The grid, where the smaller rate of these cells is as its trials were left."""
    manifest = write_grid(runs, seeds=2)
    for cell_id, status in lost:
        for seed in range(2):
            store.write_json(store.seed_folder(runs, cell_id, seed) / "status.json", {"status": status})
    return manifest, load_cells(manifest, runs)


def test_tuning_is_told_first_with_trials_picks_and_edges(tmp_path):
    manifest, _ = rates(tmp_path)
    note = first_note(manifest, tmp_path)
    assert note.startswith("Tuned: optim.learning_rate, the best mean valid perplexity of 2 trials a row. Picked: ")
    assert "On the edge of what was tried" in note


def test_a_row_for_which_less_was_tried_is_named(tmp_path):
    manifest, _ = rates(tmp_path)
    assert "Fewer trials" not in first_note(manifest, tmp_path)
    row = manifest["cells"][0]["labels"]
    alone = [entry | {"tuned": {}} for entry in manifest["cells"] if entry["labels"] == row][:1]
    others = [entry for entry in manifest["cells"] if entry["labels"] != row]
    assert "Fewer trials, so that these rows are not tuned alike: mlp, heads 1 (none)." in first_note(
        manifest | {"cells": alone + others}, tmp_path
    )


def test_where_every_trial_diverged_nothing_is_picked(tmp_path):
    manifest, cells = rates(tmp_path, [("00e5e5e5e5e5", "diverged"), ("01e5e5e5e5e5", "diverged")])
    assert (cells[0].tuned, cells[0].counts(), cells[0].open_trials) == ({}, {"diverged": 2}, 0)
    assert "Nothing was picked, as every trial diverged or has no such metric: mlp, heads 1." in first_note(manifest, tmp_path)


@pytest.mark.parametrize("status", ["failed", "running", "stopped"])
def test_trials_that_have_not_ended_leave_their_row_undecided(tmp_path, status):
    manifest, cells = rates(tmp_path, [("40e5e5e5e5e5", status)])  # scaled_dot with one head
    row = next(cell for cell in cells if cell.cell_id.startswith("4"))
    assert (row.trials, row.open_trials, shortfall(row, "test.perplexity")) == (2, 1, "1 of 2 trials")
    table = build_table(manifest, tmp_path)
    assert "Trials that have not ended leave nothing decided: " in table.notes[0]
    assert any("nothing in bold" in note and "1 of 2 trials" in note for note in table.notes)
    columns = [i for i, column in enumerate(table.columns) if column.metric == "test.perplexity" and column.labels == ("1",)]
    assert not any(line[i].best for line in table.entries for i in columns)
