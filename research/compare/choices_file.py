"""What a tuned sweep chose, as a file that another preset takes its values from."""

from collections.abc import Sequence

from research.compare.cells import Cell, Manifest, read_spec, selection_metric
from research.config.plain import Tree
from research.config.value_labels import row_label


def tuned_choices(manifest: Manifest, cells: Sequence[Cell]) -> Tree | None:
    """The command, the rule, and of each row its values, the chosen cell and the mean of every trial. None until all is decided."""
    spec = read_spec(manifest)
    runnable = [cell for cell in cells if not cell.cannot]
    if not spec.tuned or any(cell.open_trials or (cell.trial_values and not cell.tuned) for cell in runnable):
        return None
    rows = {row_label(dict(cell.labels), cell.labels): _row(cell) for cell in runnable}
    return {
        "command": manifest.get("command") or f"stepladder sweep {manifest.get('spec_file')}",
        "select": selection_metric(spec),
        "rows": rows,
    }


def _row(cell: Cell) -> Tree:
    means = {trial.cell_id: trial.mean for trial in cell.trial_values}
    return {"values": dict(cell.tuned), "cell_id": cell.cell_id, "trials": means, **({"rungs": cell.rungs} if cell.rungs else {})}
