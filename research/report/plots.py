"""Lines, points and levels over one pair of axes: labels beside what they name, colours that colour-blind readers tell apart."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from research.report.pictures import COLOURS, HEIGHT, INK, WIDTH, Picture
from research.runs.measures import human_units

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Dash = Literal["-"] | tuple[int, tuple[float | int, ...]]  # matplotlib's: a name, or an offset and the lengths of dashes and gaps
DASHES: tuple[Dash, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)))
TICKS = 6  # at most, along a linear x axis
Numbers = Sequence[float | int] | np.ndarray


@dataclass(frozen=True)
class Series:
    """One thing in a plot: a line, points, a horizontal level (y[0]), or a dashed line of theory."""

    label: str
    x: Numbers
    y: Numbers
    low: Numbers | None = None
    high: Numbers | None = None
    kind: Literal["line", "points", "level", "theory"] = "line"
    strands: Sequence[tuple[Numbers, Numbers]] = field(default=())  # thin lines that end early, as (x, y)
    ringed: Sequence[tuple[float, float]] = field(default=())  # points that stand out


@dataclass(frozen=True, eq=False)
class LinePlot:
    """Lines with bands, points with bars, levels and theory over one pair of axes, each labelled at its right end.

    The vertical axis ends at `y_top`, where it is given.
    """

    grid: ClassVar[bool] = True
    series: Sequence[Series]
    x_label: str
    y_label: str
    log_x: bool = False
    log_y: bool = False
    x_ticks: Numbers = ()
    y_top: float | None = None

    def draw(self) -> "Figure":
        """Series by series, then the scales, then the labels at the ends."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        axes = figure.subplots()
        for index, curve in enumerate(self.series):
            draw_series(axes, curve, COLOURS[index % len(COLOURS)], DASHES[index // len(COLOURS) % len(DASHES)])
        axes.set(xlabel=self.x_label, ylabel=self.y_label)
        if self.y_top is not None:
            y_bottom = min(min(curve.y) for curve in self.series)
            axes.set_ylim(y_bottom - (0.0 if self.log_y else 0.06 * (self.y_top - y_bottom)), self.y_top)
        _scale_axis(axes, "x", self.log_x, self.x_ticks)
        _scale_axis(axes, "y", self.log_y, ())
        _label_ends(axes, self.series)
        return figure


def line_plot(
    name: str,
    title: str,
    series: Sequence[Series],
    x_label: str,
    y_label: str,
    caption: str = "",
    log_x: bool = False,
    log_y: bool = False,
    x_ticks: Numbers = (),
    y_top: float | None = None,
) -> Picture:
    """The figure of a `LinePlot`."""
    return Picture(name, title, caption, LinePlot(tuple(series), x_label, y_label, log_x, log_y, x_ticks, y_top))


def draw_series(axes: "Axes", curve: Series, colour: str, dash: Dash) -> None:
    """A line, points, or a level, with its band or bars."""
    if curve.kind == "level":
        axes.axhline(curve.y[0], color=colour, linestyle=(0, (1, 2)), linewidth=1.2)
        if len(curve.x):
            axes.plot(curve.x[:1], curve.y[:1], "D", color=colour, markersize=5)
    elif curve.kind == "theory":
        axes.plot(curve.x, curve.y, color=INK, linestyle=(0, (4, 3)), linewidth=1.0)
    elif curve.kind == "points":
        bars = (
            None if curve.low is None or curve.high is None else np.abs([np.subtract(curve.y, curve.low), np.subtract(curve.high, curve.y)])
        )
        axes.errorbar(curve.x, curve.y, yerr=bars, fmt="o", color=colour, markersize=5, elinewidth=1.2, capsize=2.5)
    else:
        marker, z_order = "o" if len(curve.x) < 12 else None, 3 if len(curve.x) == 1 else 2
        axes.plot(curve.x, curve.y, color=colour, linestyle=dash, marker=marker, markersize=3.5, zorder=z_order)
        if curve.low is not None and curve.high is not None:
            axes.fill_between(curve.x, curve.low, curve.high, color=colour, alpha=0.18, linewidth=0)
    for point in curve.ringed:
        axes.plot(point[:1], point[1:], "o", color=colour, markersize=9, markerfacecolor="none", markeredgewidth=1.4)
    for x, y in curve.strands:
        axes.plot(x, y, color=colour, linewidth=0.8, alpha=0.8)
        axes.plot(x[-1:], y[-1:], "x", color=colour, markersize=6)


def _scale_axis(axes: "Axes", which: Literal["x", "y"], log: bool, ticks: Numbers) -> None:
    from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

    axis = getattr(axes, f"{which}axis")
    if log:
        getattr(axes, f"set_{which}scale")("log")
        low, high = getattr(axes, f"get_{which}lim")()
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high / low < 300 else (1.0,)))
        axis.set_minor_locator(NullLocator())
    if len(ticks):
        axis.set_major_locator(FixedLocator([float(tick) for tick in ticks]))
    elif which == "x" and not log:
        axis.set_major_locator(MaxNLocator(TICKS))  # beside each other there is no room for more
    low, high = getattr(axes, f"get_{which}lim")()
    if log or high >= 10_000:
        axis.set_major_formatter(FuncFormatter(lambda value, _: _tick_text(float(value))))
    if log and not len(ticks):
        visible_ticks = [tick for tick in axis.get_major_locator().tick_values(low, high) if low <= tick <= high]
        if len(visible_ticks) < 3:
            axis.set_major_locator(FixedLocator([float(f"{tick:.2g}") for tick in np.geomspace(low, high, 6)[1:-1]]))


def _tick_text(value: float) -> str:
    if 0 < abs(value) < 1:
        return f"{value:.3g}"
    return (
        f"{value:.2e}".replace("e+", "e")
        if value >= 1e15
        else re.sub(r"(\.\d*?)0+(?=\s|$)", r"\1", human_units(value)).replace(". ", " ").rstrip(".")
    )


def _right_end(axes: "Axes", curve: Series) -> tuple[float, float]:
    if curve.kind == "level":
        return float(axes.get_xlim()[1]), float(curve.y[0])
    return float(curve.x[-1]), float(curve.y[-1])


def _label_ends(axes: "Axes", series: Sequence[Series]) -> None:
    """Each label right of the axes, at the height of its series' end or as near as its neighbours let it be, with a leader to it.

    A line of a single point is named there: a leader across the plot would pass for the line.
    """
    axes.set_xlim(axes.get_xlim())
    axes.set_ylim(axes.get_ylim())
    curves = [(curve, INK if curve.kind == "theory" else COLOURS[i % len(COLOURS)]) for i, curve in enumerate(series)]
    outside = [(curve, colour) for curve, colour in curves if curve.kind != "line" or len(curve.x) > 1]
    for curve, colour in curves:
        if curve.kind == "line" and len(curve.x) == 1:
            axes.annotate(curve.label, xy=_right_end(axes, curve), xytext=(8, 0), textcoords="offset points", va="center", color=colour)
    ends = [_right_end(axes, curve) for curve, _ in outside]
    heights = [float(axes.transAxes.inverted().transform(axes.transData.transform(end))[1]) for end in ends]
    for (curve, colour), end, height in zip(outside, ends, _spread(heights, 0.062), strict=True):
        axes.annotate(
            curve.label,
            xy=end,
            xytext=(1.045, height),
            textcoords="axes fraction",
            verticalalignment="center",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 1.0, "shrinkA": 1.0, "shrinkB": 2.0, "relpos": (0.0, 0.5)},
        )


def _spread(heights: Sequence[float], gap: float) -> list[float]:
    """Heights moved as little as a pass needs so that none is nearer than `gap` to the next, centred on where they were."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    groups: list[list[int]] = []
    for i in order:
        groups.append([i])
        while len(groups) > 1 and _top(groups[-2], heights, gap) + gap > _bottom(groups[-1], heights, gap):
            groups[-2:] = [groups[-2] + groups[-1]]
    placed = {i: _bottom(group, heights, gap) + gap * k for group in groups for k, i in enumerate(group)}
    return [placed[i] for i in range(len(heights))]


def _bottom(group: Sequence[int], heights: Sequence[float], gap: float) -> float:
    return max(0.0, sum(heights[i] for i in group) / len(group) - gap * (len(group) - 1) / 2)


def _top(group: Sequence[int], heights: Sequence[float], gap: float) -> float:
    return _bottom(group, heights, gap) + gap * (len(group) - 1)
