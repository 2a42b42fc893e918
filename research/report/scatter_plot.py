"""Points with bars both ways, a colour a row: two metrics of the same cells against each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float

from research.report.pictures import COLOURS, HEIGHT, INK, WIDTH

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


class ScatterRow(NamedTuple):
    """The points of one row, joined by a line. Bars: how far below and above a point its intervals reach."""

    label: str
    x: Float[np.ndarray, " n"]
    y: Float[np.ndarray, " n"]
    x_bars: Float[np.ndarray, "2 n"]
    y_bars: Float[np.ndarray, "2 n"]
    names: Sequence[str]  # n, beside the points


@dataclass(frozen=True, eq=False)
class ScatterPlot:
    """Rows of points over one pair of axes, named in a legend at the right."""

    grid: ClassVar[bool] = True
    rows: Sequence[ScatterRow]
    x_label: str
    y_label: str

    def draw(self) -> "Figure":
        """Row by row, then the legend."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        axes = figure.subplots()
        for index, row in enumerate(self.rows):
            _draw_row(axes, row, COLOURS[index % len(COLOURS)])
        axes.set(xlabel=self.x_label, ylabel=self.y_label)
        axes.margins(0.08)
        axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))
        return figure


def _draw_row(axes: "Axes", row: ScatterRow, colour: str) -> None:
    style = "-" if len(row.x) > 1 else "none"
    axes.errorbar(
        *(row.x, row.y, row.y_bars, row.x_bars),
        fmt="o",
        ls=style,
        lw=1.0,
        color=colour,
        markersize=4.5,
        elinewidth=0.9,
        capsize=2,
        label=row.label,
    )
    for name, *point in zip(row.names, row.x, row.y, strict=True):
        axes.annotate(name, (point[0], point[1]), (5, 5), textcoords="offset points", color=INK, fontsize=7)
