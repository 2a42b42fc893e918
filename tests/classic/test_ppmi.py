"""Counts and information against loops over a dense table; the factors against a dense SVD."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from research.classic.ppmi import cooccurrences, fit_count_vectors, ppmi, truncated_svd
from research.config.errors import StepladderError
from research.config.word_vectors import CountVectors

texts = st.lists(st.lists(st.integers(0, 5), max_size=8), min_size=1, max_size=6)


def arrays(lines):
    return np.array([word for line in lines for word in line], np.int64), np.cumsum([0, *map(len, lines)])


def dense_counts(lines, window):
    counts = np.zeros((6, 6))
    for line in lines:
        for i, word in enumerate(line):
            for j in range(max(0, i - window), min(len(line), i + window + 1)):
                counts[word, line[j]] += i != j
    return counts


def dense_ppmi(counts, power, shift):
    found = np.zeros_like(counts)
    total = counts.sum()
    smoothed = counts.sum(axis=0) ** power / (counts.sum(axis=0) ** power).sum()
    for i, j in np.argwhere(counts > 0):
        information = np.log(counts[i, j] / total / (counts[i].sum() / total * smoothed[j])) - np.log(shift)
        found[i, j] = max(0.0, information)
    return found


@settings(deadline=None)
@given(texts, st.integers(1, 4), st.sampled_from([1.0, 0.75, 0.0]), st.sampled_from([1.0, 2.0, 0.5]))
def test_information_is_that_of_a_dense_table(lines, window, power, shift):
    words, start = arrays(lines)
    counts = cooccurrences(words, start, 6, window)
    np.testing.assert_array_equal(counts.toarray(), dense_counts(lines, window))
    assume(counts.nnz)
    found = ppmi(counts, power, shift)
    np.testing.assert_allclose(found.toarray(), dense_ppmi(counts.toarray(), power, shift), atol=1e-12)
    assert (found.data > 0).all()


@pytest.mark.parametrize("power", [0.0, 0.5, 1.0])
def test_factors_are_those_of_a_dense_svd(power):
    dense = np.random.default_rng(0).random((12, 9)) * (np.random.default_rng(1).random((12, 9)) < 0.5)
    u, s, _ = np.linalg.svd(dense)
    found = truncated_svd(csr_array(dense), 4, power)
    np.testing.assert_allclose(found @ found.T, u[:, :4] * s[:4] ** (2 * power) @ u[:, :4].T, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found, axis=0), s[:4] ** power, rtol=1e-5)
    np.testing.assert_array_equal(found, truncated_svd(csr_array(dense), 4, power))


def test_words_with_the_same_neighbours_have_the_same_vector():
    r = np.random.default_rng(0)
    lines = [[r.integers(0, 4), 4 + r.integers(0, 2), r.integers(6, 10)] for _ in range(60)]
    twins = lines + [[a, 9 - b, c] for a, b, c in lines]  # 4 and 5 change places
    words, start = arrays(twins)
    found = fit_count_vectors(CountVectors(width=3, window=1), words, start, 10)
    np.testing.assert_allclose(found[4], found[5], atol=1e-5)
    assert np.linalg.norm(found[4]) > 0.1


def test_too_small_a_text_is_refused():
    with pytest.raises(StepladderError, match="2 words that have positive information cannot be factored into 2 dimensions"):
        truncated_svd(csr_array(np.diag([1.0, 2.0, 0.0])), 2, 0.5)
