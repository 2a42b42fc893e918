"""What a report shows of the values that were tried."""

from fake_runs import write_grid, write_halved

from research.compare.cells import axes_of, load_cells
from research.compare.choices_file import tuned_choices
from research.compare.comparisons import shortfall
from research.compare.headline import headline_notes
from research.config.tuned_by import choices_text
from research.report.cell_listing import list_cells
from research.report.trials_sheet import trials_sheet
from research.report.tuning_figure import against_values
from research.runs import store


def test_the_sheet_tells_every_trial_and_the_figure_rings_the_picked(tmp_path):
    manifest = write_grid(tmp_path, seeds=2)
    cells = load_cells(manifest, tmp_path)
    sheet = trials_sheet(manifest, cells)
    assert len(sheet.rows) == 2 * len(cells)
    assert sum(row[0].bold for row in sheet.rows) == len(cells)
    assert "learning rate" in against_values(manifest, cells).svg


def test_the_choices_name_the_picked_cell_of_every_row_once_all_is_decided(tmp_path):
    manifest = write_grid(tmp_path, seeds=2)
    cells = load_cells(manifest, tmp_path)
    made = tuned_choices(manifest, cells)
    assert len(made["rows"]) == len(cells)
    for cell, row in zip(cells, made["rows"].values(), strict=True):
        assert row["values"] == {"optim.learning_rate": 0.001}
        assert row["cell_id"] == min(row["trials"], key=row["trials"].get) == cell.cell_id
    (tmp_path / cells[0].cell_id / "seed-1" / "status.json").unlink()
    assert tuned_choices(manifest, load_cells(manifest, tmp_path)) is None


def said_of(manifest, cells):
    return " ".join(headline_notes(manifest, cells, axes_of(manifest), []))


def test_of_a_row_that_is_halved_the_trials_that_ran_are_shown_with_their_steps_and_no_other(tmp_path):
    manifest = write_halved(tmp_path)
    (cell,) = cells = load_cells(manifest, tmp_path)
    assert (cell.cell_id, cell.trials, cell.counts()) == ("22" + "f6" * 5, 4, {"done": 2})
    rows = [[part.text for part in row] for row in trials_sheet(manifest, cells).rows]
    assert [row[1] for row in rows] == [
        *(f"learning rate {rate}, train.steps = 500" for rate in ("3e-4", "1e-3", "3e-3", "0.01")),
        *(f"learning rate {rate}, train.steps = 1000" for rate in ("1e-3", "3e-3")),
        "learning rate 3e-3, train.steps = 2000",
    ]
    assert [row[0].bold for row in trials_sheet(manifest, cells).rows] == [False] * 6 + [True]
    assert "not run" not in str(rows)
    made = tuned_choices(manifest, cells)["rows"]["LSTM"]
    assert (made["values"], made["cell_id"], len(made["trials"])) == ({"optim.learning_rate": 0.003}, cell.cell_id, 7)
    assert set(made["trials"].values()).isdisjoint({None})
    assert "of 7 trials a row (4 values by halving: 4 for 500 steps" in choices_text(tuned_choices(manifest, cells))
    assert all(f"LSTM, {steps} steps" in against_values(manifest, cells).svg for steps in ("500", "1,000", "2,000"))
    said = said_of(manifest, cells)
    assert "of 4 trials a row. Each row: 4 values by halving: 4 for 500 steps, 2 for 1,000, 1 for 2,000." in said
    assert "On the edge" not in said


def test_the_edge_is_that_of_the_grid_also_where_the_last_rung_has_one_value(tmp_path):
    manifest = write_halved(tmp_path, {0: (4.9, 4.7, 4.6, 4.5), 1: (0.0, 0.0, 4.5, 4.45), 2: (0.0, 0.0, 0.0, 4.3)})
    assert "On the edge of what was tried, so that a better value may lie beyond: learning rate 0.01" in said_of(
        manifest, load_cells(manifest, tmp_path)
    )


def test_a_row_whose_rungs_have_not_come_to_their_end_is_not_decided(tmp_path):
    manifest = write_halved(tmp_path)
    (tmp_path / f"12{'f6' * 5}" / "seed-1" / "status.json").unlink()
    (cell,) = cells = load_cells(manifest, tmp_path)
    assert (cell.open_trials, cell.tuned, shortfall(cell, "test.perplexity")) == (1, {}, "5 of 7 trials")
    assert "Trials that have not ended leave nothing decided: LSTM (5 of 7)." in said_of(manifest, cells)
    assert tuned_choices(manifest, cells) is None


def test_rows_of_other_rungs_are_told(tmp_path):
    manifest = write_halved(tmp_path)
    for entry in list(manifest["cells"][-4:]):
        manifest["cells"].append({key: value for key, value in entry.items() if key != "rung"} | {"labels": {"label": "in full"}})
    said = said_of(manifest, load_cells(manifest, tmp_path))
    assert "Not all rows alike: LSTM: 4 values by halving: 4 for 500 steps, 2 for 1,000, 1 for 2,000; in full: all values in full." in said


def test_a_trial_of_a_list_of_runs_is_told_with_its_steps(tmp_path):
    write_halved(tmp_path)
    labels = {cell["label"] for cell in list_cells(tmp_path)}
    assert {"halved: LSTM, 1e-3, steps 500", "halved: LSTM, 3e-3"} <= labels
    assert len(store.cell_ids(tmp_path)) == 7
