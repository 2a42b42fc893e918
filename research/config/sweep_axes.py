"""The axes of a sweep as steps: what each place on an axis is called, and what it sets."""

import math
from collections.abc import Iterable, Mapping
from itertools import product
from typing import NamedTuple

from research.config.errors import StepladderError
from research.config.fields import leaves
from research.config.plain import Json, Tree
from research.config.sweep import Sweep
from research.config.tuning import Tune
from research.config.value_labels import assignments_text, label_values, row_label, value_text

MOST_POINTS = 100_000  # of a sweep, trials included


class AxisStep(NamedTuple):
    """One place on an axis: how it is called, what it sets, its own `tune`, and which values of a `tune` it has."""

    labels: Tree
    values: Tree
    tune: Tune | None = None
    tuned: Tree = {}  # noqa: RUF012


def sweep_axes(sweep: Sweep, where: str) -> list[list[AxisStep]]:
    """Each axis as its steps. Where rows are labels and no list gives any, the one label is the sweep's name."""
    list_steps = [
        AxisStep({"label": row.get("label") or assignments_text(row_values(row))}, row_values(row), row.get("tune")) for row in sweep.list
    ]
    axes = [list_steps] if list_steps else []
    if not axes and "label" in axis_names(sweep.table.rows):
        axes.append([AxisStep({"label": sweep.name}, {})])
    if lengths := {key: len(values) for key, values in sweep.zip.items()}:
        if len(set(lengths.values())) > 1:
            lengths_text = ", ".join(f"{key} has {n}" for key, n in lengths.items())
            raise StepladderError(f"{where}: the arrays of `sweep.zip` must be equally long: {lengths_text}.")
        columns = [_steps(key, values) for key, values in sweep.zip.items()]
        axes.append([combined_step(steps) for steps in zip(*columns, strict=True)])
    axes += [_steps(key, values) for key, values in sweep.axes.items()]
    check_size(math.prod(map(len, axes)), f"{where}: the axes of [sweep] multiply to")
    return axes


def check_size(points: int, beginning: str) -> None:
    """Raises StepladderError for more points than a table can have, before they are made."""
    if points > MOST_POINTS:
        raise StepladderError(f"{beginning} {points:,} points, and a sweep has at most {MOST_POINTS:,}. Take axes or values out.")


def _steps(key: str, values: tuple[Json, ...]) -> list[AxisStep]:
    return [AxisStep({key: label}, {key: value}) for label, value in zip(label_values(values), values, strict=True)]


def row_values(row: Mapping[str, Json]) -> Tree:
    """What a row of `list` sets. A section (`model = { ... }`, or dots without quotes) merges as in a file; a dotted key is one value."""
    values = {key: value for key, value in row.items() if key not in ("label", "tune")}
    sections = {key: value for key, value in values.items() if "." not in key and isinstance(value, dict)}
    return {key: value for key, value in values.items() if key not in sections} | {
        ".".join(path): value for path, value in leaves(sections)
    }


def combined_step(steps: Iterable[AxisStep]) -> AxisStep:
    """One step on each of several axes as one, with the first `tune` that is one of their own."""
    steps = list(steps)
    labels, values = {k: v for step in steps for k, v in step.labels.items()}, {k: v for step in steps for k, v in step.values.items()}
    return AxisStep(labels, values, next((step.tune for step in steps if step.tune is not None), None))


def matches_values(step: AxisStep, row: Mapping[str, Json]) -> bool:
    """Whether a step sets, or is called, all that a row of `exclude` says."""
    return all(
        (key in step.values and step.values[key] == value) or (key in step.labels and step.labels[key] == value)
        for key, value in row.items()
    )


def axis_names(keys: str | tuple[str, ...]) -> tuple[str, ...]:
    """The axes that a word of the table names, one or several."""
    return (keys,) if isinstance(keys, str) else keys


def row_names(sweep: Sweep, where: str) -> set[str]:
    """Every name that a row of the table may be called by: its own, and that of its place among rows and columns."""
    steps = [combined_step(combination).labels for combination in product(*sweep_axes(sweep, where))]
    names = axis_names(sweep.table.rows)
    rows = {row_label(labels, [name for name in names if name in labels]) for labels in steps}
    return rows | {row_label(labels, labels) for labels in steps} | {value_text(value) for labels in steps for value in labels.values()}
