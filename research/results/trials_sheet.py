"""The table of all that `tune` tried."""

from collections.abc import Sequence

from research.config.labels import named_values
from research.results.cells import Cell, Manifest, axes_of, read_spec, selecting
from research.results.labels import place_text
from research.results.measures import number, title
from research.results.sheets import DASH, Heading, Sheet, Text, said_counts


def trials_sheet(manifest: Manifest, cells: Sequence[Cell]) -> Sheet | None:
    """A row for each trial."""
    select, axes = selecting(read_spec(manifest)), axes_of(manifest)
    rows = []
    for cell in cells:
        for trial in cell.trial_values:
            is_picked = trial.values == cell.tuned
            counts = {status: trial.statuses.count(status) for status in dict.fromkeys(trial.statuses)}
            value = DASH if trial.mean is None else number(select, trial.mean)
            words = (place_text(cell.labels, *axes), named_values(dict(trial.values)), value, str(trial.n), said_counts(counts))
            rows.append((*(Text(word, bold=is_picked) for word in words[:3]), *(Text(word) for word in words[3:])))
    heads = (Heading("row", numeric=False), Heading("values", numeric=False), Heading(f"mean {title(select)}"), Heading("n"))
    note = "Bold: picked, and scored on the test split; no other was."
    return Sheet("Trials", (*heads, Heading("seeds", numeric=False)), tuple(rows), 2, (note,)) if rows else None
