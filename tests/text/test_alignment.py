"""One-hot weights are their own alignment; entropy is scipy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from research.text.alignment import NONE, alignment_accuracy, alignment_entropy


@given(st.integers(1, 6), st.integers(1, 5), st.integers(0, 100))
def test_entropy_is_scipys_and_lies_between_one_source_and_all(s, q, seed):
    weights = np.random.default_rng(seed).dirichlet(np.full(s, 0.5), size=q)
    assert alignment_entropy(weights) == pytest.approx(stats.entropy(weights, axis=1).mean(), abs=1e-9)
    assert alignment_entropy(np.full((q, s), 1 / s)) == pytest.approx(np.log(s))
    assert alignment_entropy(np.eye(s)) == 0


def test_accuracy_counts_the_positions_that_have_a_source():
    weights = np.eye(4)[[2, 0, 1, 3]]
    assert alignment_accuracy(weights, np.array([2, 0, 1, 3])) == 1
    assert alignment_accuracy(weights, np.array([2, 0, 3, 1])) == 0.5
    assert alignment_accuracy(weights, np.array([2, 1, NONE, NONE])) == 0.5
    assert np.isnan(alignment_accuracy(weights, np.full(4, NONE)))
