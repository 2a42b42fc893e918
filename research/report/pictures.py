"""A figure as data, and drawn as SVG, PNG and PDF: the same bytes each time. matplotlib is imported by the first that is drawn."""

import io
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from research.config.unicode import visible_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#1B7FC4", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F6BB3", "#8C8C8C")  # after Okabe & Ito 2008
MISSING = re.compile(r"Glyph (\d+) .*missing from")  # how matplotlib warns
INK, GRID = "#1c2024", "#d9dde1"  # in SVG: the page's own colours
WIDTH, HEIGHT = 6.2, 3.6  # inches
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
    "pdf.fonttype": 42,  # whole fonts, as journals ask for them
    "savefig.transparent": True,
    "text.parse_math": False,  # a dollar is a dollar
}


@runtime_checkable
class Plot(Protocol):
    """What a figure shows: numbers and words, and how they are drawn, with or without a grid behind them."""

    grid: ClassVar[bool]

    def draw(self) -> "Figure":
        """A figure of matplotlib under `STYLE`."""


class DrawnPicture(NamedTuple):
    """The files of a figure: SVG for the page, PNG for elsewhere, PDF for a paper."""

    svg: str
    png: bytes
    pdf: bytes


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure. `name`: its files' stem, of letters, digits, `_` and `-`."""

    name: str
    title: str
    caption: str
    plot: Plot

    @cached_property
    def drawn(self) -> DrawnPicture:
        """Its files, drawn when the first of them is asked for."""
        return draw_picture(self)

    @property
    def svg(self) -> str:
        return self.drawn.svg

    @property
    def png(self) -> bytes:
        return self.drawn.png

    @property
    def pdf(self) -> bytes:
        return self.drawn.pdf


def draw_picture(picture: Picture) -> DrawnPicture:
    """The figure in every format, the same bytes each time: no date, no version of a library, ids by the figure's name."""
    import matplotlib
    from matplotlib.text import Text

    style = {**STYLE, "svg.hashsalt": picture.name, "axes.grid": picture.plot.grid}
    with matplotlib.rc_context(style), _boxes_for_missing_letters():
        figure = picture.plot.draw()
        for text in figure.findobj(Text):
            text.set_text(visible_text(text.get_text(), kept="\n"))
        figure.draw_without_rendering()
        figure.set_layout_engine("none")  # laid out once, for all files
        vector, pixels, paper = io.BytesIO(), io.BytesIO(), io.BytesIO()
        figure.savefig(vector, format="svg", metadata={"Date": None, "Creator": None})
        figure.savefig(pixels, format="png", dpi=160, transparent=False, facecolor="white", metadata={"Software": None})
        figure.savefig(paper, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
    svg = _inline_svg(vector.getvalue().decode(), picture.name, picture.title)
    return DrawnPicture(svg, pixels.getvalue(), paper.getvalue())


@contextmanager
def _boxes_for_missing_letters() -> Iterator[None]:
    """What is drawn in this block has boxes for letters that the font has not, which is told once a process and not at each."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    missing = {match[1]: None for warning in caught if (match := MISSING.match(str(warning.message)))}
    if missing:
        _tell_missing("".join(chr(int(code)) for code in missing))
    for other in caught:
        if not MISSING.match(str(other.message)):
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)


@cache
def _tell_missing(letters: str) -> None:
    print(
        f"note: the font of the figures has no {', '.join(letters[:8])}{' ...' if letters[8:] else ''}: in PNG and PDF a box stands for "
        "such a letter, and SVG has it as it is.",
        file=sys.stderr,
    )


def _inline_svg(svg: str, name: str, title: str) -> str:
    """The SVG element alone, its ids its own within a page, its ink and grid the page's, and a name for who cannot see it."""
    svg = visible_text(svg[svg.index("<svg") :], kept="\n\t")
    svg = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", svg)
    svg = svg.replace(INK, "currentColor").replace(GRID, "var(--rule, #d9dde1)")
    label = visible_text(title).replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
