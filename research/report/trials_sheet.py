"""The table of all that `tune` tried."""

from collections.abc import Sequence

from research.compare.cell_labels import place_text
from research.compare.cells import Cell, Manifest, axes_of, read_spec, selection_metric
from research.compare.number_texts import DASH
from research.compare.trials import TrialResult
from research.config.value_labels import named_values
from research.report.sheets import Heading, Sheet, StyledText, counts_text
from research.runs.measures import number, title


def trials_sheet(manifest: Manifest, cells: Sequence[Cell]) -> Sheet | None:
    """A row for each trial."""
    select, axes = selection_metric(read_spec(manifest)), axes_of(manifest)
    rows = []
    for cell in cells:
        for trial in cell.trial_values:
            is_picked = trial.values == cell.tuned and (not cell.rungs or trial.cell_id == cell.cell_id)
            counts = {status: trial.statuses.count(status) for status in dict.fromkeys(trial.statuses)}
            value = DASH if trial.mean is None else number(select, trial.mean)
            words = (place_text(cell.labels, *axes), _values_text(trial), value, str(trial.n), counts_text(counts))
            rows.append((*(StyledText(word, bold=is_picked) for word in words[:3]), *(StyledText(word) for word in words[3:])))
    heads = (Heading("row", numeric=False), Heading("values", numeric=False), Heading(f"mean {title(select)}"), Heading("n"))
    note = "Bold: picked, and scored on the test split; no other was."
    return Sheet("Trials", (*heads, Heading("seeds", numeric=False)), tuple(rows), 2, (note,)) if rows else None


def _values_text(trial: TrialResult) -> str:
    """The values of a trial; of a row that is halved with how long it was trained."""
    return ", ".join([named_values(dict(trial.values)), *(f"{key} = {n}" for key, n in trial.duration.items())])
