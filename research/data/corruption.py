"""Sentences and their corrupted twins, as for grammar checking: one small change each, and neither is in two splits.

Every training seed sees the same pairs, drawn from a stream that belongs to the split alone. Words are compared in lower case.
"""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from research.config.sentences import Acceptability, Corruption
from research.config.unicode import lowercase
from research.data.synthetic import split_rng
from research.text.tokenize import english_words, is_word, word_count

TWINS = 2  # raised when a change here alters the pairs of a text
Sentence = tuple[str, ...]
ORDER = ("train", "valid", "test")  # a sentence of several splits is of the first: nothing that is trained on depends on test


class Frequencies(NamedTuple):
    """The words of a text, and the running sum of their counts."""

    words: Sentence
    sums: Int[np.ndarray, " n"]


def frequencies(sentences: list[Sentence]) -> Frequencies:
    """Words of letters or digits, punctuation left out, the commonest first, ties by text."""
    counts = Counter(word for sentence in sentences for word in sentence)
    words = sorted(filter(is_word, counts), key=lambda word: (-counts[word], word))
    return Frequencies(tuple(words), np.cumsum([counts[word] for word in words], dtype=np.int64))


def swap(sentence: Sentence, place: int, rng: np.random.Generator, unigrams: Frequencies) -> Sentence:
    """The word and its right neighbour change places."""
    following = sentence[place + 1 : place + 2]
    if not word_count(following):
        return sentence
    return (*sentence[:place], *following, sentence[place], *sentence[place + 2 :])


def drop(sentence: Sentence, place: int, rng: np.random.Generator, unigrams: Frequencies) -> Sentence:
    """The word is left out."""
    return sentence[:place] + sentence[place + 1 :]


def double(sentence: Sentence, place: int, rng: np.random.Generator, unigrams: Frequencies) -> Sentence:
    """The word is said twice."""
    return sentence[: place + 1] + sentence[place:]


def replace(sentence: Sentence, place: int, rng: np.random.Generator, unigrams: Frequencies) -> Sentence:
    """A word of the training text, drawn by its frequency, stands in its stead."""
    if not unigrams.words:
        return sentence
    number = int(np.searchsorted(unigrams.sums, rng.integers(unigrams.sums[-1]), side="right"))
    return (*sentence[:place], unigrams.words[number], *sentence[place + 1 :])


CORRUPTIONS: dict[Corruption, Callable[[Sentence, int, np.random.Generator, Frequencies], Sentence]] = {
    "swap": swap,
    "drop": drop,
    "double": double,
    "replace": replace,
}


def lowercase_sentence(sentence: Sentence) -> Sentence:
    """For comparison."""
    return tuple(lowercase("\n".join(sentence)).split("\n")) if sentence else ()  # at once, which is quicker than word by word


def corrupt(
    kind: Corruption, sentence: Sentence, rng: np.random.Generator, unigrams: Frequencies, excluded: set[Sentence]
) -> Sentence | None:
    """A sentence changed at a place drawn among its words: neither itself nor `excluded`. None where no place gives one."""
    places = [place for place, word in enumerate(sentence) if is_word(word)]
    for place in rng.permutation(places).tolist():
        twin = CORRUPTIONS[kind](sentence, place, rng, unigrams)
        if word_count(twin) and lowercase_sentence(twin) not in excluded:
            return twin
    return None


def candidates(config: Acceptability, sentences: list[Sentence], excluded: set[Sentence]) -> list[Sentence]:
    """The distinct sentences of `shortest` to `longest` words (punctuation apart) that are not `excluded`, in the text's order."""
    distinct = {lowercase_sentence(sentence): sentence for sentence in reversed(sentences)}
    free = {compared: sentence for compared, sentence in reversed(distinct.items()) if compared not in excluded}
    return [sentence for sentence in free.values() if config.shortest <= word_count(sentence) <= config.longest]


def split_sentences(text: str) -> list[Sentence]:
    """The words and marks of every line."""
    return [tuple(english_words(line, lower=False)) for line in text.split("\n")]


def corrupted_pairs(config: Acceptability, texts: dict[str, str]) -> dict[str, list[tuple[Sentence, Sentence]]]:
    """Of each split `<split>_pairs` sentences in random order, and their twins; fewer where the text has no more.

    A twin is no sentence of its split or of one before, and no other's twin; a sentence that is a twin of a split before is left out. More
    pairs begin with the same ones, and leave the other splits as they are; what is trained on does not depend on test.
    """
    sentences_by_split = {split: split_sentences(texts[split]) for split in ORDER}
    unigrams = frequencies(sentences_by_split["train"])
    excluded: set[Sentence] = set()
    pairs_by_split: dict[str, list[tuple[Sentence, Sentence]]] = {}
    for split in ORDER:
        sentences = candidates(config, sentences_by_split[split], excluded)
        excluded |= {lowercase_sentence(sentence) for sentence in sentences_by_split[split]}
        rng, split_pairs = split_rng(split), []
        for number in rng.permutation(len(sentences)).tolist():
            twin = corrupt(config.corruption, sentences[number], rng, unigrams, excluded)
            if twin is not None:
                excluded.add(lowercase_sentence(twin))
                split_pairs.append((sentences[number], twin))
        pairs_by_split[split] = split_pairs[: getattr(config, f"{split}_pairs")]
    return pairs_by_split
