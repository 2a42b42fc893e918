"""Attention of a decoder as an alignment: source words above, target words at the left, the darker the more a target looks at a source."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float

from research.report.pictures import INK, WIDTH, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LETTER = 0.062  # inches a letter of a word's label takes
CELL = 0.30  # inches at most


class Alignment(NamedTuple):
    """One example; each row of the weights sums to one."""

    source: Sequence[str]  # s words
    target: Sequence[str]  # t words
    weights: Float[np.ndarray, "t s"]
    title: str = ""
    truth: Sequence[int] = ()  # of each target the true source, -1 where it has none: outlined


@dataclass(frozen=True, eq=False)
class AlignmentPlot:
    """A panel an example, `across` to a line (Bahdanau et al. 2015, figure 3). Cells are squares of one size in all panels."""

    grid: ClassVar[bool] = False
    examples: Sequence[Alignment]
    across: int

    def draw(self) -> "Figure":
        """Panels whose places follow from the longest words of their labels."""
        from matplotlib.figure import Figure

        examples, across = self.examples, min(self.across, len(self.examples))
        lines = [examples[i : i + across] for i in range(0, len(examples), across)]
        cell = min(
            CELL,
            *(WIDTH / across - _label_inches(example.target) - 0.1 for example in examples),
            *(_fitting_cell(example, across) for example in examples),
        )
        heights = [
            max(cell * len(example.target) + _label_inches(example.source) + (0.3 if example.title else 0.1) for example in line)
            for line in lines
        ]
        figure = Figure(figsize=(WIDTH, sum(heights)))
        tops = np.cumsum([0.0, *heights])
        for line, top in zip(lines, tops, strict=False):
            for column, example in enumerate(line):
                _draw(figure.add_axes(_panel_box(example, cell, column * WIDTH / across, top, sum(heights))), example)
        return figure


def alignment_plot(name: str, title: str, examples: Sequence[Alignment], caption: str = "", across: int = 2) -> Picture:
    """The figure of an `AlignmentPlot`."""
    return Picture(name, title, caption, AlignmentPlot(examples, across))


def _label_inches(words: Sequence[str]) -> float:
    """Inches that the longest of the words' labels takes."""
    return LETTER * max(map(len, words)) + 0.12


def _fitting_cell(example: Alignment, across: int) -> float:
    """The side of a cell with which an example fills its share of the width."""
    return (WIDTH / across - _label_inches(example.target) - 0.1) / len(example.source)


def _panel_box(example: Alignment, cell: float, left: float, top: float, height: float) -> tuple[float, float, float, float]:
    """Left, bottom, width and height of a panel's cells, as parts of the figure; its labels and its title stand above and left of it."""
    cells_width, cells_height = cell * len(example.source), cell * len(example.target)
    cells_top = top + _label_inches(example.source) + (0.25 if example.title else 0.05)
    return (
        (left + _label_inches(example.target)) / WIDTH,
        1 - (cells_top + cells_height) / height,
        cells_width / WIDTH,
        cells_height / height,
    )


def _draw(axes: "Axes", example: Alignment) -> None:
    t, s = np.shape(example.weights)
    axes.pcolormesh(example.weights, cmap="Blues", vmin=0.0, vmax=1.0, edgecolors="#e9ecef", linewidth=0.4)
    axes.invert_yaxis()
    axes.set_xticks(np.arange(s) + 0.5, example.source, rotation=90)
    axes.set_yticks(np.arange(t) + 0.5, example.target)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=8, pad=2)
    axes.spines[:].set_visible(False)
    for row, column in enumerate(example.truth):
        if column >= 0:
            axes.plot(column + np.array([0.04, 0.96, 0.96, 0.04, 0.04]), row + np.array([0.04, 0.04, 0.96, 0.96, 0.04]), color=INK, lw=0.8)
    if example.title:
        axes.set_title(example.title, fontsize=9, loc="left", pad=4)
