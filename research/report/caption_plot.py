"""Attention of a decoder over a picture: the picture, and for each word of its caption where it looks (Xu et al. 2015, figure 2)."""

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float

from research.report.pictures import COLOURS, INK, WIDTH, Picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WORD = 11  # letters of a line of a word
LETTERS = 0.10  # inches of a line of a word
TITLE = 0.30  # inches above an example
GAP = 0.06  # inches between panels
WIDEST = 0.95  # inches of a panel


class Caption(NamedTuple):
    """One example. Pixels are grey from 0, the ground, to 1; each row of the weights, over the places of a square grid, sums to one."""

    picture: Float[np.ndarray, "a a"]
    words: Sequence[str]  # t
    weights: Float[np.ndarray, "t p"]
    title: str = ""


@dataclass(frozen=True, eq=False)
class CaptionPlot:
    """A line an example: its picture, then a panel a word. The colour is full at the greatest weight of the line."""

    grid: ClassVar[bool] = False
    examples: Sequence[Caption]

    def draw(self) -> "Figure":
        """Panels of one size, those of an example beside each other."""
        from matplotlib.figure import Figure

        examples = self.examples
        side = min(WIDEST, WIDTH / (1 + max(len(example.words) for example in examples)) - GAP)
        line = TITLE + LETTERS * max(len(_wrapped_lines(word)) for example in examples for word in example.words) + side + GAP
        figure = Figure(figsize=(WIDTH, line * len(examples)))
        for number, example in enumerate(examples):
            top = 1 - number / len(examples)
            figure.text(0.5 * GAP / WIDTH, top - 0.05 / (line * len(examples)), example.title, fontsize=8, va="top")
            bottom = top - (line - GAP) / (line * len(examples))
            for column in range(1 + len(example.words)):
                place = ((0.5 * GAP + column * (side + GAP)) / WIDTH, bottom, side / WIDTH, side / (line * len(examples)))
                _draw(figure.add_axes(place), example, column - 1)
        return figure


def caption_plot(name: str, title: str, examples: Sequence[Caption], caption: str = "") -> Picture:
    """The figure of a `CaptionPlot`."""
    return Picture(name, title, caption, CaptionPlot(examples))


def upsample_weights(weights: Float[np.ndarray, " p"], side: int) -> Float[np.ndarray, "a a"]:
    """Weights of a square grid of places, for each of `side` x `side` pixels: linear between the middles of places, level beyond them."""
    places = math.isqrt(len(weights))
    positions = np.clip((np.arange(side) + 0.5) * places / side - 0.5, 0, places - 1)
    share = np.maximum(0.0, 1.0 - np.abs(positions[:, None] - np.arange(places)[None]))
    return share @ weights.reshape(places, places) @ share.T


def _draw(axes: "Axes", example: Caption, word: int) -> None:
    """The picture alone, or under the attention of a word."""
    axes.imshow(example.picture, cmap="Greys", vmin=0.0, vmax=1.0, interpolation="nearest")
    if word >= 0:
        axes.imshow(
            _overlay(upsample_weights(example.weights[word], len(example.picture)) / example.weights.max()), interpolation="nearest"
        )
        axes.set_title("\n".join(_wrapped_lines(example.words[word])), fontsize=6.5, color=INK, pad=2)
    axes.set(xticks=(), yticks=())
    axes.spines[:].set(visible=True, linewidth=0.4)


def _wrapped_lines(word: str) -> list[str]:
    return textwrap.wrap(word, WORD)


def _overlay(strength: Float[np.ndarray, "a a"]) -> Float[np.ndarray, "a a 4"]:
    """One colour, the less transparent the stronger."""
    from matplotlib.colors import to_rgb

    colour = np.broadcast_to(np.array(to_rgb(COLOURS[1])), (*strength.shape, 3))
    return np.concatenate([colour, 0.85 * strength[..., None]], axis=-1)
