"""Figures as values: clean lines, labels beside what they name, colours that colour-blind readers tell apart, the same bytes each time."""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import matplotlib
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, MaxNLocator, NullLocator

from research.runs.measures import human_units

COLOURS = ("#1B7FC4", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F6BB3", "#8C8C8C")  # after Okabe & Ito 2008
Dash = Literal["-"] | tuple[int, tuple[float | int, ...]]  # matplotlib's: a name, or an offset and the lengths of dashes and gaps
DASHES: tuple[Dash, ...] = ("-", (0, (5, 2)), (0, (1.5, 1.5)))
INK, GRID = "#1c2024", "#d9dde1"  # in SVG: the page's own colours
WIDTH, HEIGHT = 6.2, 3.6  # inches
TICKS = 6  # at most, along a linear x axis
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.6,
    "lines.solid_capstyle": "round",
    "svg.fonttype": "none",
    "savefig.transparent": True,
}


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


@dataclass(frozen=True)
class Picture:
    """A drawn figure: SVG for the page, PNG for elsewhere."""

    name: str
    title: str
    caption: str
    svg: str
    png: bytes


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
    """Lines with bands, points with bars, levels and theory over one pair of axes, each labelled at its right end.

    The vertical axis ends at `y_top`, where it is given.
    """

    def draw(axes: Axes) -> None:
        for index, curve in enumerate(series):
            draw_series(axes, curve, COLOURS[index % len(COLOURS)], DASHES[index // len(COLOURS) % len(DASHES)])
        axes.set(xlabel=x_label, ylabel=y_label)
        if y_top is not None:
            y_bottom = min(min(curve.y) for curve in series)
            axes.set_ylim(y_bottom - (0.0 if log_y else 0.06 * (y_top - y_bottom)), y_top)
        _scale_axis(axes, "x", log_x, x_ticks)
        _scale_axis(axes, "y", log_y, ())
        _label_ends(axes, series)

    return _draw_picture(name, title, caption, draw, HEIGHT)


def heat_map(
    name: str,
    title: str,
    weights: Float[np.ndarray, "h t s"],
    rows: Sequence[str],
    columns: Sequence[str],
    caption: str = "",
    titles: Sequence[str] = (),
    across: int = 4,
) -> Picture:
    """Attention weights: a panel a head, or what `titles` names; a row a query (`rows`), a column a key (`columns`); `across` to a line."""
    heads, t, s = np.shape(weights)
    across = min(heads, across)
    lines = -(-heads // across)
    height = max(0.9, WIDTH / across * t / s + 0.42) * lines
    panel_titles = titles or [f"head {head + 1}" for head in range(heads)]
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name, "axes.grid": False}):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        for head, axes in enumerate(figure.subplots(lines, across, squeeze=False).ravel()):
            if head >= heads:
                axes.set_axis_off()
                continue
            axes.pcolormesh(weights[head], cmap="Blues", vmin=0.0, vmax=1.0, edgecolors="face", linewidth=0.2)
            axes.invert_yaxis()
            axes.set_aspect("equal")
            axes.set_xticks(np.arange(s) + 0.5, columns if head + across >= heads else [""] * s, rotation=90)
            axes.set_yticks(np.arange(t) + 0.5, rows if head % across == 0 else [""] * t)
            axes.tick_params(length=0, labelsize=7)
            axes.set_title(panel_titles[head], fontsize=9)
        return save_picture(figure, name, title, caption)


def _draw_picture(name: str, title: str, caption: str, draw: Callable[[Axes], None], height: float) -> Picture:
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        draw(figure.subplots())
        return save_picture(figure, name, title, caption)


def save_picture(figure: Figure, name: str, title: str, caption: str) -> Picture:
    """The figure as SVG and PNG, the same bytes each time."""
    vector, pixels = io.BytesIO(), io.BytesIO()
    figure.draw_without_rendering()
    figure.set_layout_engine("none")  # laid out once, for both files
    figure.savefig(vector, format="svg", metadata={"Date": None, "Creator": None})
    figure.savefig(pixels, format="png", dpi=160, transparent=False, facecolor="white", metadata={"Software": None})
    return Picture(name, title, caption, _inline_svg(vector.getvalue().decode(), name, title), pixels.getvalue())


def _inline_svg(svg: str, name: str, title: str) -> str:
    """The SVG element alone, its ids its own within a page, its ink and grid the page's, and a name for who cannot see it."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = svg.replace(INK, "currentColor").replace(GRID, "var(--rule, #d9dde1)")
    label = title.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)


def draw_series(axes: Axes, curve: Series, colour: str, dash: Dash) -> None:
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


def _scale_axis(axes: Axes, which: Literal["x", "y"], log: bool, ticks: Numbers) -> None:
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


def _right_end(axes: Axes, curve: Series) -> tuple[float, float]:
    if curve.kind == "level":
        return float(axes.get_xlim()[1]), float(curve.y[0])
    return float(curve.x[-1]), float(curve.y[-1])


def _label_ends(axes: Axes, series: Sequence[Series]) -> None:
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
