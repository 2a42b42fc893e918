"""Texts of several languages in one: how much of each, how often each is read, what is drawn, and how finely a tokenizer cuts each."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from research.config.errors import StepladderError
from research.text.tokenizers.tokenizer import Tokenizer, segment, unknown_characters


def proportions(sizes: Mapping[str, int], alpha: float) -> dict[str, float]:
    """The share of each language, p ~ n^alpha: 1 as the texts are, 0 evenly, between them the small ones gain (Conneau and Lample 2019).

    Raises StepladderError where a size is not above 0.
    """
    from scipy.special import softmax

    wrong = [name for name, size in sizes.items() if not size > 0]
    if wrong or not sizes:
        raise StepladderError(f"Languages to mix need a size above 0: {', '.join(wrong)} has none." if wrong else "No language to mix.")
    shares = softmax(alpha * np.log(np.array(list(sizes.values()), np.float64)))
    return dict(zip(sizes, shares.tolist(), strict=True))


def expected_passes(sizes: Mapping[str, int], alpha: float, total: int) -> dict[str, float]:
    """How often each language's text is read, on average, when `total` units of its size (sentences, tokens) are drawn in all."""
    return {name: total * share / sizes[name] for name, share in proportions(sizes, alpha).items()}


def draw_mix(texts: Mapping[str, Sequence[str]], alpha: float, total: int, rng: np.random.Generator) -> dict[str, list[str]]:
    """`total` lines in all, of each language its share: its text so often as it fits whole, and of the rest a random subset.

    Shares become whole numbers by the largest remainder, so that they add up. Raises StepladderError where a language has no line.
    """
    exact = {name: total * share for name, share in proportions({name: len(lines) for name, lines in texts.items()}, alpha).items()}
    counts = {name: int(count) for name, count in exact.items()}
    largest = sorted(exact, key=lambda name: counts[name] - exact[name])
    counts |= {name: counts[name] + 1 for name in largest[: total - sum(counts.values())]}
    return {name: _oversampled(lines, counts[name], rng) for name, lines in texts.items()}


def _oversampled(lines: Sequence[str], count: int, rng: np.random.Generator) -> list[str]:
    passes, remainder = divmod(count, len(lines))
    return [*lines] * passes + [lines[i] for i in sorted(rng.choice(len(lines), remainder, replace=False))]


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


def characters_a_piece(tokenizer: Tokenizer, lines: Iterable[str]) -> float:
    """Characters a piece of a text, spaces counted and line ends not. Raises StepladderError where there is no character."""
    pieces = characters = 0
    for line in lines:
        pieces, characters = pieces + len(segment(tokenizer, line)), characters + len(line)
    if not pieces:
        raise StepladderError("Characters a piece need a text with a character, and this one has none.")
    return characters / pieces


def character_coverage(tokenizer: Tokenizer, lines: Iterable[str]) -> float:
    """The share of a text's characters that are no <unk>. Raises StepladderError where there is no character."""
    text = "".join(lines)
    if not text:
        raise StepladderError("Coverage is a share of characters, and this text has none.")
    unknown = frozenset(unknown_characters(tokenizer, text))
    return 1 - sum(character in unknown for character in text) / len(text)
