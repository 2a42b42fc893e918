"""Numbers in digits and in words: which numbers a split has, and how a language says them."""

from functools import cache

import numpy as np
from jaxtyping import Int, Int64

from research.config.errors import StepladderError, did_you_mean
from research.config.pairs import Numerals
from research.data.synthetic import split_rng

DIGITS = "digits"
UNUSABLE = {"am"}  # in Amharic num2words 0.5.14 fails on some numbers, and on some never ends
PLACES = {"test": 0, "valid": 1, "train": 2}  # a tenth for test, a tenth for valid, the rest for training


def draw_numbers(config: Numerals, split: str) -> Int64[np.ndarray, " n"]:
    """`<split>_pairs` different numbers up to `largest`, of each number of digits equally many, as far as there are so many.

    The numbers of so many digits have one random order, of which each split has a part of its own, so that none is in two splits.
    Raises StepladderError where the split has not so many.
    """
    count: int = getattr(config, f"{split}_pairs")
    parts = [_part(digits, config.largest, split) for digits in range(1, len(str(config.largest)) + 1)]
    available = sum(map(len, parts))
    if count > available:
        raise StepladderError(
            f"data.{split}_pairs = {count} is above the {available} numbers that {split} has of those up to data.largest = "
            f"{config.largest} (no number is in two splits). Lower data.{split}_pairs, or raise data.largest."
        )
    quota = even_quota(np.array([len(part) for part in parts]), count)
    numbers = np.concatenate([part[:n] for part, n in zip(parts, quota, strict=True)])
    return numbers[split_rng(split).permutation(len(numbers))]


def _part(digits: int, largest: int, split: str) -> Int64[np.ndarray, " n"]:
    """The numbers of so many digits that belong to a split, in a random order that is the same for every `largest` above them."""
    first = 10 ** (digits - 1) if digits > 1 else 0
    order = first + np.random.default_rng(digits).permutation(min(10**digits, largest + 1) - first)
    tenth = len(order) // 10
    place = PLACES[split]
    return order[place * tenth : (place + 1) * tenth if place < 2 else None]


def even_quota(capacity: Int[np.ndarray, " d"], total: int) -> Int[np.ndarray, " d"]:
    """How many of each kind make `total`, as evenly as their capacities allow; total <= capacity.sum()."""
    quota = np.zeros_like(capacity)
    for behind, kind in enumerate(np.argsort(capacity, kind="stable")):
        quota[kind] = min(capacity[kind], (total - quota.sum()) // (len(capacity) - behind))
    return quota


@cache
def numeral_languages() -> tuple[str, ...]:
    """The languages that num2words can count in, by their codes."""
    from num2words import CONVERTER_CLASSES

    return tuple(sorted({*CONVERTER_CLASSES} - UNUSABLE))


def spell_number(number: int, language: str) -> str:
    """A number in words of a language, or in digits. Raises StepladderError where num2words has no such language, or fails."""
    if language == DIGITS:
        return str(number)
    languages = numeral_languages()
    if language not in languages:
        raise StepladderError(
            f"There are no numerals of {language!r}{did_you_mean(language, (DIGITS, *languages)) or '.'} data.source and data.target are "
            f"digits or one of {', '.join(languages)}."
        )
    from num2words import num2words

    try:
        return " ".join(num2words(number, lang=language).split())
    except (ArithmeticError, LookupError, NotImplementedError, RecursionError, TypeError, ValueError) as error:
        raise StepladderError(
            f"num2words cannot say {number} in {language} ({type(error).__name__}: {error}). Lower data.largest, or take another language."
        ) from error
