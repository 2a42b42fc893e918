"""Words as points of a plane, each named."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from jaxtyping import Float

from research.report.pictures import COLOURS, INK, WIDTH, Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAP_HEIGHT = 4.6  # inches


@dataclass(frozen=True, eq=False)
class WordMap:
    """Both axes have one scale, since distances are what is shown; their numbers mean nothing and are left out.

    A name stands right of its point, or left of it in the right third, so that none leaves the plot.
    """

    grid: ClassVar[bool] = False
    points: Float[np.ndarray, "n 2"]
    words: Sequence[str]

    def draw(self) -> "Figure":
        """Points, each with its word beside it."""
        from matplotlib.figure import Figure

        figure = Figure(figsize=(WIDTH, MAP_HEIGHT), layout="constrained")
        axes = figure.subplots()
        axes.plot(self.points[:, 0], self.points[:, 1], "o", color=COLOURS[0], markersize=4)
        axes.set_aspect("equal", adjustable="datalim")
        axes.margins(0.12)
        axes.set(xticks=[], yticks=[], xlabel="first direction", ylabel="second direction")
        border = self.points[:, 0].min() + 2 / 3 * np.ptp(self.points[:, 0])
        for word, (x, y) in zip(self.words, self.points.tolist(), strict=True):
            side = -1 if x > border else 1
            align: Any = "right" if side < 0 else "left"
            axes.annotate(word, (x, y), (5 * side, 0), textcoords="offset points", ha=align, va="center", color=INK, fontsize=8)
        return figure


def word_map(name: str, title: str, points: Float[np.ndarray, "n 2"], words: Sequence[str], caption: str = "") -> Picture:
    """The figure of a `WordMap`."""
    return Picture(name, title, caption, WordMap(points, words))
