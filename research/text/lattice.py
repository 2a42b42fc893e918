"""Every way to cut a text into pieces of a unigram language model: the k best, the sum over all, and draws.

A segmentation is a path from the text's beginning to its end, its score the sum of its pieces' log-probabilities (Kudo 2018,
"Subword regularization"). Positions are between characters, 0 to n.
"""

import heapq
import math
from bisect import bisect
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

IncomingPieces = Sequence[Sequence[tuple[int, float]]]  # for each position, the pieces that end there: where each begins, and its score
BackwardDistributions = Sequence[
    tuple[Sequence[int], Sequence[float]]
]  # for each position: where its pieces begin, and their probabilities, summed up


class Segmentation(NamedTuple):
    """A segmentation: its score and its pieces."""

    score: float
    pieces: list[str]


def incoming_pieces(text: str, scores: Mapping[str, float], longest: int, unknown: float) -> IncomingPieces:
    """The pieces of at most `longest` characters that end at each position of `text`. A character that is no piece scores `unknown`."""
    incoming: list[list[tuple[int, float]]] = [[]]
    for end in range(1, len(text) + 1):
        starts = range(max(0, end - longest), end - 1)
        longer_pieces = [(start, scores[text[start:end]]) for start in starts if text[start:end] in scores]
        incoming.append([*longer_pieces, (end - 1, scores.get(text[end - 1], unknown))])
    return incoming


def k_best(text: str, incoming: IncomingPieces, k: int) -> list[Segmentation]:
    """The k segmentations with the highest scores, best first; fewer where there are fewer."""
    best: list[list[tuple[float, int, int]]] = [[(0.0, 0, 0)]]  # score, where the last piece begins, rank of the path up to there
    for pieces in incoming[1:]:
        paths = ((prefix_score + score, start, rank) for start, score in pieces for rank, (prefix_score, _, _) in enumerate(best[start]))
        best.append(heapq.nlargest(k, paths))
    return [Segmentation(score, _cut(text, _backtrack(best, rank))) for rank, (score, _, _) in enumerate(best[-1])]


def _backtrack(best: list[list[tuple[float, int, int]]], rank: int) -> list[int]:
    """The positions of a path, first to last, from the choices that led to its end."""
    places = [len(best) - 1]
    while places[-1] > 0:
        _, start, rank = best[places[-1]][rank]
        places.append(start)
    return places[::-1]


def _cut(text: str, places: list[int]) -> list[str]:
    return [text[start:end] for start, end in pairwise(places)]


def forward_log_sums(incoming: IncomingPieces, alpha: float = 1.0) -> list[float]:
    """For each position, the logarithm of the sum of exp(alpha x score) over all segmentations of the text before it."""
    sums = [0.0]
    for pieces in incoming[1:]:
        terms = [sums[start] + alpha * score for start, score in pieces]
        highest = max(terms)
        sums.append(highest + math.log(math.fsum(math.exp(term - highest) for term in terms)))
    return sums


def backward_distributions(incoming: IncomingPieces, alpha: float) -> BackwardDistributions:
    """What `sample_segmentation` chooses from: the piece that ends at a position.

    It is over all segmentations of the text before the position, each in proportion to exp(alpha x score).
    """
    sums = forward_log_sums(incoming, alpha)
    probabilities = [[math.exp(sums[start] + alpha * score - sums[end]) for start, score in pieces] for end, pieces in enumerate(incoming)]
    return [([start for start, _ in pieces], list(accumulate(p))) for pieces, p in zip(incoming, probabilities, strict=True)]


def sample_segmentation(text: str, choices_at: BackwardDistributions, uniforms: Iterator[float]) -> list[str]:
    """A segmentation drawn as `backward_distributions` says, from numbers drawn from [0, 1): one a piece, the last first."""
    places = [len(text)]
    while places[-1] > 0:
        starts, summed = choices_at[places[-1]]
        places.append(starts[bisect(summed, next(uniforms) * summed[-1], hi=len(starts) - 1)])
    return _cut(text, places[::-1])


def sample_index(p: Sequence[float], rng: np.random.Generator) -> int:
    """An index with the probability that `p` gives it, up to a factor."""
    cumulative = np.cumsum(p)
    return int(np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right"))
