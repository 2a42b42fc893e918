"""What word vectors know: how alike words are, analogies, and each word's neighbours.

A word that the vectors lack is looked up in lower case. What is still not found is not scored, and counted as not covered.
Shapes: v words, d width, q questions.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from research.config.errors import StepladderError, did_you_mean
from research.config.unicode import lowercase
from research.data.word_sets import Analogies, RatedPairs
from research.text.vector_files import Vectors

QUESTIONS_AT_ONCE = 256  # questions that are scored together
EPSILON = 1e-3  # of 3CosMul, as published


class Similarity(NamedTuple):
    """Spearman's correlation of cosines and ratings over the `covered` of `pairs`; zero where either is constant."""

    spearman: float
    covered: int
    pairs: int


class Answers(NamedTuple):
    """The analogies of a section: answered rightly, with all four words known, and in the set."""

    correct: int
    covered: int
    questions: int

    @property
    def accuracy(self) -> float:
        """The share of the covered that are right; zero where none is covered."""
        return self.correct / self.covered if self.covered else 0.0


def unit_rows(table: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    """Rows of length one; a row of zeros stays."""
    length = np.linalg.norm(table, axis=1, keepdims=True)
    return table / np.where(length > 0, length, 1)


def spearman(x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> float:
    """The correlation of ranks, ties with their mean rank; zero where a side is constant or there are fewer than two values."""
    from scipy.stats import rankdata

    if len(x) < 2 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(x), rankdata(y))[0, 1])


def word_similarity(vectors: Vectors, rated: RatedPairs) -> Similarity:
    """How far the order of the pairs by cosine is that by rating."""
    rows = _rows(vectors, rated.pairs, 2)
    covered = (rows >= 0).all(axis=1)
    first, second = (unit_rows(vectors.table[rows[covered, side]]) for side in (0, 1))
    return Similarity(spearman((first * second).sum(axis=1), rated.ratings[covered]), int(covered.sum()), len(rows))


def cos_add(a: Float[np.ndarray, "q v"], b: Float[np.ndarray, "q v"], c: Float[np.ndarray, "q v"]) -> Float[np.ndarray, "q v"]:
    """The score of every word as d in a : b = c : d, from its cosines with a, b and c (Mikolov et al. 2013)."""
    scores: Float[np.ndarray, "q v"] = b - a + c
    return scores


def cos_multiply(a: Float[np.ndarray, "q v"], b: Float[np.ndarray, "q v"], c: Float[np.ndarray, "q v"]) -> Float[np.ndarray, "q v"]:
    """The same with products, of cosines moved to 0..1 (Levy & Goldberg 2014)."""
    scores: Float[np.ndarray, "q v"] = (b + 1) * (c + 1) / (2 * (a + 1) + 4 * EPSILON)
    return scores


AnalogyScore = Callable[..., Float[np.ndarray, "q v"]]
ANALOGY_SCORES: dict[str, AnalogyScore] = {"3CosAdd": cos_add, "3CosMul": cos_multiply}


def solve_analogies(vectors: Vectors, analogies: Analogies, score: str = "3CosAdd") -> dict[str, Answers]:
    """By section: how often the best word of all, a, b and c excluded, is d."""
    table = unit_rows(vectors.table)
    return {name: _solve(vectors, table, questions, ANALOGY_SCORES[score]) for name, questions in analogies.items()}


def _solve(vectors: Vectors, table: Float[np.ndarray, "v d"], questions: Sequence[tuple[str, ...]], score: AnalogyScore) -> Answers:
    rows = _rows(vectors, questions, 4)
    covered = rows[(rows >= 0).all(axis=1)]
    correct = 0
    for first in range(0, len(covered), QUESTIONS_AT_ONCE):
        question_rows, answer_rows = covered[first : first + QUESTIONS_AT_ONCE, :3], covered[first : first + QUESTIONS_AT_ONCE, 3]
        scores = score(*(table[word] @ table.T for word in question_rows.T))
        np.put_along_axis(scores, question_rows, -np.inf, axis=1)
        correct += int((scores.argmax(axis=1) == answer_rows).sum())
    return Answers(correct, len(covered), len(rows))


def total_answers(answers: dict[str, Answers]) -> Answers:
    """All sections together."""
    return Answers(*map(sum, zip(*answers.values(), strict=True))) if answers else Answers(0, 0, 0)


def nearest_words(vectors: Vectors, word: str, n: int = 10) -> list[tuple[str, float]]:
    """The n other words of the greatest cosine, the nearest first. Raises StepladderError for a word that has no vector."""
    row = _row_of_word(vectors, word)
    if row < 0:
        hint = did_you_mean(word, vectors.words) or "."
        raise StepladderError(f"The word {word!r} has no vector{hint} There are {len(vectors.words)} words.")
    table = unit_rows(vectors.table)
    cosines = table @ table[row]
    order = [i for i in np.argsort(-cosines, kind="stable")[: n + 1].tolist() if i != row][:n]
    return [(vectors.words[i], float(cosines[i])) for i in order]


def principal_plane(vectors: Vectors, words: Sequence[str]) -> Float[np.ndarray, "n 2"]:
    """The words on the two directions in which their unit vectors differ most; signs such that the farthest point of each is positive.

    Raises StepladderError for a word without a vector, and for fewer than three words.
    """
    rows = np.array([_row_of_word(vectors, word) for word in words], int)
    if len(rows) < 3 or (rows < 0).any():
        missing_words = ", ".join(word for word, row in zip(words, rows, strict=True) if row < 0)
        raise StepladderError(
            f"A plane takes three words or more, each with a vector{f'; without one: {missing_words}' if missing_words else ''}."
        )
    points = unit_rows(vectors.table[rows])
    left, size, _ = np.linalg.svd(points - points.mean(axis=0), full_matrices=False)
    plane = np.pad(left * size, ((0, 0), (0, 2)))[:, :2]
    return plane * np.where(plane[np.abs(plane).argmax(axis=0), [0, 1]] < 0, -1, 1)


def _rows(vectors: Vectors, lines: Sequence[tuple[str, ...]], columns: int) -> Int[np.ndarray, "n columns"]:
    return np.array([[_row_of_word(vectors, word) for word in line] for line in lines], int).reshape(-1, columns)


def _row_of_word(vectors: Vectors, word: str) -> int:
    return vectors.lookup.get(word, vectors.lookup.get(lowercase(word), -1))
