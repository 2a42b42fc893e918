"""What a split is scored on, as digests: two runs compare only where these agree.

The text is the same at every level that reads it: bits a character of it compare across tokens. The targets are the very symbols that
are predicted, after rare words became <unk>: losses a token and accuracies compare over equal targets alone. Neither knows of training.
"""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from jaxtyping import Int, Integer

from research.data.dataset import ExampleSplit, Identity, LabelledSentences, PairTexts, TaggedSentences
from research.data.download import sha256
from research.text.vocabulary import Vocabulary

DIGEST_DIGITS = 12


def identify_text(vocabulary: Vocabulary, text: str, numbers: Integer[np.ndarray, " n"]) -> Identity:
    """Of a text and its tokens."""
    running = RunningIdentity(vocabulary)
    running.add(text, numbers)
    return running.identity


class RunningIdentity:
    """The identity of a text that comes block by block."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self.vocabulary, self.text, self.targets, self.separator = vocabulary, hashlib.sha256(), hashlib.sha256(), ""

    def add(self, text: str, numbers: Integer[np.ndarray, " n"]) -> None:
        """The next block and its tokens."""
        self.text.update(text.encode())
        if numbers.size:
            types = map(self.vocabulary.types.__getitem__, numbers.tolist())
            self.targets.update((self.separator + "\0".join(types)).encode())
            self.separator = "\0"

    @property
    def identity(self) -> Identity:
        """Of the blocks so far."""
        return Identity(*(digest.hexdigest()[:DIGEST_DIGITS] for digest in (self.text, self.targets)))


def identify_sentences(sentences: LabelledSentences, classes: tuple[str, ...]) -> Identity:
    """Of sentences as they stand, before any is cut or put into lower case, and of their classes beside them."""
    text, class_names = _digest(sentences.texts), (classes[label] for label in sentences.labels)
    return Identity(text, _digest([text, *class_names]))


def identify_ratings(sentences: LabelledSentences) -> Identity:
    """Of sentences as they stand, and of their numbers beside them."""
    text = _digest(sentences.texts)
    return Identity(text, _digest([text, *map(repr, sentences.labels.tolist())]))


def identify_tags(sentences: TaggedSentences, tags: tuple[str, ...]) -> Identity:
    """Of sentences in the words that models read, and of their tags beside them."""
    text = _digest(" ".join(words) for words in sentences.words)
    return Identity(text, _digest([text, *(tags[number] for number in sentences.tags)]))


def identify_examples(vocabulary: Vocabulary, examples: ExampleSplit) -> Identity:
    """Of what is read and of what is predicted where, padding left out."""
    scored = examples.weight > 0
    inputs = _digest_arrays(np.argwhere(examples.valid), examples.inputs[examples.valid])
    targets = _digest_arrays(np.argwhere(scored), examples.where[scored], examples.targets[scored])
    text = _digest([*vocabulary.types, inputs])
    return Identity(text, _digest([text, targets]))


def identify_pairs(vocabulary: Vocabulary, texts: PairTexts, targets: Sequence[Int[np.ndarray, " _"]]) -> Identity:
    """Of both sides as they stand, and of the sources beside the symbols of their targets."""
    symbols = (" ".join(vocabulary.types[number] for number in target) for target in targets)
    return Identity(_digest([*texts.sources, *texts.targets]), _digest([*texts.sources, *symbols]))


def _digest(parts: Iterable[str]) -> str:
    return sha256("\0".join(parts).encode())[:DIGEST_DIGITS]


def _digest_arrays(*arrays: Int[np.ndarray, "..."]) -> str:
    return sha256(b"".join(array.astype("<i8").tobytes() for array in arrays))
