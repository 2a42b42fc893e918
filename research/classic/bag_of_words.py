"""Sentences as sparse counts of n-grams: the one-hot vectors of their words, summed."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float

from research.config.classify import BagOfWords

if TYPE_CHECKING:
    import scipy.sparse

Words = Sequence[str]


class NGramFeatures(NamedTuple):
    """The n-grams that training has, in the order of their columns, and the inverse document frequencies where they weigh."""

    names: tuple[str, ...]
    idf: Float[np.ndarray, " f"] | None


def word_ngrams(order: int, words: Words) -> list[str]:
    """All n-grams of up to `order` words, a space between words."""
    return [" ".join(words[i : i + n]) for n in range(1, order + 1) for i in range(len(words) - n + 1)]


def fit_features(config: BagOfWords, sentences: Sequence[Words]) -> tuple[NGramFeatures, "scipy.sparse.csr_matrix"]:
    """The features of training sentences, and their matrix."""
    from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

    counter = CountVectorizer(analyzer=partial(word_ngrams, config.ngrams), dtype=np.float32)
    counts = counter.fit_transform(sentences)
    names = tuple(counter.get_feature_names_out().tolist())
    idf = TfidfTransformer().fit(counts).idf_.astype(np.float32) if config.weighting == "tfidf" else None
    features = NGramFeatures(names, idf)
    return features, weight_counts(config, features, counts)


def transform_features(config: BagOfWords, features: NGramFeatures, sentences: Sequence[Words]) -> "scipy.sparse.csr_matrix":
    """The sparse matrix [n, f] of any sentences. What training has not seen is left out."""
    from sklearn.feature_extraction.text import CountVectorizer

    counter = CountVectorizer(analyzer=partial(word_ngrams, config.ngrams), dtype=np.float32, vocabulary=features.names)
    return weight_counts(config, features, counter.transform(sentences))


def weight_counts(config: BagOfWords, features: NGramFeatures, counts: "scipy.sparse.csr_matrix") -> "scipy.sparse.csr_matrix":
    """Counts, whether a feature is there at all, or tf-idf with rows of length one (scikit-learn's smoothed idf)."""
    from scipy import sparse

    if config.weighting == "count":
        return counts
    if config.weighting == "binary":
        return (counts > 0).astype(np.float32)
    weighted = counts @ sparse.diags(features.idf)
    norms = np.sqrt(weighted.multiply(weighted).sum(axis=1)).A1
    return (sparse.diags(1 / np.maximum(norms, 1e-12)) @ weighted).tocsr().astype(np.float32)


def matrix_megabytes(matrix: "scipy.sparse.csr_matrix") -> tuple[float, float]:
    """Of the sparse matrix as it is, and of the same numbers in a dense one."""
    sparse_bytes = matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes
    return sparse_bytes / 2**20, matrix.shape[0] * matrix.shape[1] * matrix.dtype.itemsize / 2**20
