"""Parts of a test set on which a classifier is also scored: where each step of the ladder fails."""

from collections import Counter
from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Bool

from research.config.unicode import lowercase, plain_punctuation
from research.data.dataset import LabelledSentences

NEGATIONS = frozenset(  # and every word that ends in n't
    ("no", "not", "never", "none", "nobody", "nothing", "neither", "nor", "nowhere", "hardly", "barely", "without", "cannot")
)
CONTRASTS = frozenset(("but", "however", "although", "though", "yet", "despite", "while", "whereas", "nevertheless", "unless", "except"))
ENDINGS = ("'s", "s", "es", "ed", "d", "ing", "ly", "er", "est", "r", "st")
RARE = 2  # a word seen at most so often in training


def slices(sentences: LabelledSentences, train: LabelledSentences) -> dict[str, Bool[np.ndarray, "n"]]:
    """Which sentences belong to each slice. Words count in lower case.

    negation, contrast: has such a word. rare: has a word seen once or twice in training; unseen: one never seen. inflected: an unseen word
    that is a seen one with another ending. foreign: a word with a letter outside ASCII. long: longer than nine in ten training sentences.
    short: shorter than nine in ten.
    """
    seen = Counter(_plain(word) for words in train.words for word in words)
    lengths = [len(words) for words in train.words]
    low, high = (float(np.quantile(lengths, share)) for share in (0.1, 0.9))
    tests: Mapping[str, Callable[[list[str]], bool]] = {
        "negation": lambda words: any(word in NEGATIONS or word.endswith("n't") for word in words),
        "contrast": lambda words: any(word in CONTRASTS for word in words),
        "rare": lambda words: any(0 < seen[word] <= RARE for word in words),
        "unseen": lambda words: any(_is_word(word) and not seen[word] for word in words),
        "inflected": lambda words: any(_is_word(word) and not seen[word] and _inflected(word, seen) for word in words),
        "foreign": lambda words: any(word.isalpha() and not word.isascii() for word in words),
        "long": lambda words: len(words) > high,
        "short": lambda words: len(words) < low,
    }
    plain_words = [list(map(_plain, words)) for words in sentences.words]
    return {name: np.array([test(words) for words in plain_words], bool) for name, test in tests.items()}


def _plain(word: str) -> str:
    return plain_punctuation(lowercase(word))


def _is_word(word: str) -> bool:
    return any(letter.isalpha() for letter in word)


def _inflected(word: str, seen: Mapping[str, int]) -> bool:
    """Whether a seen word and this one differ in their ending alone."""
    stems = {word.removesuffix(ending) for ending in ENDINGS if len(word) - len(ending) >= 3} | {word}
    return any(seen.get(stem + ending) for stem in stems for ending in ("", "e", *ENDINGS))
