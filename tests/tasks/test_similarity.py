"""Scores against brute force and scipy; what is not covered is counted, never guessed."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.spatial.distance import cosine
from scipy.stats import spearmanr

from research.config.errors import StepladderError
from research.data.word_sets import RatedPairs
from research.tasks.similarity import Answers, nearest_words, principal_plane, solve_analogies, spearman, total_answers, word_similarity
from research.text.vector_files import Vectors

WORDS = tuple("abcdefgh")


def random_vectors(seed, d=3):
    return Vectors(WORDS, np.random.default_rng(seed).normal(size=(8, d)).astype(np.float32))


@given(st.integers(2, 12).flatmap(lambda n: arrays.arrays(np.int64, (2, n), elements=st.integers(-3, 3))))
def test_spearman_is_that_of_scipy_with_ties(sides):
    x, y = sides.astype(float)
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert spearman(x, y) == 0.0
    else:
        assert spearman(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)


def test_similarity_is_the_rank_correlation_of_cosines_over_the_covered_pairs():
    vectors, r = random_vectors(0), np.random.default_rng(1)
    known = [(a, b) for a in "abcd" for b in "efgh"]
    ratings = r.random(len(known))
    cosines = [1 - cosine(vectors.table[vectors.lookup[a]], vectors.table[vectors.lookup[b]]) for a, b in known]
    pairs = (*known[:8], ("a", "zebra"), *((a.upper(), b) for a, b in known[8:]))
    found = word_similarity(vectors, RatedPairs(pairs, np.insert(ratings, 8, 9.0)))
    assert found.spearman == pytest.approx(spearmanr(cosines, ratings).statistic)
    assert (found.covered, found.pairs) == (16, 17)


def test_vectors_that_know_nothing_have_correlation_zero():
    one_hot = Vectors(WORDS, np.eye(8, dtype=np.float32))
    assert word_similarity(one_hot, RatedPairs((("a", "b"), ("c", "d"), ("x", "y")), np.arange(3.0))) == (0.0, 2, 3)
    assert word_similarity(one_hot, RatedPairs((("x", "y"),), np.ones(1))) == (0.0, 0, 1)


def brute_force(vectors, question, score):
    """The best word, one after the other."""
    a, b, c, _ = question
    of = lambda one, other: 1 - cosine(vectors.table[vectors.lookup[one]].astype(float), vectors.table[vectors.lookup[other]].astype(float))
    if score == "3CosAdd":
        value = lambda word: of(word, b) - of(word, a) + of(word, c)
    else:
        value = lambda word: (1 + of(word, b)) / 2 * (1 + of(word, c)) / 2 / ((1 + of(word, a)) / 2 + 0.001)
    values = sorted((value(word), word) for word in vectors.words if word not in (a, b, c))
    return values[-1][1], values[-1][0] - values[-2][0]


@pytest.mark.parametrize("score", ["3CosAdd", "3CosMul"])
@settings(deadline=None)
@given(st.integers(0, 10_000), st.lists(st.tuples(*[st.sampled_from((*WORDS, "zebra"))] * 4), min_size=1, max_size=5))
def test_analogies_are_those_of_brute_force(score, seed, questions):
    vectors = random_vectors(seed)
    covered = [question for question in questions if "zebra" not in question]
    best = [brute_force(vectors, question, score) for question in covered]
    assume(all(margin > 1e-5 for _, margin in best))
    right = sum(word == question[3] for (word, _), question in zip(best, covered, strict=True))
    answered = tuple((*question[:3], word) for (word, _), question in zip(best, covered, strict=True))
    answers = solve_analogies(vectors, {"s": tuple(questions), "right": answered}, score)
    assert answers["s"] == (right, len(covered), len(questions))
    assert answers["right"] == (len(covered),) * 3
    assert total_answers(answers).correct == right + len(covered)


def test_accuracy_is_over_the_covered():
    assert Answers(3, 4, 10).accuracy == 0.75
    assert Answers(0, 0, 10).accuracy == 0.0


@given(st.integers(0, 10_000), st.integers(1, 9))
def test_neighbours_are_the_others_in_order_of_cosine(seed, n):
    vectors = random_vectors(seed)
    found = nearest_words(vectors, "C", n)
    cosines = {word: 1 - cosine(vectors.table[2].astype(float), row.astype(float)) for word, row in zip(WORDS, vectors.table, strict=True)}
    del cosines["c"]
    best = sorted(cosines.values(), reverse=True)[:n]
    np.testing.assert_allclose([value for _, value in found], best, atol=1e-5)
    np.testing.assert_allclose([cosines[word] for word, _ in found], best, atol=1e-5)


def test_an_unknown_word_gets_the_nearest():
    vectors = Vectors(("king", "queen"), np.eye(2, dtype=np.float32))
    with pytest.raises(StepladderError, match=r"'kings' has no vector; did you mean `king`\?"):
        nearest_words(vectors, "kings")


def test_points_of_a_plane_keep_their_distances():
    angles = np.array([0.1, 0.7, 2.0, 3.3])
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(5, 5)))
    vectors = Vectors(tuple("abcd"), (3 * circle @ turn[:2]).astype(np.float32))
    plane = principal_plane(vectors, list("abcd"))
    gaps = lambda points: np.linalg.norm(points[:, None] - points[None], axis=-1)
    np.testing.assert_allclose(gaps(plane), gaps(circle), atol=1e-5)
    assert plane[:, 0].var() >= plane[:, 1].var()


def test_words_that_make_no_plane_are_refused():
    with pytest.raises(StepladderError, match="without one: zebra"):
        principal_plane(random_vectors(0), ["a", "b", "zebra"])
    with pytest.raises(StepladderError, match="three words or more"):
        principal_plane(random_vectors(0), ["a", "b"])
