"""Words as points of a plane, each named."""

from collections.abc import Sequence
from typing import Any

import matplotlib
import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from research.report.plots import COLOURS, INK, STYLE, WIDTH, Picture, save_picture

HEIGHT = 4.6  # inches


def word_map(name: str, title: str, points: Float[np.ndarray, "n 2"], words: Sequence[str], caption: str = "") -> Picture:
    """Both axes have one scale, since distances are what is shown; their numbers mean nothing and are left out.

    A name stands right of its point, or left of it in the right third, so that none leaves the plot.
    """
    with matplotlib.rc_context({**STYLE, "svg.hashsalt": name, "axes.grid": False}):
        figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        axes = figure.subplots()
        axes.plot(points[:, 0], points[:, 1], "o", color=COLOURS[0], markersize=4)
        axes.set_aspect("equal", adjustable="datalim")
        axes.margins(0.12)
        axes.set(xticks=[], yticks=[], xlabel="first direction", ylabel="second direction")
        border = points[:, 0].min() + 2 / 3 * np.ptp(points[:, 0])
        for word, (x, y) in zip(words, points.tolist(), strict=True):
            side = -1 if x > border else 1
            align: Any = "right" if side < 0 else "left"
            axes.annotate(word, (x, y), (5 * side, 0), textcoords="offset points", ha=align, va="center", color=INK, fontsize=8)
        return save_picture(figure, name, title, caption)
