"""Cross-validation: the sentences of a source in one fixed order, dealt into folds."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Int, Num

from research.config.folds import CrossValidated
from research.data.dataset import LabelledSentences


class Pool(NamedTuple):
    """All sentences of a source, those of fold 0 first, and where each fold ends."""

    sentences: LabelledSentences
    ends: tuple[int, ...]
    classes: tuple[str, ...]


def assign_folds(labels: Num[np.ndarray, " n"], folds: int) -> tuple[Int[np.ndarray, " n"], tuple[int, ...]]:
    """The sentences in the order of their folds, and where each fold ends.

    The sentences of a fixed shuffle go to the folds in turn, class after class, or from the least number to the greatest, so that neither
    the sizes of two folds nor their numbers of a class differ by more than one. Within a fold they keep the order of the shuffle.
    """
    shuffled = np.random.default_rng(0).permutation(len(labels))
    by_class = np.argsort(labels[shuffled], kind="stable")
    fold = np.empty(len(labels), np.int64)
    fold[by_class] = np.arange(len(labels)) % folds
    order = shuffled[np.argsort(fold, kind="stable")]
    return order, tuple(np.cumsum(np.bincount(fold, minlength=folds)).tolist())


def select_sentences(sentences: LabelledSentences, places: Int[np.ndarray, " m"]) -> LabelledSentences:
    """The sentences at these places."""
    return LabelledSentences(tuple(sentences.texts[i] for i in places), tuple(sentences.words[i] for i in places), sentences.labels[places])


def split_pool(config: CrossValidated, pool: Pool) -> dict[str, LabelledSentences]:
    """One fold is the test, the one behind it validation where there is one, the rest training. Of all folds, everything is both."""
    everything = np.arange(len(pool.sentences.labels))
    if config.fold == "all":
        return {"train": pool.sentences, "valid": select_sentences(pool.sentences, everything[:0]), "test": pool.sentences}
    parts = np.split(everything, pool.ends[:-1])
    following = (config.fold + 1) % len(parts) if config.validation == "next_fold" else None
    training = [part for number, part in enumerate(parts) if number not in (config.fold, following)]
    places_by_split = {
        "train": np.concatenate(training),
        "valid": everything[:0] if following is None else parts[following],
        "test": parts[config.fold],
    }
    return {split: select_sentences(pool.sentences, places) for split, places in places_by_split.items()}
