"""The table of what each cell took."""

from collections.abc import Sequence

from research.compare.cell_labels import place_text
from research.compare.cells import Cell, Manifest, axes_of
from research.compare.number_texts import DASH
from research.report.sheets import Heading, Sheet, StyledText
from research.runs.measures import number, title

COST_COLUMNS = (
    *("params.total", "params.body", "flops_per_token", "tokens_seen", "seconds.compile", "seconds.train"),
    *("tokens_per_second", "latency_ms", "peak_memory_mb", "trials"),
)


def cost_sheet(manifest: Manifest, cells: Sequence[Cell]) -> Sheet:
    """What each cell took: a line a cell, its labels in one column. A column that no cell has is left out."""
    axes = axes_of(manifest)
    metrics = [metric for metric in COST_COLUMNS if any(_cost(cell, metric) is not None for cell in cells)]
    heads = (Heading("cell", numeric=False), *(Heading(title(metric)) for metric in metrics))
    rows = tuple((StyledText(place_text(cell.labels, *axes)), *(_cost_text(cell, metric) for metric in metrics)) for cell in cells)
    note = (
        "Means over the seeds that finished. FLOPs: forward, by formula; training takes three times as many. core-s: seconds times cores."
    )
    body = "Body parameters: without embedding and output layer."
    return Sheet("Cost", heads, rows, 1, (note, body))


def _cost(cell: Cell, metric: str) -> float | None:
    values = list(cell.values(metric).values())
    return sum(values) / len(values) if values else cell.fixed(metric)


def _cost_text(cell: Cell, metric: str) -> StyledText:
    mean = _cost(cell, metric)
    return StyledText(DASH, tone="quiet") if mean is None else StyledText(number(metric, mean))
