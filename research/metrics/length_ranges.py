"""Lengths as groups that results are reported by."""

import numpy as np
from jaxtyping import Int

LENGTHS = 8  # where there are no more of them, each is a group of its own
RANGES = 6


def length_ranges(lengths: Int[np.ndarray, " n"]) -> np.ndarray:
    """The name of the group that each of n lengths is in: `12`, or where there are many lengths `10_to_14`.

    Then there are at most RANGES ranges, of about equal numbers of members: a length is never cut in two, and all between the ends of
    a range are in it.
    """
    unique_lengths, inverse, counts = np.unique(lengths, return_inverse=True, return_counts=True)
    if len(unique_lengths) <= LENGTHS:
        return unique_lengths.astype(str)[inverse]
    middle = np.cumsum(counts) - counts / 2
    part = (middle * RANGES / len(lengths)).astype(int)
    ends = {number: (unique_lengths[part == number][0], unique_lengths[part == number][-1]) for number in np.unique(part)}
    names = [f"{first}" if first == last else f"{first}_to_{last}" for first, last in (ends[number] for number in part)]
    return np.array(names)[inverse]
