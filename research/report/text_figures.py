"""The figures of a sweep whose cells draw texts: quality against the length of the source, and against diversity."""

import re
from collections.abc import Sequence

import numpy as np

from research.compare.cell_labels import axis_titles, label_text, place_text
from research.compare.cells import Cell, Manifest, TableAxes, axes_of, read_spec
from research.compare.tables import measure_cell
from research.config.plain import table
from research.metrics.registry import statistic_of
from research.report.pictures import Picture
from research.report.plots import Series, line_plot
from research.report.scatter_plot import ScatterPlot, ScatterRow
from research.runs.measures import direction, scale, split_name, title

DIVERSITY_METRICS = ("test.self_bleu", "test.distinct_2")


def against_source_length(manifest: Manifest, cells: Sequence[Cell]) -> Picture | None:
    """The score of drawn texts against the length of their source, a line a cell (Bahdanau et al. 2015, figure 2)."""
    metric, axes = quality(manifest, cells), axes_of(manifest)
    series = [] if metric is None else [curve for cell in cells if (curve := _length_curve(cell, metric, axes)) is not None]
    ticks = sorted({x for curve in series for x in curve.x})
    if metric is None or len(ticks) < 2:
        return None
    side, unit = ("caption", "words") if _are_pictures(cells) else ("source", "symbols")
    caption = f"Test pairs by the length of their {side}. Line: the mean over seeds. Band: its 95% t interval, from two seeds on."
    x_ticks = ticks if len(ticks) <= 12 else ()
    heading = f"{_capital(title(metric))} by {side} length"
    return line_plot("source_lengths", heading, series, f"{side} length, {unit}", title(metric), caption, x_ticks=x_ticks)


def _are_pictures(cells: Sequence[Cell]) -> bool:
    """Whether the sources are pictures, which are all of one length; their pairs are told apart by their captions' lengths."""
    return all(table(cell.config.get("data")).get("kind") == "glyphs" for cell in cells)


def quality(manifest: Manifest, cells: Sequence[Cell]) -> str | None:
    """The sweep's metric where it scores drawn texts, or the first of BLEU, exact match, ... that a result has; None without texts."""
    present_metrics = {f"test.{name}" for cell in cells for result in cell.results.values() for name in result["metrics"].get("test", {})}
    preferred = (read_spec(manifest).metric, *(f"test.{name}" for name in ("bleu", "exact_match", "token_accuracy", "chrf")))
    return next((name for name in preferred if name in present_metrics and _is_of_texts(split_name(name)[1])), None)


def _is_of_texts(name: str) -> bool:
    statistic = statistic_of(name)
    return statistic is not None and statistic.field.made_of == "texts"


def _length_curve(cell: Cell, metric: str, axes: TableAxes) -> Series | None:
    """Means with t intervals at each length that the results have, a range's at its middle; scores and their bands lie in 0..100."""
    split, short_name = split_name(metric)
    names = {name for result in cell.results.values() for name in result["metrics"].get(split, {})}
    groups = [match for name in names if (match := re.fullmatch(rf"{short_name}_at_(\d+)(?:_to_(\d+))?", name))]
    lengths = {f"{split}.{match.group(0)}": (int(match.group(1)) + int(match.group(2) or match.group(1))) / 2 for match in groups}
    intervals = [(lengths[name], measure_cell(cell, name)[0]) for name in sorted(lengths, key=lengths.__getitem__)]
    points = [(length, *np.clip(scale(metric) * np.array(interval), 0.0, 100.0)) for length, interval in intervals if interval]
    if len(points) < 2:
        return None
    x, mean, low, high = (list(column) for column in zip(*points, strict=True))
    return Series(place_text(cell.labels, *axes), x, mean, low, high)


def against_diversity(manifest: Manifest, cells: Sequence[Cell]) -> Picture | None:
    """The score of drawn texts against how much texts for one prompt differ (Caccia et al. 2020): a colour a row, a point a column."""
    metric, axes = quality(manifest, cells), axes_of(manifest)
    diversity_metric = next((name for name in DIVERSITY_METRICS if any(cell.values(name) for cell in cells)), None)
    plotted = [cell for cell in cells if diversity_metric and metric and cell.values(diversity_metric) and cell.values(metric)]
    if metric is None or diversity_metric is None or len(plotted) < 2:
        return None
    rows: dict[str, list[Cell]] = {}
    for cell in plotted:
        rows.setdefault(label_text(cell.labels, axes.rows), []).append(cell)
    scatter_rows = [_scatter_row(label, members, diversity_metric, metric, axes) for label, members in rows.items()]
    direction_text = "less is more diverse" if direction(diversity_metric) < 0 else "more is more diverse"
    axes_text = f", beside it its {' and '.join(axis_titles(axes.columns))}" if axes.columns else ""
    plot = ScatterPlot(scatter_rows, f"{title(diversity_metric)} ({direction_text})", title(metric))
    caption = f"A point a cell{axes_text}. Bars: 95% intervals, as in the table."
    return Picture("diversity", f"{_capital(title(metric))} against diversity", caption, plot)


def _scatter_row(label: str, cells: Sequence[Cell], diversity_metric: str, metric: str, axes: TableAxes) -> ScatterRow:
    (x, x_bars), (y, y_bars) = _error_bars(cells, diversity_metric), _error_bars(cells, metric)
    return ScatterRow(label, x, y, x_bars, y_bars, [label_text(cell.labels, axes.columns) for cell in cells])


def _error_bars(cells: Sequence[Cell], metric: str) -> tuple[np.ndarray, np.ndarray]:
    """Means [n], and how far below and above them the intervals reach [2 n]."""
    intervals = [measure_cell(cell, metric)[0] for cell in cells]
    scaled = scale(metric) * np.array([interval for interval in intervals if interval is not None])
    mean, low, high = scaled.T
    return mean, np.stack([mean - low, high - mean])


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
