"""Validation where there is no file for it: lines of the training file that are held out of training."""

from collections.abc import Hashable, Sequence
from typing import TypeVar

import numpy as np
from jaxtyping import Bool

from research.config.errors import StepladderError
from research.data.download import sha256

Line = TypeVar("Line")


def hold_out(
    share: float | int, lines: Sequence[Line], classes: Sequence[Hashable], place: str, split: str = "valid", total: int | None = None
) -> tuple[list[Line], list[Line]]:
    """Training and a split: a share of the lines, or so many of them, of which each class has its part; both in the order of the lines.

    `total`: of how many lines it is a share, where some have been held out before; by default of these.

    They are a function of the lines' number and classes alone: drawn by a fixed permutation, the same for every seed. The first line of
    each class in that permutation stays with training. Raises StepladderError where nothing would be left for either.
    """
    ranks = {name: rank for rank, name in enumerate(dict.fromkeys(classes))}
    order = sorted(np.random.default_rng(0).permutation(len(lines)).tolist(), key=lambda number: ranks[classes[number]])
    free = [number for place, number in enumerate(order) if place and classes[number] == classes[order[place - 1]]]
    count = _held_out_count(share, len(lines), len(free), place, split, total)
    held_out = {free[int((rank + 0.5) * len(free) / count)] for rank in range(count)}
    return [line for number, line in enumerate(lines) if number not in held_out], [lines[number] for number in sorted(held_out)]


def hold_out_groups(
    share: float | int,
    lines: Sequence[Line],
    classes: Sequence[Hashable],
    groups: Sequence[str],
    place: str,
    split: str = "valid",
    total: int | None = None,
) -> tuple[list[Line], list[Line]]:
    """As `hold_out`, but no group has lines in both; as near to the share, and to each class's part of it, as whole groups come.

    Groups are tried in the order of the digests of their names, whatever the order of the lines. Raises StepladderError where no group can
    be held out, since training would lose a class, or be as far from the share as without.
    """
    names, numbers = np.unique(np.array(classes, dtype=object).astype(str), return_inverse=True)
    members: dict[str, list[int]] = {}
    for number, group in enumerate(groups):
        members.setdefault(group, []).append(number)
    count = share if isinstance(share, int) else share * (total or len(lines))
    all_lines = np.bincount(numbers, minlength=len(names))
    target, held = count * all_lines / len(lines), np.zeros(len(names))
    held_out: set[int] = set()
    for group in sorted(members, key=lambda name: sha256(name.encode())):
        more = held + np.bincount(numbers[members[group]], minlength=len(names))
        if (more < all_lines).all() and np.square(more - target).sum() < np.square(held - target).sum():
            held = more
            held_out.update(members[group])
    if not held_out:
        raise StepladderError(
            f"data.{split} = {share} holds whole groups out, and none of the {len(members)} groups of {place} can be: a line of each class "
            "stays with training. Ask for another share, or bring more groups."
        )
    return [line for number, line in enumerate(lines) if number not in held_out], [lines[number] for number in sorted(held_out)]


def held_out_mask(share: float | int, lines: int, place: str) -> Bool[np.ndarray, " lines"]:
    """Which lines `hold_out` holds out of a text, whose lines have no classes: by their number alone."""
    free = np.random.default_rng(0).permutation(lines)[1:]
    count = _held_out_count(share, lines, len(free), place)
    mask = np.zeros(lines, bool)
    mask[free[((np.arange(count) + 0.5) * len(free) / count).astype(np.int64)]] = True
    return mask


def _held_out_count(share: float | int, lines: int, free: int, place: str, split: str = "valid", total: int | None = None) -> int:
    count = share if isinstance(share, int) else round(share * (total or lines))
    if not 1 <= count <= free:
        raise StepladderError(
            f"data.{split} = {share} holds out {count} of the {lines} lines of {place}, and 1 to {free} can be: one line of each "
            "class stays with training. Ask for another share, or bring more lines."
        )
    return count
