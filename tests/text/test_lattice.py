"""Segmentations against their list: every one of a short text, by brute force."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from research.text import lattice

texts = st.text("abc", min_size=1, max_size=7)
scores = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.floats(-9, -0.1), min_size=1)
UNKNOWN = -20.0


def every(text, known):
    """All segmentations with their scores, best first."""
    if not text:
        return [((), 0.0)]
    firsts = [text[:n] for n in range(1, len(text) + 1) if text[:n] in known or n == 1]
    found = [((one, *rest), known.get(one, UNKNOWN) + score) for one in firsts for rest, score in every(text[len(one) :], known)]
    return sorted(found, key=lambda path: -path[1])


def into(text, known):
    return lattice.incoming_pieces(text, known, 3, UNKNOWN)


@given(texts, scores, st.integers(1, 70))
def test_the_k_best_are_those_of_the_whole_list(text, known, k):
    found = lattice.k_best(text, into(text, known), k)
    expected = every(text, known)
    np.testing.assert_allclose([path.score for path in found], [score for _, score in expected[:k]])
    assert len({tuple(path.pieces) for path in found}) == len(found)
    for path in found:
        assert dict(expected)[tuple(path.pieces)] == pytest.approx(path.score)


@given(texts, scores, st.floats(0, 2))
def test_the_sum_is_that_over_the_whole_list(text, known, alpha):
    total = math.fsum(math.exp(alpha * score) for _, score in every(text, known))
    assert lattice.forward_log_sums(into(text, known), alpha)[-1] == pytest.approx(math.log(total))


@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_draws_have_the_probabilities_of_the_list(alpha):
    text, known = "abcab", {"a": -2.0, "b": -2.5, "c": -1.5, "ab": -3.0, "bc": -2.8, "abc": -4.0, "ca": -5.0, "cab": -6.5}
    paths = every(text, known)
    weights = np.exp(alpha * np.array([score for _, score in paths]))
    rng = np.random.default_rng(0)
    drawn = [
        tuple(lattice.sample_segmentation(text, lattice.backward_distributions(into(text, known), alpha), iter(rng.random, None)))
        for _ in range(10_000)
    ]
    counts = [drawn.count(path) for path, _ in paths]
    assert sum(counts) == len(drawn)
    assert chisquare(counts, len(drawn) * weights / weights.sum()).pvalue > 0.01
