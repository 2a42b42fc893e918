"""The first note of a table: whether it can show anything (its ceiling, its noise), and what became of the tuning of its rows."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from research.config.sweep import Sweep
from research.results.cells import Axes, Cell, Manifest, read_spec, selecting
from research.results.labels import column_text, label_text, place_text, value_text
from research.results.measures import base_name, bounds, direction, title

AFTERWARDS = ("optim", "seeds", "run", "decode", "eval")  # words of a config that make no other model to tune
CEILING = 0.98  # of what is possible; above it, and below the rest under a floor, rows cannot be told apart


def headline(manifest: Manifest, cells: Sequence[Cell], axes: Axes, undecided: Sequence[str]) -> list[str]:
    """One note, or none. `undecided`: what is said of the columns in which no test tells any row from the best."""
    spec = read_spec(manifest)
    said = [*_ceilings(cells, axes, base_name(spec.metric)), *undecided, *_tuning(manifest, spec, cells, axes)]
    return [" ".join(said)] if said else []


def _ceilings(cells: Sequence[Cell], axes: Axes, metric: str) -> list[str]:
    columns: dict[str, dict[str, float]] = {}
    for cell in cells:
        values = list(cell.values(metric).values())
        if values:
            columns.setdefault(column_text(cell.labels, axes.columns), {})[label_text(cell.labels, axes.rows)] = float(np.mean(values))
    told = [(column, _ceiling(means, metric)) for column, means in columns.items() if len(means) > 1]
    name = title(metric)[0].upper() + title(metric)[1:]
    return [f"{name}{f', {column}' if column else ''}: {said}." for column, said in told if said]


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


def _tuning(manifest: Manifest, spec: Sweep, cells: Sequence[Cell], axes: Axes) -> list[str]:
    """How the values of rows were chosen, or that they were not."""
    if told := manifest.get("tuned_by"):
        return [f"Tuned beforehand: {str(told).rstrip('.')}."]
    trained = [cell for cell in cells if cell.params]
    untuned = [cell for cell in trained if not cell.tried]
    if not spec.tuned:
        return [_untuned("Its rows were not tuned")] if _differ(trained) else []
    missing = [_untuned(f"Not tuned: {_places(untuned, axes)}")] if untuned and _differ(trained) else []
    return [*_picked(spec, cells, axes), *missing]


def _untuned(who: str) -> str:
    return f"{who}: each has the values of its config, such as the learning rate, and with others their order may be another."


def _differ(cells: Sequence[Cell]) -> bool:
    """Whether rows differ in more than how they are optimised, which is what is tuned, and how they are drawn from and scored."""
    science = [{key: value for key, value in cell.config.items() if key not in AFTERWARDS} for cell in cells]
    return any(config != science[0] for config in science[1:])


def _picked(spec: Sweep, cells: Sequence[Cell], axes: Axes) -> list[str]:
    rows = [cell for cell in cells if cell.tried]
    most = max((cell.trials for cell in rows), default=0)
    by_value: dict[str, list[Cell]] = {}
    for cell in rows:
        if cell.tuned:
            by_value.setdefault(", ".join(map(value_text, cell.tuned.values())), []).append(cell)
    everywhere = len(by_value) == 1 and sum(map(len, by_value.values())) == len(rows)
    each = [f"{place_text(cell.labels, *axes)}: {value}" for value, of in by_value.items() for cell in of]
    picked = f"{next(iter(by_value))} everywhere" if everywhere else "; ".join(each)
    none = [cell for cell in rows if not cell.tuned and not cell.open_trials]
    edges: dict[str, list[Cell]] = {}
    for cell in rows:
        for edge in _at_edge(cell):
            edges.setdefault(edge, []).append(cell)
    at_edge = [f"{edge} ({'every row' if len(of) == len(rows) else _places(of, axes)})" for edge, of in edges.items()]
    lines = [f"Tuned: {', '.join(spec.tuned)}, the best mean {title(selecting(spec))} of {most} trials a row."]
    lines += [f"Fewer trials, so that these rows are not tuned alike: {fewer}."] if (fewer := _fewer(cells, most, axes)) else []
    lines += [f"Picked: {picked}."] if picked else []
    lines += [f"Nothing was picked, as every trial diverged or has no such metric: {_places(none, axes)}."] if none else []
    lines += [f"On the edge of what was tried, so that a better value may lie beyond: {'; '.join(at_edge)}."] if at_edge else []
    ended = lambda cell: f"{place_text(cell.labels, *axes)} ({cell.trials - cell.open_trials} of {cell.trials})"
    open_rows = [ended(cell) for cell in rows if cell.open_trials]
    return lines + ([f"Trials that have not ended leave nothing decided: {', '.join(open_rows)}."] if open_rows else [])


def _fewer(cells: Sequence[Cell], most: int, axes: Axes) -> str:
    """The rows for which less was tried than for others, with how much. A mixture of rows is tuned as they are."""
    trials = [(cell, cell.trials if cell.tried else 0) for cell in cells if not cell.cannot and not _is_of_rows(cell)]
    return ", ".join(f"{place_text(cell.labels, *axes)} ({n or 'none'})" for cell, n in trials if n < most)


def _is_of_rows(cell: Cell) -> bool:
    return all(isinstance(part, str) for part in cell.config.get("model", {}).get("parts", [None]))


def _at_edge(cell: Cell) -> list[str]:
    """The tuned keys whose value is the least or the greatest of several numbers that were tried."""
    edges = []
    for key, value in cell.tuned.items():
        numbers = sorted({trial[key] for trial in cell.tried if _is_number(trial.get(key))})
        if len(numbers) > 1 and value in (numbers[0], numbers[-1]):
            edges.append(f"{key.rpartition('.')[2].replace('_', ' ')} {value_text(value)}")
    return edges


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _places(cells: Iterable[Cell], axes: Axes) -> str:
    return ", ".join(place_text(cell.labels, *axes) for cell in cells)
