"""The figures of what decoders look at: the first test pairs of each cell, as its first finished seed has kept them."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from research.compare.cell_labels import place_text
from research.compare.cells import Cell, Manifest, TableAxes, axes_of
from research.config.errors import DamagedFileError
from research.report.alignment_plot import Alignment, alignment_plot
from research.report.caption_plot import Caption, caption_plot
from research.report.pictures import Picture
from research.runs.store import read_arrays

PANELS = 4  # alignments in a figure, one of each cell before two of any
LINES = 6  # captions in a figure
WIDE = 14  # words of a source that has a line of panels for itself
OVER_TRUE = "What the decoder looks at while it reads the true target; of many heads, the mean of the last layer's."


class AttendedPair(NamedTuple):
    """What a cell's first finished seed has kept of a pair. `written`: what it says of it when it decodes."""

    label: str
    source: np.ndarray  # names, or the grey levels of a picture
    target: tuple[str, ...]
    weights: np.ndarray
    text: str  # the source as people read it
    written: str


def alignments(manifest: Manifest, cells: Sequence[Cell]) -> Picture | None:
    """Pairs of texts as matrices (Bahdanau et al. 2015, figure 3)."""
    selected = _interleave(
        [pairs for cell in cells if (pairs := _attention_pairs(cell, axes_of(manifest))) and not _is_picture(pairs[0])], PANELS
    )
    if not selected:
        return None
    examples = [Alignment([*map(str, pair.source)], pair.target, pair.weights, pair.label) for pair in selected]
    across = 1 if any(len(pair.source) > WIDE for pair in selected) else 2
    caption = f"The first test pairs of each row. {OVER_TRUE}"
    return alignment_plot("alignments", "Alignments", examples, caption, across)


def captions(manifest: Manifest, cells: Sequence[Cell]) -> Picture | None:
    """Captions over their pictures (Xu et al. 2015, figure 2)."""
    selected = _interleave(
        [pairs for cell in cells if (pairs := _attention_pairs(cell, axes_of(manifest))) and _is_picture(pairs[0])], LINES
    )
    if not selected:
        return None
    ink = max(int(pair.source.max()) for pair in selected)
    examples = [
        Caption(_square(pair.source) / ink, pair.target, pair.weights, f"{pair.label}: {_code_point(pair.text)}, written: {pair.written}")
        for pair in selected
    ]
    caption = f"The first test pictures of each row, and their true captions. {OVER_TRUE} The colour is full at a line's greatest weight."
    return caption_plot("captions", "Where a caption looks", examples, caption)


def _attention_pairs(cell: Cell, axes: TableAxes) -> list[AttendedPair]:
    """The pairs of a cell; none where it has no attention, or no seed is done."""
    if not cell.results:
        return []
    folder = cell.folder / f"seed-{min(cell.results)}"
    try:
        arrays = read_arrays(folder / "attention.npz")
        return [] if arrays is None else [_pair(cell, axes, arrays, i, text) for i, text in enumerate(_texts(folder, len(arrays) // 3))]
    except (DamagedFileError, OSError, ValueError, KeyError):  # a picture less
        return []


def _texts(folder: Path, n: int) -> list[dict[str, str]]:
    with (folder / "texts.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line, _ in zip(lines, range(n), strict=False)]


def _pair(cell: Cell, axes: TableAxes, arrays: Mapping[str, np.ndarray], i: int, text: Mapping[str, str]) -> AttendedPair:
    target = tuple(map(str, arrays[f"target_{i}"]))
    return AttendedPair(
        place_text(cell.labels, *axes), arrays[f"source_{i}"], target, arrays[f"weights_{i}"], text["source"], text["written"]
    )


def _is_picture(pair: AttendedPair) -> bool:
    return pair.source.dtype.kind == "i"


def _interleave(cells: Sequence[Sequence[AttendedPair]], limit: int) -> list[AttendedPair]:
    """As many pairs of every cell as fit; the same pair of all cells stands together."""
    per_cell = max(1, limit // max(1, len(cells)))
    return [pairs[i] for i in range(per_cell) for pairs in cells[:limit] if i < len(pairs)]


def _square(levels: np.ndarray) -> np.ndarray:
    return levels.reshape(math.isqrt(len(levels)), -1)


def _code_point(source: str) -> str:
    """The code point of `e U+0065`; the page's font may lack the character."""
    return source.split(" ")[-1]
