"""What a report shows of the values that were tried."""

from fake_runs import write_grid

from research.compare.cells import load_cells
from research.compare.choices_file import tuned_choices
from research.report.trials_sheet import trials_sheet
from research.report.tuning_figure import against_values


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
