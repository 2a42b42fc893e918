"""Validation where there is no file for it: lines of the training file that are held out of training."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np

from research.config.errors import StepladderError

Line = TypeVar("Line")


def hold_out(share: float | int, lines: Sequence[Line], classes: Sequence[Hashable], place: str) -> tuple[list[Line], list[Line]]:
    """Training and validation: a share of the lines, or so many of them, of which each class has its part; both in the order of the lines.

    They are a function of the lines' number and classes alone: drawn by a fixed permutation, the same for every seed. The first line of
    each class in that permutation stays with training. Raises StepladderError where nothing would be left for either.
    """
    ranks = {name: rank for rank, name in enumerate(dict.fromkeys(classes))}
    order = sorted(np.random.default_rng(0).permutation(len(lines)).tolist(), key=lambda number: ranks[classes[number]])
    free = [number for place, number in enumerate(order) if place and classes[number] == classes[order[place - 1]]]
    count = share if isinstance(share, int) else round(share * len(lines))
    if not 1 <= count <= len(free):
        raise StepladderError(
            f"data.valid = {share} holds out {count} of the {len(lines)} lines of {place}, and 1 to {len(free)} can be: one line of each "
            "class stays with training. Ask for another share, or bring more lines."
        )
    held_out = {free[int((rank + 0.5) * len(free) / count)] for rank in range(count)}
    return [line for number, line in enumerate(lines) if number not in held_out], [lines[number] for number in sorted(held_out)]
