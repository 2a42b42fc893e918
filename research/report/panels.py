"""Small plots beside and below each other, all with the same axes, so that the eye compares them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from research.report.plots import COLOURS, DASHES, INK, STYLE, Dash, Picture, Series, draw_series, save_picture

PANEL_HEIGHT, PANELS_WIDTH = 1.8, 7.2  # inches
THEORY: Dash = (0, (4, 3))


@dataclass(frozen=True)
class Panel:
    """One small plot. `styles`: the numbers of the colour and of the dash of each series; by default a colour each."""

    title: str
    series: Sequence[Series]
    styles: Sequence[tuple[int, int]] = ()

    def style(self, index: int) -> tuple[str, Dash]:
        """Colour and dash of a series."""
        colour, dash = self.styles[index] if self.styles else (index, 0)
        return COLOURS[colour % len(COLOURS)], DASHES[dash % len(DASHES)]


def panel_plot(
    name: str,
    title: str,
    rows: Sequence[Sequence[Panel]],
    x_label: str,
    y_label: str,
    caption: str = "",
    log_y: bool = False,
    y_range: tuple[float, float] | None = None,
) -> Picture:
    """Rows of panels over one range of x and of y; the labels of a row's series stand once, at its right."""
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(PANELS_WIDTH, PANEL_HEIGHT * len(rows) + 0.4), layout="constrained")
        grid = figure.subplots(len(rows), len(rows[0]), sharex=True, sharey=True, squeeze=False)
        for row, places in zip(rows, grid, strict=True):
            for panel, axes in zip(row, places, strict=True):
                _draw_panel(axes, panel)
            _draw_legend(places[-1], row)
        if log_y:
            grid[0, 0].set_yscale("log")
            grid[0, 0].yaxis.set_major_locator(LogLocator(numticks=6))
            grid[0, 0].yaxis.set_minor_locator(NullLocator())
        if y_range is not None:
            grid[0, 0].set_ylim(*y_range)
        figure.supxlabel(x_label, fontsize=9)
        figure.supylabel(y_label, fontsize=9)
        return save_picture(figure, name, title, caption)


def _draw_panel(axes: Axes, panel: Panel) -> None:
    for index, curve in enumerate(panel.series):
        draw_series(axes, curve, *panel.style(index))
    axes.set_title(panel.title, fontsize=9, loc="left")


def _draw_legend(axes: Axes, row: Sequence[Panel]) -> None:
    """The legend of a row: each label once."""
    lines: dict[str, Line2D] = {}
    for panel in row:
        for index, curve in enumerate(panel.series):
            theory = curve.kind == "theory"
            colour, dash = (INK, THEORY) if theory else panel.style(index)
            lines.setdefault(curve.label, Line2D([], [], color=colour, linestyle=dash, linewidth=1.0 if theory else 1.6))
    place: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.03, 0.5)}
    axes.legend(list(lines.values()), list(lines), frameon=False, fontsize=8, handlelength=2.2, **place)
