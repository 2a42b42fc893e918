"""Lengths as groups."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from research.metrics.length_ranges import LENGTHS, RANGES, length_ranges
from research.runs.measures import is_headline


def test_few_lengths_are_their_own_groups():
    assert length_ranges(np.array([3, 1, 12, 3])).tolist() == ["3", "1", "12", "3"]


def test_many_lengths_are_ranges_of_equal_counts():
    lengths = np.repeat(np.arange(1, 13), 5)
    assert dict.fromkeys(length_ranges(lengths)) == dict.fromkeys(["1_to_2", "3_to_4", "5_to_6", "7_to_8", "9_to_10", "11_to_12"])


@given(st.lists(st.integers(1, 40), min_size=1, max_size=200))
def test_ranges_part_the_lengths_in_order(drawn):
    """A name holds its length; ranges do not overlap, are few, and none but one of a single length has over twice its share."""
    lengths = np.array(drawn)
    names, counts = np.unique(length_ranges(lengths), return_counts=True)
    ends = {name: (int(name.split("_to_")[0]), int(name.split("_to_")[-1])) for name in names}
    for length, name in zip(lengths, length_ranges(lengths), strict=True):
        assert ends[name][0] <= length <= ends[name][1]
    in_order = sorted(ends.values())
    assert all(one[1] < other[0] for one, other in pairwise(in_order))
    if len(np.unique(lengths)) > LENGTHS:
        assert len(names) <= RANGES
        assert all(ends[name][0] == ends[name][1] or count <= 2 * len(lengths) / RANGES for name, count in zip(names, counts, strict=True))
    else:
        assert len(names) == len(np.unique(lengths))


def test_what_a_summary_shows():
    shown = ["loss", "perplexity_at_128", "bits_per_character_at_0.1_misspelt", "exact_match_at_prompts", "bleu"]
    assert all(map(is_headline, shown))
    assert not any(map(is_headline, ["accuracy_at_negation", "bleu_at_12", "exact_match_at_10_to_14"]))
