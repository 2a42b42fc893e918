"""The first note of a table: whether it can show anything (its ceiling, its noise), and what became of the tuning of its rows."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard

import numpy as np

from research.compare.cell_labels import column_text, label_text, place_text, value_text
from research.compare.cells import Cell, Manifest, TableAxes, read_spec, selection_metric
from research.config.plain import Json, table
from research.config.sweep import Sweep
from research.runs.measures import base_name, bounds, direction, title

AFTERWARDS = ("optim", "seeds", "run", "decode", "eval")  # words of a config that make no other model to tune
CEILING = 0.98  # of what is possible; above it, and below the rest under a floor, rows cannot be told apart


def headline_notes(manifest: Manifest, cells: Sequence[Cell], axes: TableAxes, undecided: Sequence[str]) -> list[str]:
    """One note, or none. `undecided`: what is said of the columns in which no test tells any row from the best."""
    spec = read_spec(manifest)
    sentences = [*_ceilings(cells, axes, base_name(spec.metric)), *undecided, *_tuning(manifest, spec, cells, axes)]
    return [" ".join(sentences)] if sentences else []


def _ceilings(cells: Sequence[Cell], axes: TableAxes, metric: str) -> list[str]:
    columns: dict[str, dict[str, float]] = {}
    for cell in cells:
        values = list(cell.values(metric).values())
        if values:
            columns.setdefault(column_text(cell.labels, axes.columns), {})[label_text(cell.labels, axes.rows)] = float(np.mean(values))
    ceilings = [(column, _ceiling(means, metric)) for column, means in columns.items() if len(means) > 1]
    name = title(metric)[0].upper() + title(metric)[1:]
    return [f"{name}{f', {column}' if column else ''}: {ceiling}." for column, ceiling in ceilings if ceiling]


def _ceiling(means: Mapping[str, float], metric: str) -> str:
    """What is said of rows that lie where the metric ends; nothing of one without ends."""
    (low, high), sign = bounds(metric), direction(metric)
    if not math.isfinite(high - low):
        return ""
    shares = {row: (mean - low if sign > 0 else high - mean) / (high - low) for row, mean in means.items()}
    top = [row for row, share in shares.items() if share >= CEILING]
    if top:
        which = "all rows lie" if len(top) == len(means) else f"{len(top)} of {len(means)} rows ({', '.join(top)}) lie"
        return f"{which} at the ceiling, above {100 * CEILING:.0f} % of what is possible, so that nothing tells them apart"
    if max(shares.values()) <= 1 - CEILING:
        return f"all rows lie at the floor, below {100 * (1 - CEILING):.0f} % of what is possible, so that nothing tells them apart"
    return ""


def _tuning(manifest: Manifest, spec: Sweep, cells: Sequence[Cell], axes: TableAxes) -> list[str]:
    """How the values of rows were chosen, or that they were not."""
    if tuned_by := manifest.get("tuned_by"):
        return [f"Tuned beforehand: {str(tuned_by).rstrip('.')}."]
    trained = [cell for cell in cells if cell.params]
    untuned = [cell for cell in trained if not cell.tried]
    if not spec.tuned:
        return [_untuned_note("Its rows were not tuned")] if _models_differ(trained) else []
    missing = [_untuned_note(f"Not tuned: {_places(untuned, axes)}")] if untuned and _models_differ(trained) else []
    return [*_picked_lines(spec, cells, axes), *missing]


def _untuned_note(subject: str) -> str:
    return f"{subject}: each has the values of its config, such as the learning rate, and with others their order may be another."


def _models_differ(cells: Sequence[Cell]) -> bool:
    """Whether rows differ in more than how they are optimised, which is what is tuned, and how they are drawn from and scored."""
    models = [{key: value for key, value in cell.config.items() if key not in AFTERWARDS} for cell in cells]
    return any(config != models[0] for config in models[1:])


def _picked_lines(spec: Sweep, cells: Sequence[Cell], axes: TableAxes) -> list[str]:
    rows = [cell for cell in cells if cell.tried]
    most_trials = max((cell.trials for cell in rows), default=0)
    cells_by_value: dict[str, list[Cell]] = {}
    for cell in rows:
        if cell.tuned:
            cells_by_value.setdefault(", ".join(map(value_text, cell.tuned.values())), []).append(cell)
    same_everywhere = len(cells_by_value) == 1 and sum(map(len, cells_by_value.values())) == len(rows)
    row_texts = [f"{place_text(cell.labels, *axes)}: {value}" for value, row_cells in cells_by_value.items() for cell in row_cells]
    picked = f"{next(iter(cells_by_value))} everywhere" if same_everywhere else "; ".join(row_texts)
    unpicked = [cell for cell in rows if not cell.tuned and not cell.open_trials]
    cells_by_edge: dict[str, list[Cell]] = {}
    for cell in rows:
        for edge in _edge_values(cell):
            cells_by_edge.setdefault(edge, []).append(cell)
    edge_texts = [
        f"{edge} ({'every row' if len(row_cells) == len(rows) else _places(row_cells, axes)})" for edge, row_cells in cells_by_edge.items()
    ]
    lines = [f"Tuned: {', '.join(spec.tuned)}, the best mean {title(selection_metric(spec))} of {most_trials} trials a row."]
    lines += _halving_lines(rows, axes)
    fewer_text = _fewer_trials(cells, most_trials, axes)
    lines += [f"Fewer trials, so that these rows are not tuned alike: {fewer_text}."] if fewer_text else []
    lines += [f"Picked: {picked}."] if picked else []
    lines += [f"Nothing was picked, as every trial diverged or has no such metric: {_places(unpicked, axes)}."] if unpicked else []
    lines += [f"On the edge of what was tried, so that a better value may lie beyond: {'; '.join(edge_texts)}."] if edge_texts else []
    open_rows = [f"{place_text(cell.labels, *axes)} ({cell.ended_trials})" for cell in rows if cell.open_trials]
    return lines + ([f"Trials that have not ended leave nothing decided: {', '.join(open_rows)}."] if open_rows else [])


def _halving_lines(rows: Sequence[Cell], axes: TableAxes) -> list[str]:
    """How many values of each row were trained for how long, where halving shortened some; rows of other rungs are named."""
    rows_by_rungs: dict[str, list[Cell]] = {}
    for cell in rows:
        rows_by_rungs.setdefault(cell.rungs or "all values in full", []).append(cell)
    if not any(cell.rungs for cell in rows):
        return []
    if len(rows_by_rungs) == 1:
        return [f"Each row: {rows[0].rungs}."]
    return [f"Not all rows alike: {'; '.join(f'{_places(cells, axes)}: {rungs}' for rungs, cells in rows_by_rungs.items())}."]


def _fewer_trials(cells: Sequence[Cell], most_trials: int, axes: TableAxes) -> str:
    """The rows for which less was tried than for others, with how much. A mixture of rows is tuned as they are."""
    trials = [(cell, cell.trials if cell.tried else 0) for cell in cells if not cell.cannot and not _is_mixture(cell)]
    return ", ".join(f"{place_text(cell.labels, *axes)} ({n or 'none'})" for cell, n in trials if n < most_trials)


def _parts(cell: Cell) -> Sequence[Json]:
    parts = table(cell.config.get("model")).get("parts")
    return parts if isinstance(parts, list | tuple) else [None]


def _is_mixture(cell: Cell) -> bool:
    return all(isinstance(part, str) for part in _parts(cell))


def _edge_values(cell: Cell) -> list[str]:
    """The tuned keys whose value is the least or the greatest of several numbers that were tried."""
    edges = []
    for key, value in cell.tuned.items():
        numbers = sorted({number for trial in cell.tried if _is_number(number := trial.get(key))})
        if len(numbers) > 1 and value in (numbers[0], numbers[-1]):
            edges.append(f"{key.rpartition('.')[2].replace('_', ' ')} {value_text(value)}")
    return edges


def _is_number(value: Json) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _places(cells: Iterable[Cell], axes: TableAxes) -> str:
    return ", ".join(place_text(cell.labels, *axes) for cell in cells)
