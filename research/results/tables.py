"""The table of a sweep as one frozen value: numbers with their intervals, what became of each seed, what is best, and the footnotes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from research.results.cells import Axes, Cell, Manifest, axes_of, load_cells, read_spec
from research.results.comparisons import Best, find_best, infinite, shortfall, unranked
from research.results.item_tests import has_statistic, item_interval
from research.results.labels import axis_titles, value_text
from research.results.measures import base_name, bounds, check_measure, direction, is_quality, scored_name, title
from research.results.notes import Found, Unranked, footnotes
from research.results.statistics import Interval, sample_sd, t_interval, within


@dataclass(frozen=True)
class Entry:
    """One number of a table."""

    interval: Interval | None  # None: no seed is done, or none has the metric
    source: Literal["seeds", "items", "none"]  # of the interval
    sd: float | None
    values: Mapping[int, float]  # by seed
    counts: Mapping[str, int]  # seeds by status
    cannot: str
    best: bool = False

    @property
    def infinite(self) -> bool:
        """Whether a seed's value is."""
        return any(map(math.isinf, self.values.values()))

    @property
    def lost(self) -> dict[str, int]:
        """Seeds that have no result, by status."""
        return {status: count for status, count in self.counts.items() if status != "done"}


@dataclass(frozen=True)
class Column:
    """A metric under the labels of its columns' axes."""

    metric: str
    labels: tuple[str, ...]
    group: str  # what heads several columns, or ""
    title: str


@dataclass(frozen=True)
class TableData:
    """A table before it is drawn: `entries[row][column]`."""

    title: str
    row_titles: tuple[str, ...]
    column_titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    columns: tuple[Column, ...]
    entries: tuple[tuple[Entry | None, ...], ...]
    notes: tuple[str, ...]


def build_table(manifest: Manifest, runs_dir: Path, metrics: Sequence[str] | None = None, cells: Sequence[Cell] | None = None) -> TableData:
    """The table that the spec asks for; with `metrics`, of these metrics instead.

    The spec's metric has a column for each label of `table.columns`. A further metric that is the same for all of them has one.
    """
    cells = load_cells(manifest, runs_dir) if cells is None else cells
    spec, axes = read_spec(manifest), axes_of(manifest)
    wanted = tuple(dict.fromkeys((spec.metric, *spec.table.metrics) if metrics is None else metrics))
    results = [dict(result) for cell in cells for result in cell.results.values()]
    for metric in wanted:
        if not any(cell.fixed(metric) is not None for cell in cells):
            check_measure(metric, results)
    places = {(_key(cell, axes.rows), _key(cell, axes.columns)): cell for cell in cells}
    rows, across = (tuple(dict.fromkeys(place[side] for place in places)) for side in (0, 1))
    columns = _columns(wanted, across, axes, places, rows)
    grid = [[places.get((row, column.labels)) for row in rows] for column in columns]
    found = [_found(_best(cells_of, column, axes), column, cells_of) for cells_of, column in zip(grid, columns, strict=True)]
    entries = tuple(
        tuple(_entry(cells_of[i], column, best, i) for cells_of, column, best in zip(grid, columns, found, strict=True))
        for i in range(len(rows))
    )
    return TableData(
        title=manifest["name"],
        row_titles=axis_titles(axes.rows),
        column_titles=axis_titles(axes.columns),
        rows=rows,
        columns=columns,
        entries=entries,
        notes=footnotes(manifest, cells, axes, found, _unranked(columns, grid), _sources(entries, columns)),
    )


def _key(cell: Cell, axes: Sequence[str]) -> tuple[str, ...]:
    return tuple(value_text(cell.labels[axis]) if axis in cell.labels else "" for axis in axes)


SEEDS_FOR_INTERVAL = 3  # fewer have their values and no interval
Places = Mapping[tuple[tuple[str, ...], tuple[str, ...]], Cell]


def _columns(
    metrics: Sequence[str], across: Sequence[tuple[str, ...]], axes: Axes, places: Places, rows: Sequence[tuple[str, ...]]
) -> tuple[Column, ...]:
    columns: list[Column] = []
    for i, metric in enumerate(metrics):
        if not axes.columns or (i > 0 and _is_shared(metric, across, places, rows)):
            columns.append(Column(metric, across[0], "", title(metric)))
            continue
        head = f"{title(metric)}, by {' and '.join(axis_titles(axes.columns))}"
        columns += [Column(metric, labels, head, ", ".join(labels)) for labels in across]
    return tuple(columns)


def _is_shared(metric: str, across: Sequence[tuple[str, ...]], places: Places, rows: Sequence[tuple[str, ...]]) -> bool:
    def values(cell: Cell | None) -> set[float]:
        return set() if cell is None else {cell.fixed(metric)} - {None} or set(cell.values(metric).values())  # type: ignore[return-value]

    if any((row, across[0]) not in places for row in rows):
        return False
    return all(len(set().union(*(values(places.get((row, labels))) for labels in across))) <= 1 for row in rows)


def _best(cells: Sequence[Cell | None], column: Column, axes: Axes) -> tuple[Best, tuple[int, ...]] | None:
    """The best of a column and the row of each cell that was looked at."""
    rows = tuple(i for i, cell in enumerate(cells) if cell is not None)
    best = None if column.metric.startswith("best_seed.") else find_best([cells[i] for i in rows], column.metric, axes)  # type: ignore[misc]
    return None if best is None else (best, rows)


def _unranked(columns: Sequence[Column], grid: Sequence[Sequence[Cell | None]]) -> list[Unranked]:
    """Of each column that has a best, what takes no part in it."""
    apart = []
    for column, cells in zip(columns, grid, strict=True):
        rows = [i for i, cell in enumerate(cells) if cell is not None and cell.values(column.metric)]
        left_out = unranked([cells[i] for i in rows], column.metric)  # type: ignore[misc]
        if left_out and direction(column.metric) and not column.metric.startswith("best_seed."):
            apart.append(Unranked(column.metric, column.labels, tuple(rows[i] for i in left_out), len(left_out) == len(rows)))
    return apart


def _found(best: tuple[Best, tuple[int, ...]] | None, column: Column, cells: Sequence[Cell | None]) -> Found | None:
    """What is said of a column. Nothing is in bold while a row's seeds are lost or not finished."""
    if best is None:
        return None
    tests, rows = best
    there = [(i, cell) for i, cell in enumerate(cells) if cell is not None]
    open_rows = {i: text for i, cell in there if not _ended(cell) and (text := shortfall(cell, column.metric))}
    return Found(
        column.metric,
        column.labels,
        rows[tests.index],
        tuple(rows[i] for i in tests.rivals),
        tests.tested,
        tests.notes,
        tuple(rows[i] for i in tests.untested),
        tests.clear and not open_rows,
        tuple(rows[i] for i in tests.twins),
        {i: why for i, cell in there if (why := _absent(cell, column.metric))},
        open_rows,
    )


def _ended(cell: Cell) -> bool:
    """Whether every seed came to an end without a mean: it diverged, and no further run can change that."""
    return set(cell.statuses.values()) == {"diverged"}


def _absent(cell: Cell, metric: str) -> str:
    """Why a row takes no part in the tests."""
    if cell.cannot or base_name(metric) in cell.lacks:
        return "cannot"
    return "diverged" if _ended(cell) else "infinite" if infinite(cell, metric) else ""


def _entry(cell: Cell | None, column: Column, found: Found | None, row: int) -> Entry | None:
    if cell is None:
        return None
    interval, source, values = measure_cell(cell, column.metric)
    sd = sample_sd(list(values.values())) if source == "seeds" else None
    cannot = cell.cannot or cell.lacks.get(base_name(column.metric), "")
    best = found is not None and found.bold and row in (found.best, *found.twins)
    return Entry(interval, source, sd, values, cell.counts(), cannot, best)


def measure_cell(cell: Cell, metric: str) -> tuple[Interval | None, Literal["seeds", "items", "none"], dict[int, float]]:
    """A cell's mean with its interval, where the interval is from, and the values by seed.

    Three seeds or more: the t interval of their mean, within the values that the metric can have. One run, or seeds that all came out
    alike: the interval over test items, if there are items. Two seeds, a cost, and the best seed where it was asked for have none.
    """
    known = cell.fixed(metric)
    if metric.startswith("extra.") and known is not None:
        return Interval(known, known, known), "none", {}
    values = cell.values(metric)
    if metric.startswith("best_seed.") and values:
        sign = direction(base_name(metric)) or -1
        seed = max(values, key=lambda seed: sign * values[seed])
        return Interval(values[seed], values[seed], values[seed]), "none", values
    if not values:
        return (None if known is None else Interval(known, known, known)), "none", {}
    mean = float(np.mean(list(values.values())))
    if not is_quality(metric) or math.isinf(mean):
        return Interval(mean, mean, mean), "none", values
    over_seeds = t_interval(list(values.values())) if len(values) >= SEEDS_FOR_INTERVAL else None
    if over_seeds is not None and over_seeds.half > 1e-12 * abs(mean):
        return within(over_seeds, *bounds(metric)), "seeds", values
    if len(values) == 1 or over_seeds is not None:
        split, statistic = scored_name(metric)
        items = cell.scored(split, tuple(values)).items
        over_items = item_interval(items, statistic, mean) if items is not None and has_statistic(items, statistic) else None
        if over_items is not None:
            return over_items, "items", values
    return Interval(mean, mean, mean), "none", values


def _sources(entries: Sequence[Sequence[Entry | None]], columns: Sequence[Column]) -> dict[str, Any]:
    shown = [
        e for row in entries for e, column in zip(row, columns, strict=True) if e is not None and e.values and is_quality(column.metric)
    ]
    return {
        "metrics": tuple(dict.fromkeys(column.metric for column in columns)),
        "seeds": sorted({len(e.values) for e in shown if e.source == "seeds"}),
        "items": any(e.source == "items" for e in shown),
        "uneven": any(e.source != "none" and e.interval is not None and not e.interval.even for e in shown),
        "pair": any(e.source == "none" and len(e.values) == 2 and not e.infinite for e in shown),
        "single": any(e.source == "none" and len(e.values) == 1 and not e.infinite for e in shown),
        "best_seed": sorted(
            {len(e.values) for row in entries for e, c in zip(row, columns, strict=True) if e and c.metric.startswith("best_seed.")}
        ),
    }
