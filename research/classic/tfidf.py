"""Retrieval: documents ranked by the cosine of their weighed counts of words with a query's, whatever the order (Salton & Buckley 1988)."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from research.classic.bag_of_words import NGramFeatures, Words, fit_features, transform_features
from research.config.classify import BagOfWords, Weighting
from research.config.errors import StepladderError

BLOCK = 256  # queries whose scores are dense at a time


class Index(NamedTuple):
    """How words weigh, the words of the documents, and the documents as sparse rows [n, f] of length one."""

    config: BagOfWords
    features: NGramFeatures
    rows: Any


class Ranking(NamedTuple):
    """For each query the k documents most like it, the best first, ties by number; -1 (and 0) where no further one shares a word."""

    documents: Int[np.ndarray, "q k"]
    scores: Float[np.ndarray, "q k"]  # cosines, 0 to 1


def build_index(documents: Sequence[Words], weighting: Weighting = "tfidf") -> Index:
    """The index of documents, each its words. Raises StepladderError where no document has a word."""
    from sklearn.preprocessing import normalize

    config = BagOfWords(kind="bag_of_words", ngrams=1, weighting=weighting)
    if not any(map(len, documents)):
        raise StepladderError(f"There is nothing to retrieve: of {len(documents)} documents none has a word.")
    features, rows = fit_features(config, documents)
    return Index(config, features, normalize(rows))


def rank(index: Index, queries: Sequence[Words], k: int) -> Ranking:
    """The k best documents of each query. Words that no document has are left out. Raises StepladderError for k below 1."""
    from sklearn.preprocessing import normalize

    if k < 1:
        raise StepladderError(f"k = {k}: ask for at least one document.")
    if not queries:
        return Ranking(np.zeros((0, k), np.int64), np.zeros((0, k), np.float32))
    rows = normalize(transform_features(index.config, index.features, queries))
    blocks = [_top_k((rows[start : start + BLOCK] @ index.rows.T).toarray(), k) for start in range(0, len(queries), BLOCK)]
    return Ranking(np.concatenate([block.documents for block in blocks]), np.concatenate([block.scores for block in blocks]))


def _top_k(scores: Float[np.ndarray, "q n"], k: int) -> Ranking:
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    best = np.take_along_axis(scores, order, axis=1)
    missing = ((0, 0), (0, k - order.shape[1]))
    return Ranking(np.pad(np.where(best > 0, order, -1), missing, constant_values=-1), np.pad(best, missing))


def precision_at_k(ranking: Ranking, relevant: Sequence[Collection[int]], k: int) -> Float[np.ndarray, " q"]:
    """Of each query, the relevant documents among its first k, over k. Raises StepladderError where fewer than k were ranked."""
    ranked = ranking.documents.shape[1]
    if not 1 <= k <= ranked:
        raise StepladderError(f"precision at {k} needs a ranking of {k} documents, at least 1; this one has {ranked}.")
    return _hits(ranking, relevant)[:, :k].mean(axis=1)


def reciprocal_rank(ranking: Ranking, relevant: Sequence[Collection[int]]) -> Float[np.ndarray, " q"]:
    """Of each query, 1 / the place, from 1, of its first relevant document; 0 where none is ranked. The mean of them is the MRR."""
    hits = _hits(ranking, relevant)
    return (hits / np.arange(1, hits.shape[1] + 1)).max(axis=1)


def exclude_documents(ranking: Ranking, excluded: Sequence[int]) -> Ranking:
    """The ranking of each query without one document, `excluded`, and so a place shorter; what was behind it moves up."""
    is_excluded = ranking.documents == np.asarray(excluded)[:, None]
    is_excluded[~is_excluded.any(axis=1), -1] = True
    return Ranking(*(field[~is_excluded].reshape(len(field), -1) for field in ranking))


def _hits(ranking: Ranking, relevant: Sequence[Collection[int]]) -> Float[np.ndarray, "q k"]:
    """1 where a document is relevant to its query."""
    if len(relevant) != len(ranking.documents) or not len(relevant):
        raise StepladderError(f"{len(ranking.documents)} queries and {len(relevant)} sets of relevant documents: bring one set a query.")
    pairs = zip(ranking.documents, relevant, strict=True)
    return np.array([np.isin(row, list(documents)) & (row >= 0) for row, documents in pairs], np.float64)
