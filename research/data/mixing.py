"""Texts of several languages in one: how much of each, how often each is read, and how finely a tokenizer cuts each."""

from collections.abc import Iterable, Mapping

import numpy as np
from scipy.special import softmax

from research.config.errors import StepladderError
from research.text.subwords import Tokenizer, segment


def proportions(sizes: Mapping[str, int], alpha: float) -> dict[str, float]:
    """The share of each language, p ~ n^alpha: 1 as the texts are, 0 evenly, between them the small ones gain (Conneau and Lample 2019).

    Raises StepladderError where a size is not above 0.
    """
    wrong = [name for name, size in sizes.items() if not size > 0]
    if wrong or not sizes:
        raise StepladderError(f"Languages to mix need a size above 0: {', '.join(wrong)} has none." if wrong else "No language to mix.")
    shares = softmax(alpha * np.log(np.array(list(sizes.values()), np.float64)))
    return dict(zip(sizes, shares.tolist(), strict=True))


def expected_passes(sizes: Mapping[str, int], alpha: float, drawn: int) -> dict[str, float]:
    """How often each language's text is read, on average, when `drawn` units of its size (sentences, tokens) are drawn in all."""
    return {name: drawn * share / sizes[name] for name, share in proportions(sizes, alpha).items()}


def fertility(tokenizer: Tokenizer, lines: Iterable[str]) -> float:
    """Pieces a word of a text, words being split by white space: 1 where every word is one piece. Line ends are not counted.

    Raises StepladderError where there is no word.
    """
    pieces = words = 0
    for line in lines:
        pieces, words = pieces + len(segment(tokenizer, line)), words + len(line.split())
    if not words:
        raise StepladderError("Fertility is pieces a word, and this text has no word.")
    return pieces / words
