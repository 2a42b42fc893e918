"""Matrices of weights beside each other, the darker the larger: attention maps, a panel a head."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from jaxtyping import Float

from research.report.pictures import WIDTH, Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False)
class HeatMap:
    """A panel a head, or what `titles` names; a row a query (`rows`), a column a key (`columns`); `across` to a line."""

    grid: ClassVar[bool] = False
    weights: Float[np.ndarray, "h t s"]
    rows: Sequence[str]
    columns: Sequence[str]
    titles: Sequence[str]
    across: int

    def draw(self) -> "Figure":
        """Panels whose outer edges alone name rows and columns."""
        from matplotlib.figure import Figure

        heads, t, s = np.shape(self.weights)
        across = min(heads, self.across)
        lines = -(-heads // across)
        height = max(0.9, WIDTH / across * t / s + 0.42) * lines
        panel_titles = self.titles or [f"head {head + 1}" for head in range(heads)]
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        for head, axes in enumerate(figure.subplots(lines, across, squeeze=False).ravel()):
            if head >= heads:
                axes.set_axis_off()
                continue
            axes.pcolormesh(self.weights[head], cmap="Blues", vmin=0.0, vmax=1.0, edgecolors="face", linewidth=0.2)
            axes.invert_yaxis()
            axes.set_aspect("equal")
            axes.set_xticks(np.arange(s) + 0.5, self.columns if head + across >= heads else [""] * s, rotation=90)
            axes.set_yticks(np.arange(t) + 0.5, self.rows if head % across == 0 else [""] * t)
            axes.tick_params(length=0, labelsize=7)
            axes.set_title(panel_titles[head], fontsize=9)
        return figure


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
    """The figure of a `HeatMap`: attention weights, four panels to a line."""
    return Picture(name, title, caption, HeatMap(weights, rows, columns, titles, across))
