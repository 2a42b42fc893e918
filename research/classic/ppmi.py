"""Word vectors by counting: positive pointwise mutual information of neighbours, factored by a truncated SVD (Levy et al. 2015).

Sparse all the way: what is stored is the pairs that occur. Shapes: n words of the text, v vocabulary, d width.
"""

from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float32, Int

from research.config.errors import StepladderError
from research.config.word_vectors import CountVectors

if TYPE_CHECKING:
    import scipy.sparse


def cooccurrences(
    words: Int[np.ndarray, " n"], start: Int[np.ndarray, " m"], vocabulary_size: int, window: int
) -> "scipy.sparse.csr_array":
    """How often type j stands at most `window` words before or after type i in a sentence: [v, v], symmetric.

    Sentence i is words[start[i]:start[i + 1]].
    """
    from scipy.sparse import csr_array

    sentence = np.repeat(np.arange(len(start) - 1), np.diff(start))
    shape = (vocabulary_size, vocabulary_size)
    counts = csr_array(shape, dtype=np.float64)
    for distance in range(1, window + 1):
        same_sentence = sentence[distance:] == sentence[:-distance]
        pairs = words[:-distance][same_sentence], words[distance:][same_sentence]
        counts = counts + csr_array((np.ones(len(pairs[0])), pairs), shape=shape)
    return csr_array(counts + counts.T)


def ppmi(counts: "scipy.sparse.csr_array", context_power: float = 1.0, shift: float = 1.0) -> "scipy.sparse.csr_array":
    """max(0, log p(i, j) / (p(i) p(j)) - log shift) for counts of pairs, p(j) proportional to the count of context j to a power: [v, v].

    Entries that are zero are not stored.
    """
    from scipy.sparse import csr_array

    word, context = np.asarray(counts.sum(axis=1)).ravel(), np.asarray(counts.sum(axis=0)).ravel() ** context_power
    entries = counts.tocoo()
    i, j = entries.coords
    information = np.log(entries.data * context.sum() / (word[i] * context[j] * shift))
    positive = information > 0
    return csr_array((information[positive], (i[positive], j[positive])), shape=counts.shape)


def truncated_svd(matrix: "scipy.sparse.csr_array", width: int, power: float, seed: int = 0) -> Float32[np.ndarray, "v d"]:
    """U S^power of the `width` greatest singular values, the greatest first; signs such that the largest entry of each column is positive.

    `seed` begins the iteration and does not change the result but for rounding. Raises StepladderError where the matrix is too small.
    """
    from scipy.sparse.linalg import svds

    occupied = int(min((np.diff(matrix.indptr) > 0).sum(), len(np.unique(matrix.indices))))
    if width >= occupied:
        raise StepladderError(
            f"A matrix with {occupied} words that have positive information cannot be factored into {width} dimensions: lower width."
        )
    left, values, _ = svds(matrix, k=width, rng=np.random.default_rng(seed))
    order = np.argsort(-values, kind="stable")
    left, values = left[:, order], values[order]
    signs = np.where(left[np.abs(left).argmax(axis=0), np.arange(width)] < 0, -1.0, 1.0)
    return (left * signs * values**power).astype(np.float32)


def fit_count_vectors(
    config: CountVectors, words: Int[np.ndarray, " n"], start: Int[np.ndarray, " m"], vocabulary_size: int, seed: int = 0
) -> Float32[np.ndarray, "v d"]:
    """The vectors of every type of a text; zeros for a type without positive information."""
    counts = cooccurrences(words, start, vocabulary_size, config.window)
    return truncated_svd(ppmi(counts, config.context_power, config.shift), config.width, config.eigenvalue_power, seed)
