"""Small plots beside and below each other, all with the same axes, so that the eye compares them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from research.report.pictures import COLOURS, INK, Picture
from research.report.plots import DASHES, Dash, Series, draw_series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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


@dataclass(frozen=True, eq=False)
class PanelPlot:
    """Rows of panels over one range of x and of y; the labels of a row's series stand once, at its right."""

    grid: ClassVar[bool] = True
    rows: Sequence[Sequence[Panel]]
    x_label: str
    y_label: str
    log_y: bool
    y_range: tuple[float, float] | None

    def draw(self) -> "Figure":
        """Panel by panel, then the scale that all share."""
        from matplotlib.figure import Figure
        from matplotlib.ticker import LogLocator, NullLocator

        figure = Figure(figsize=(PANELS_WIDTH, PANEL_HEIGHT * len(self.rows) + 0.4), layout="constrained")
        grid = figure.subplots(len(self.rows), len(self.rows[0]), sharex=True, sharey=True, squeeze=False)
        for row, places in zip(self.rows, grid, strict=True):
            for panel, axes in zip(row, places, strict=True):
                _draw_panel(axes, panel)
            _draw_legend(places[-1], row)
        if self.log_y:
            grid[0, 0].set_yscale("log")
            grid[0, 0].yaxis.set_major_locator(LogLocator(numticks=6))
            grid[0, 0].yaxis.set_minor_locator(NullLocator())
        if self.y_range is not None:
            grid[0, 0].set_ylim(*self.y_range)
        figure.supxlabel(self.x_label, fontsize=9)
        figure.supylabel(self.y_label, fontsize=9)
        return figure


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
    """The figure of a `PanelPlot`."""
    return Picture(name, title, caption, PanelPlot(rows, x_label, y_label, log_y, y_range))


def _draw_panel(axes: "Axes", panel: Panel) -> None:
    for index, curve in enumerate(panel.series):
        draw_series(axes, curve, *panel.style(index))
    axes.set_title(panel.title, fontsize=9, loc="left")


def _draw_legend(axes: "Axes", row: Sequence[Panel]) -> None:
    """The legend of a row: each label once."""
    from matplotlib.lines import Line2D

    lines: dict[str, Line2D] = {}
    for panel in row:
        for index, curve in enumerate(panel.series):
            theory = curve.kind == "theory"
            colour, dash = (INK, THEORY) if theory else panel.style(index)
            lines.setdefault(curve.label, Line2D([], [], color=colour, linestyle=dash, linewidth=1.0 if theory else 1.6))
    place: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.03, 0.5)}
    axes.legend(list(lines.values()), list(lines), frameon=False, fontsize=8, handlelength=2.2, **place)
