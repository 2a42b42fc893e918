"""Retrieval against brute force over dictionaries, its measures against their definitions and scikit-learn."""

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import label_ranking_average_precision_score

from research.classic import tfidf
from research.classic.tfidf import Ranking, build_index, exclude_documents, precision_at_k, rank, reciprocal_rank
from research.config.errors import StepladderError

BAG = st.lists(st.sampled_from("abcdefg"), max_size=8)
DOCUMENTS = st.lists(BAG, min_size=1, max_size=7).filter(any)
QUERIES = st.lists(st.lists(st.sampled_from("abcdefgxyz"), max_size=5), min_size=1, max_size=4)


def cosines(documents, query):
    """Of every document with a query: counts times ln((1 + n) / (1 + document frequency)) + 1."""
    n = len(documents)
    frequency = Counter(word for document in documents for word in set(document))

    def vector(words):
        return {word: count * (math.log((1 + n) / (1 + frequency[word])) + 1) for word, count in Counter(words).items() if frequency[word]}

    def cosine(one, other):
        norms = [math.sqrt(sum(value**2 for value in vector.values())) for vector in (one, other)]
        dot = sum(value * other.get(word, 0) for word, value in one.items())
        return dot / (norms[0] * norms[1]) if dot else 0.0

    return [cosine(vector(query), vector(document)) for document in documents]


@given(DOCUMENTS, QUERIES, st.integers(1, 9))
def test_ranking_is_that_of_brute_force(documents, queries, k):
    found = rank(build_index(documents), queries, k)
    for query, row, scores in zip(queries, found.documents, found.scores, strict=True):
        expected = np.array(cosines(documents, query))
        best = np.sort(expected)[::-1][:k]
        np.testing.assert_allclose(scores[: len(best)], best, atol=1e-5)
        np.testing.assert_allclose(expected[row[row >= 0]], scores[row >= 0], atol=1e-5)
        assert len(row) == k
        assert (row >= 0).sum() == len(set(row[row >= 0])) == min(k, (expected > 0).sum())


def test_equal_documents_are_in_their_order():
    assert rank(build_index([["b"], ["a"], ["c"], ["a"], ["a"]]), [["a"]], 4).documents.tolist() == [[1, 3, 4, -1]]


def test_the_order_of_words_does_not_matter_and_rare_words_weigh_more():
    index = build_index([["the", "cat"], ["the", "dog"], ["the", "dog"]])
    assert rank(index, [["dog", "the", "cat"]], 1).documents.tolist() == [[0]]
    assert np.array_equal(rank(index, [["dog", "the"]], 3).scores, rank(index, [["the", "dog"]], 3).scores)


def test_many_queries_are_as_each_alone(monkeypatch):
    index, queries = build_index([["a"], ["a", "b"], ["c"]]), [["a"], ["b"], ["x"], ["c", "a"], []]
    whole = rank(index, queries, 2)
    monkeypatch.setattr(tfidf, "BLOCK", 2)
    assert np.array_equal(rank(index, queries, 2).documents, whole.documents)
    assert rank(index, [], 2).documents.shape == (0, 2)


PLACES = st.permutations(range(6)).flatmap(lambda order: st.tuples(st.just(order), st.sets(st.integers(0, 5))))


@given(st.lists(PLACES, min_size=1, max_size=4), st.integers(1, 6))
def test_the_measures_are_their_definitions(cases, k):
    orders, relevant = zip(*cases, strict=True)
    ranking = Ranking(np.array(orders), np.zeros((len(orders), 6), np.float32))
    precision = [sum(document in wanted for document in order[:k]) / k for order, wanted in cases]
    np.testing.assert_allclose(precision_at_k(ranking, relevant, k), precision)
    reciprocal = [max([1 / (order.index(document) + 1) for document in wanted], default=0) for order, wanted in cases]
    assert reciprocal_rank(ranking, relevant).mean() == pytest.approx(np.mean(reciprocal))


@given(st.lists(st.tuples(st.permutations(range(6)), st.integers(0, 5)), min_size=1, max_size=4))
def test_with_one_relevant_document_it_is_scikit_learns_average_precision(cases):
    ranking = Ranking(np.array([order for order, _ in cases]), np.zeros((len(cases), 6), np.float32))
    scores = [[-order.index(document) for document in range(6)] for order, _ in cases]
    truth = [[document == wanted for document in range(6)] for _, wanted in cases]
    found = reciprocal_rank(ranking, [{wanted} for _, wanted in cases]).mean()
    assert found == pytest.approx(label_ranking_average_precision_score(truth, scores))


def test_what_is_not_ranked_is_no_hit():
    ranking = rank(build_index([["a"], ["b"]]), [["a"], ["x"]], 2)
    assert precision_at_k(ranking, [{1}, {0, -1}], 2).tolist() == [0, 0]
    assert reciprocal_rank(ranking, [{0, 1}, {0, 1}]).mean() == 0.5


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda: build_index([[], []]), "of 2 documents none has a word"),
        (lambda: rank(build_index([["a"]]), [["a"]], 0), "k = 0"),
        (lambda: precision_at_k(rank(build_index([["a"]]), [["a"]], 2), [{0}], 3), "precision at 3 .* has 2"),
        (lambda: reciprocal_rank(rank(build_index([["a"]]), [["a"]], 2), []), "1 queries and 0 sets"),
    ],
)
def test_what_cannot_be_measured_is_said(wrong, words):
    with pytest.raises(StepladderError, match=words):
        wrong()


@given(DOCUMENTS, QUERIES, st.sampled_from(["count", "binary"]))
def test_other_weights_are_cosines_of_counts_and_of_presence(documents, queries, weighting):
    found = rank(build_index(documents, weighting), queries, len(documents))
    known = {word for document in documents for word in document}

    def vector(words):
        counted = Counter(word for word in words if word in known)
        return counted if weighting == "count" else Counter(counted.keys())

    for query, row, scores in zip(queries, found.documents, found.scores, strict=True):
        for document, score in zip(row[row >= 0], scores[row >= 0], strict=True):
            a, b = vector(query), vector(documents[document])
            dot = sum(count * b[word] for word, count in a.items())
            assert score == pytest.approx(dot / math.sqrt(sum(n * n for n in a.values()) * sum(n * n for n in b.values())), abs=1e-5)
        assert list(scores) == sorted(scores, reverse=True)


def test_a_document_left_out_leaves_the_others_in_their_order():
    ranking = Ranking(np.array([[3, 1, 0], [2, 0, -1], [1, 2, 3]]), np.array([[0.9, 0.5, 0.1], [0.8, 0.2, 0.0], [0.6, 0.5, 0.4]]))
    found = exclude_documents(ranking, [1, 2, 0])  # the last has no 0 among its three
    assert found.documents.tolist() == [[3, 0], [0, -1], [1, 2]]
    assert found.scores.tolist() == [[0.9, 0.1], [0.2, 0.0], [0.6, 0.5]]
