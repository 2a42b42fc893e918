"""The table of a sweep as one frozen value: numbers with their intervals, what became of each seed, what is best, and the footnotes."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from research.compare.cell_labels import axis_titles, value_text
from research.compare.cells import Cell, Manifest, TableAxes, axes_of, load_cells, read_spec
from research.compare.comparisons import BestRow, find_best, has_infinite_value, shortfall, unranked
from research.compare.item_tests import has_statistic, item_interval
from research.compare.notes import ColumnBest, IntervalSources, Unranked, footnotes
from research.compare.statistics import Interval, clip_interval, sample_sd, t_interval
from research.runs.measures import base_name, bounds, check_measure, direction, is_quality, scored_name, title


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
    names = tuple(dict.fromkeys((spec.metric, *spec.table.metrics) if metrics is None else metrics))
    results = [result for cell in cells for result in cell.results.values()]
    for metric in names:
        if not any(cell.fixed(metric) is not None for cell in cells):
            check_measure(metric, results)
    places = {(_label_key(cell, axes.rows), _label_key(cell, axes.columns)): cell for cell in cells}
    rows, column_labels = (tuple(dict.fromkeys(place[side] for place in places)) for side in (0, 1))
    columns = _columns(names, column_labels, axes, places, rows)
    grid = [[places.get((row, column.labels)) for row in rows] for column in columns]
    column_bests = [
        _column_best(_find_column_best(column_cells, column, axes), column, column_cells)
        for column_cells, column in zip(grid, columns, strict=True)
    ]
    entries = tuple(
        tuple(
            _entry(column_cells[i], column, column_best, i)
            for column_cells, column, column_best in zip(grid, columns, column_bests, strict=True)
        )
        for i in range(len(rows))
    )
    return TableData(
        title=manifest["name"],
        row_titles=axis_titles(axes.rows),
        column_titles=axis_titles(axes.columns),
        rows=rows,
        columns=columns,
        entries=entries,
        notes=footnotes(manifest, cells, axes, column_bests, _unranked(columns, grid), _sources(entries, columns)),
    )


def _label_key(cell: Cell, axes: Sequence[str]) -> tuple[str, ...]:
    return tuple(value_text(cell.labels[axis]) if axis in cell.labels else "" for axis in axes)


SEEDS_FOR_INTERVAL = 3  # fewer have their values and no interval
Places = Mapping[tuple[tuple[str, ...], tuple[str, ...]], Cell]


def _columns(
    metrics: Sequence[str], column_labels: Sequence[tuple[str, ...]], axes: TableAxes, places: Places, rows: Sequence[tuple[str, ...]]
) -> tuple[Column, ...]:
    columns: list[Column] = []
    for i, metric in enumerate(metrics):
        if not axes.columns or (i > 0 and _is_shared(metric, column_labels, places, rows)):
            columns.append(Column(metric, column_labels[0], "", title(metric)))
            continue
        head = f"{title(metric)}, by {' and '.join(axis_titles(axes.columns))}"
        columns += [Column(metric, labels, head, ", ".join(labels)) for labels in column_labels]
    return tuple(columns)


def _is_shared(metric: str, column_labels: Sequence[tuple[str, ...]], places: Places, rows: Sequence[tuple[str, ...]]) -> bool:
    def values(cell: Cell | None) -> set[float]:
        return set() if cell is None else {cell.fixed(metric)} - {None} or set(cell.values(metric).values())  # type: ignore[return-value]

    if any((row, column_labels[0]) not in places for row in rows):
        return False
    return all(len(set().union(*(values(places.get((row, labels))) for labels in column_labels))) <= 1 for row in rows)


def _find_column_best(cells: Sequence[Cell | None], column: Column, axes: TableAxes) -> tuple[BestRow, tuple[int, ...]] | None:
    """The best of a column and the row of each cell that was looked at."""
    rows = tuple(i for i, cell in enumerate(cells) if cell is not None)
    best = None if column.metric.startswith("best_seed.") else find_best([cells[i] for i in rows], column.metric, axes)  # type: ignore[misc]
    return None if best is None else (best, rows)


def _unranked(columns: Sequence[Column], grid: Sequence[Sequence[Cell | None]]) -> list[Unranked]:
    """Of each column that has a best, what takes no part in it."""
    unranked_columns = []
    for column, cells in zip(columns, grid, strict=True):
        rows = [i for i, cell in enumerate(cells) if cell is not None and cell.values(column.metric)]
        left_out = unranked([cells[i] for i in rows], column.metric)  # type: ignore[misc]
        if left_out and direction(column.metric) and not column.metric.startswith("best_seed."):
            unranked_columns.append(Unranked(column.metric, column.labels, tuple(rows[i] for i in left_out), len(left_out) == len(rows)))
    return unranked_columns


def _column_best(best_and_rows: tuple[BestRow, tuple[int, ...]] | None, column: Column, cells: Sequence[Cell | None]) -> ColumnBest | None:
    """What is said of a column. Nothing is in bold while a row's seeds are lost or not finished."""
    if best_and_rows is None:
        return None
    best, rows = best_and_rows
    present = [(i, cell) for i, cell in enumerate(cells) if cell is not None]
    open_rows = {i: text for i, cell in present if not _all_diverged(cell) and (text := shortfall(cell, column.metric))}
    return ColumnBest(
        column.metric,
        column.labels,
        rows[best.index],
        tuple(rows[i] for i in best.rivals),
        best.tested,
        best.notes,
        tuple(rows[i] for i in best.untested),
        best.clear and not open_rows,
        tuple(rows[i] for i in best.twins),
        {i: why for i, cell in present if (why := _absence(cell, column.metric))},
        open_rows,
    )


def _all_diverged(cell: Cell) -> bool:
    """Whether every seed came to an end without a mean: it diverged, and no further run can change that."""
    return set(cell.statuses.values()) == {"diverged"}


def _absence(cell: Cell, metric: str) -> str:
    """Why a row takes no part in the tests."""
    if cell.cannot or base_name(metric) in cell.lacks:
        return "cannot"
    return "diverged" if _all_diverged(cell) else "infinite" if has_infinite_value(cell, metric) else ""


def _entry(cell: Cell | None, column: Column, column_best: ColumnBest | None, row: int) -> Entry | None:
    if cell is None:
        return None
    interval, source, values = measure_cell(cell, column.metric)
    sd = sample_sd(list(values.values())) if source == "seeds" else None
    cannot = cell.cannot or cell.lacks.get(base_name(column.metric), "")
    best = column_best is not None and column_best.bold and row in (column_best.best, *column_best.twins)
    return Entry(interval, source, sd, values, cell.counts(), cannot, best)


def measure_cell(cell: Cell, metric: str) -> tuple[Interval | None, Literal["seeds", "items", "none"], dict[int, float]]:
    """A cell's mean with its interval, where the interval is from, and the values by seed.

    Three seeds or more: the t interval of their mean, within the values that the metric can have. One run, or seeds that all came out
    alike: the interval over test items, if there are items. Two seeds, a cost, and the best seed where it was asked for have none.
    """
    fixed = cell.fixed(metric)
    if metric.startswith("extra.") and fixed is not None:
        return Interval(fixed, fixed, fixed), "none", {}
    values = cell.values(metric)
    if metric.startswith("best_seed.") and values:
        sign = direction(base_name(metric)) or -1
        seed = max(values, key=lambda seed: sign * values[seed])
        return Interval(values[seed], values[seed], values[seed]), "none", values
    if not values:
        return (None if fixed is None else Interval(fixed, fixed, fixed)), "none", {}
    mean = float(np.mean(list(values.values())))
    if not is_quality(metric) or math.isinf(mean):
        return Interval(mean, mean, mean), "none", values
    seeds_interval = t_interval(list(values.values())) if len(values) >= SEEDS_FOR_INTERVAL else None
    if seeds_interval is not None and seeds_interval.half > 1e-12 * abs(mean):
        return clip_interval(seeds_interval, *bounds(metric)), "seeds", values
    if len(values) == 1 or seeds_interval is not None:
        split, statistic = scored_name(metric)
        items = cell.scored(split, tuple(values)).items
        items_interval = item_interval(items, statistic, mean) if items is not None and has_statistic(items, statistic) else None
        if items_interval is not None:
            return items_interval, "items", values
    return Interval(mean, mean, mean), "none", values


def _sources(entries: Sequence[Sequence[Entry | None]], columns: Sequence[Column]) -> IntervalSources:
    quality_entries = [
        entry
        for row in entries
        for entry, column in zip(row, columns, strict=True)
        if entry is not None and entry.values and is_quality(column.metric)
    ]
    return {
        "metrics": tuple(dict.fromkeys(column.metric for column in columns)),
        "seeds": sorted({len(entry.values) for entry in quality_entries if entry.source == "seeds"}),
        "items": any(entry.source == "items" for entry in quality_entries),
        "uneven": any(entry.source != "none" and entry.interval is not None and not entry.interval.even for entry in quality_entries),
        "pair": any(entry.source == "none" and len(entry.values) == 2 and not entry.infinite for entry in quality_entries),
        "single": any(entry.source == "none" and len(entry.values) == 1 and not entry.infinite for entry in quality_entries),
        "best_seed": sorted(
            {
                len(entry.values)
                for row in entries
                for entry, column in zip(row, columns, strict=True)
                if entry and column.metric.startswith("best_seed.")
            }
        ),
    }
