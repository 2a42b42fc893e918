"""The curve over the values that `tune` tried."""

import math
from collections.abc import Sequence
from typing import TypeGuard

from research.compare.cell_labels import place_text
from research.compare.cells import Cell, Manifest, TableAxes, axes_of, read_spec, selection_metric
from research.compare.trials import TrialResult
from research.config.halving import training_text
from research.config.plain import Json
from research.report.pictures import Picture
from research.report.plots import Series, line_plot
from research.runs.measures import scale, title


def against_values(manifest: Manifest, cells: Sequence[Cell]) -> Picture | None:
    """The metric that chooses against the tuned number that most rows share, a line a row, the picked one ringed."""
    select, axes = selection_metric(read_spec(manifest)), axes_of(manifest)
    shared = [key for cell in cells for key in _numeric_keys(cell)]
    if not shared:
        return None
    key = max(dict.fromkeys(shared), key=shared.count)
    tuned = [(cell, trials) for cell in cells if key in _numeric_keys(cell) for trials in _trials_of_rungs(cell)]
    series = [curve for cell, trials in tuned if (curve := _curve(cell, trials, key, select, axes)) is not None]
    if not series:
        return None
    x_min = min(min(curve.x) for curve in series)
    ticks = sorted({x for curve in series for x in curve.x})
    caption = "Each point: the mean over seeds of one trial, on validation. Ring: the picked one, which was scored on test."
    label = key.rpartition(".")[2].replace("_", " ")
    tick_values = ticks if len(ticks) <= 8 else ()
    return line_plot("tuning", f"Over the {label}", series, label, title(select), caption, log_x=x_min > 0, x_ticks=tick_values)


def _trials_of_rungs(cell: Cell) -> list[list[TrialResult]]:
    """The trials that were trained alike: all, or those of each rung of a row that is halved."""
    rungs: dict[str, list[TrialResult]] = {}
    for trial in cell.trial_values:
        rungs.setdefault(training_text(trial.duration), []).append(trial)
    return list(rungs.values())


def _numeric_keys(cell: Cell) -> list[str]:
    """The keys whose tried values are at least two numbers."""
    trial_values = [trial.values for trial in cell.trial_values]
    columns = {key: [values[key] for values in trial_values] for key in (trial_values[0] if trial_values else ())}
    return [key for key, column in columns.items() if len({*map(str, column)}) > 1 and all(map(_is_number, column))]


def _is_finite(mean: float | None) -> bool:
    return mean is not None and math.isfinite(mean)


def _is_number(value: Json) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _curve(cell: Cell, alike: Sequence[TrialResult], key: str, select: str, axes: TableAxes) -> Series | None:
    """The trials of a rung that have the picked values of the other keys; of keys that are drawn together, all."""
    others = {other: value for other, value in cell.tuned.items() if other != key}
    matching = [trial for trial in alike if all(trial.values[other] == value for other, value in others.items())]
    trials = matching if len(matching) > 1 else list(alike)
    finite = [(trial.values[key], scale(select) * float(trial.mean or 0.0)) for trial in trials if _is_finite(trial.mean)]
    points = sorted((x, y) for x, y in finite if _is_number(x))
    if not points:
        return None
    is_picked = cell.cell_id in [trial.cell_id for trial in alike]
    ring = [point for point in points if is_picked and point[0] == cell.tuned.get(key)]
    name = ", ".join(filter(None, [place_text(cell.labels, *axes), training_text(alike[0].duration)]))
    return Series(name, [x for x, _ in points], [y for _, y in points], ringed=ring[:1])
