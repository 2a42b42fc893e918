"""Sentences and their corrupted twins, as for grammar checking: one small change each, and neither is in two splits.

Every training seed sees the same pairs, drawn from a stream that belongs to the split alone. Words are compared in lower case.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from research.config.data import Acceptability, Corruption
from research.config.unicode import lowered as lower_case
from research.data.synthetic import split_rng
from research.text.tokenize import english_words, is_word, word_count

TWINS = 1  # raised when a change here alters the pairs of a text
Sentence = tuple[str, ...]
ORDER = ("test", "valid", "train")  # a sentence of several splits is of the first: what is trained on never moves a test sentence


class Frequencies(NamedTuple):
    """The words of a text, and the running sum of their counts."""

    words: Sentence
    sums: Int[np.ndarray, " n"]


def frequencies(sentences: list[Sentence]) -> Frequencies:
    """Words of letters or digits, punctuation left out, the commonest first, ties by text."""
    counts = Counter(word for sentence in sentences for word in sentence)
    words = sorted(filter(is_word, counts), key=lambda word: (-counts[word], word))
    return Frequencies(tuple(words), np.cumsum([counts[word] for word in words], dtype=np.int64))


def swap(sentence: Sentence, place: int, rng: np.random.Generator, known: Frequencies) -> Sentence:
    """The word and its right neighbour change places."""
    following = sentence[place + 1 : place + 2]
    if not word_count(following):
        return sentence
    return (*sentence[:place], *following, sentence[place], *sentence[place + 2 :])


def drop(sentence: Sentence, place: int, rng: np.random.Generator, known: Frequencies) -> Sentence:
    """The word is left out."""
    return sentence[:place] + sentence[place + 1 :]


def double(sentence: Sentence, place: int, rng: np.random.Generator, known: Frequencies) -> Sentence:
    """The word is said twice."""
    return sentence[: place + 1] + sentence[place:]


def replace(sentence: Sentence, place: int, rng: np.random.Generator, known: Frequencies) -> Sentence:
    """A word of the training text, drawn by its frequency, stands in its stead."""
    if not known.words:
        return sentence
    drawn = int(np.searchsorted(known.sums, rng.integers(known.sums[-1]), side="right"))
    return (*sentence[:place], known.words[drawn], *sentence[place + 1 :])


CORRUPTIONS: dict[Corruption, Callable[[Sentence, int, np.random.Generator, Frequencies], Sentence]] = {
    "swap": swap,
    "drop": drop,
    "double": double,
    "replace": replace,
}


def lowered(sentence: Sentence) -> Sentence:
    """For comparison."""
    return tuple(lower_case(word) for word in sentence)


def corrupt(kind: Corruption, sentence: Sentence, rng: np.random.Generator, known: Frequencies, taken: set[Sentence]) -> Sentence | None:
    """A sentence changed at a place drawn among its words: neither itself nor `taken`. None where no place gives one."""
    places = [place for place, word in enumerate(sentence) if is_word(word)]
    for place in rng.permutation(places).tolist():
        twin = CORRUPTIONS[kind](sentence, place, rng, known)
        if word_count(twin) and lowered(twin) not in taken:
            return twin
    return None


def candidates(config: Acceptability, texts: dict[str, list[Sentence]]) -> dict[str, list[Sentence]]:
    """The distinct sentences of `shortest` to `longest` words (punctuation apart) of each split, in the text's order."""
    seen: set[Sentence] = set()
    found: dict[str, list[Sentence]] = {}
    for split in ORDER:
        found[split] = []
        for sentence in texts[split]:
            compared = lowered(sentence)
            if compared not in seen and config.shortest <= word_count(sentence) <= config.longest:
                seen.add(compared)
                found[split].append(sentence)
    return found


def split_sentences(text: str) -> list[Sentence]:
    """The words and marks of every line."""
    return [tuple(english_words(line, lower=False)) for line in text.split("\n")]


def pairs(config: Acceptability, texts: dict[str, str]) -> dict[str, list[tuple[Sentence, Sentence]]]:
    """Of each split `<split>_pairs` sentences in random order, and their twins; fewer where the text has no more.

    A twin is no sentence of the texts, and no other's twin. More pairs begin with the same ones.
    """
    written = {split: split_sentences(text) for split, text in texts.items()}
    sentences = candidates(config, written)
    known = frequencies(written["train"])
    taken = {lowered(sentence) for split in ORDER for sentence in written[split]}
    found: dict[str, list[tuple[Sentence, Sentence]]] = {}
    for split in ORDER:
        found[split] = []
        rng, limit = split_rng(split), getattr(config, f"{split}_pairs")
        for number in rng.permutation(len(sentences[split])).tolist():
            if len(found[split]) == limit:
                break
            sentence = sentences[split][number]
            twin = corrupt(config.corruption, sentence, rng, known, taken)
            if twin is not None:
                taken.add(lowered(twin))
                found[split].append((sentence, twin))
    return found
