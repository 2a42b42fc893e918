"""Attention of a decoder as an alignment: source words above, target words at the left, the darker the more a target looks at a source."""

from collections.abc import Sequence
from typing import NamedTuple

import matplotlib
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from research.results.plots import INK, STYLE, WIDTH, Picture, save_picture

LETTER = 0.062  # inches a letter of a word's label takes
CELL = 0.30  # inches at most


class Alignment(NamedTuple):
    """One example; each row of the weights sums to one."""

    source: Sequence[str]  # s words
    target: Sequence[str]  # t words
    weights: Float[np.ndarray, "t s"]
    title: str = ""
    truth: Sequence[int] = ()  # of each target the true source, -1 where it has none: outlined


def alignment_plot(name: str, title: str, examples: Sequence[Alignment], caption: str = "", across: int = 2) -> Picture:
    """A panel an example, `across` to a line (Bahdanau et al. 2015, figure 3). Cells are squares of one size in all panels."""
    across = min(across, len(examples))
    lines = [examples[i : i + across] for i in range(0, len(examples), across)]
    cell = min(CELL, *(WIDTH / across - _letters(one.target) - 0.1 for one in examples), *(_fitting(one, across) for one in examples))
    heights = [max(cell * len(one.target) + _letters(one.source) + (0.3 if one.title else 0.1) for one in line) for line in lines]
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name, "axes.grid": False}):
        figure = Figure(figsize=(WIDTH, sum(heights)))
        tops = np.cumsum([0.0, *heights])
        for line, top in zip(lines, tops, strict=False):
            for column, one in enumerate(line):
                _draw(figure.add_axes(_place(one, cell, column * WIDTH / across, top, sum(heights))), one)
        return save_picture(figure, name, title, caption)


def _letters(words: Sequence[str]) -> float:
    """Inches that the longest of the words' labels takes."""
    return LETTER * max(map(len, words)) + 0.12


def _fitting(one: Alignment, across: int) -> float:
    """The side of a cell with which an example fills its share of the width."""
    return (WIDTH / across - _letters(one.target) - 0.1) / len(one.source)


def _place(one: Alignment, cell: float, left: float, top: float, height: float) -> tuple[float, float, float, float]:
    """Left, bottom, width and height of a panel's cells, as parts of the figure; its labels and its title stand above and left of it."""
    wide, high = cell * len(one.source), cell * len(one.target)
    above = top + _letters(one.source) + (0.25 if one.title else 0.05)
    return (left + _letters(one.target)) / WIDTH, 1 - (above + high) / height, wide / WIDTH, high / height


def _draw(axes: Axes, one: Alignment) -> None:
    t, s = np.shape(one.weights)
    axes.pcolormesh(one.weights, cmap="Blues", vmin=0.0, vmax=1.0, edgecolors="#e9ecef", linewidth=0.4)
    axes.invert_yaxis()
    axes.set_xticks(np.arange(s) + 0.5, one.source, rotation=90)
    axes.set_yticks(np.arange(t) + 0.5, one.target)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelsize=8, pad=2)
    axes.spines[:].set_visible(False)
    for row, column in enumerate(one.truth):
        if column >= 0:
            axes.plot(column + np.array([0.04, 0.96, 0.96, 0.04, 0.04]), row + np.array([0.04, 0.04, 0.96, 0.96, 0.04]), color=INK, lw=0.8)
    if one.title:
        axes.set_title(one.title, fontsize=9, loc="left", pad=4)
