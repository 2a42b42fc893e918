"""Labelled and rated sentences as arrays: what a model of symbols reads, and the sentences themselves.

One entry for each kind of data in `SENTENCES`, and for each thing that is told of a sentence in `ANSWER_KINDS`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float64, Int, Int32

from research.config.data_kind import Asks
from research.config.errors import StepladderError
from research.config.folds import CrossValidated
from research.config.levels import level_facts
from research.config.sentence_data import SentenceData
from research.config.sentences import (
    SST2,
    SST5,
    Acceptability,
    LabelledFiles,
    MovieReviews,
    Questions,
    RatedFiles,
    ShakespeareSpeaker,
    Subjectivity,
    Vader,
    VaderRatings,
)
from research.config.unicode import lowercase, normalise_unicode
from research.data.clusters import independent, twins
from research.data.dataset import SCORED, SPLITS, Dataset, ExampleSplit, Identity, LabelledSentences, Scale
from research.data.folds import Pool, assign_folds, select_sentences, split_pool
from research.data.labelled import (
    corrupted_sentences,
    own_sentences,
    pinned_sentences,
    read_acceptability,
    read_lines_of_folds,
    read_questions,
    read_trees,
    read_vader,
)
from research.data.labelled_files import labelled_groups, own_labelled, read_labelled_files
from research.data.limits import checked_limit
from research.data.rated import check_ratings, own_rated, rated_groups, read_rated_files, read_vader_ratings, training_scale
from research.data.source_kind import Contents, SourceKind, learner_of_level, source_digest
from research.data.speakers import read_speakers, speaker_scenes
from research.data.split_identity import identify_ratings, identify_sentences
from research.data.training_vocabulary import training_vocabulary
from research.text.tokenize import english_words
from research.text.vocabulary import Vocabulary


def load_sentences(config: SentenceData, data_dir: Path | None, identity: str) -> Dataset:
    """The dataset of labelled or rated sentences. Raises StepladderError for what the user can mend."""
    sentences, classes = read_sentences(config, data_dir)
    vocabulary = training_vocabulary(
        config, "".join(join_words(words) + "\n" for words in sentences["train"].words)
    )  # that of the same as a text
    sentences = sentences | {"train": limit_training(config, sentences["train"], classes)}
    length, answers = config.length, ANSWER_KINDS[config.asks]
    numbers = {split: symbol_numbers(vocabulary, sentences[split].words) for split in SPLITS}
    scale = answers.scale(sentences["train"].labels)
    splits = {split: answers.examples(numbers[split], sentences[split].labels, length, scale) for split in SPLITS}
    return Dataset(
        vocabulary,
        splits["train"],
        splits["valid"],
        splits["test"],
        digest=identity,
        eos=None,
        description=_describe_sentences(config, vocabulary, numbers, {"classes": list(classes)} if classes else scale._asdict()),
        classes=classes,
        sentences=sentences,
        clusters=SENTENCES[type(config)].clusters(config, data_dir, sentences["test"].texts),
        identities={split: answers.identify(sentences[split], classes) for split in SCORED if numbers[split]},
    )


def _describe_sentences(
    config: SentenceData, vocabulary: Vocabulary, numbers: dict[str, list[Int32[np.ndarray, " _"]]], facts: dict[str, Any]
) -> dict[str, Any]:
    """What is told of a sentence, sentences, symbols, the share of sentences that are cut and of those with unknown symbols, by split."""

    def share(test: Callable[[Int32[np.ndarray, " _"]], Any], split: str) -> float:
        return float(np.mean([test(row) for row in numbers[split]] or [False]))

    unknown = -1 if vocabulary.unk is None else vocabulary.unk
    return {
        "level": vocabulary.level,
        "types": vocabulary.size,
        **facts,
        "sentences": {split: len(numbers[split]) for split in SPLITS},
        "tokens": {split: sum(map(len, numbers[split])) for split in SPLITS},
        "length": config.length,
        "cut": {split: share(lambda row: len(row) > config.length, split) for split in SPLITS},
        "with_unknown": {split: share(lambda row: (row == unknown).any(), split) for split in SPLITS},
    }


def split_words(config: SentenceData, text: str) -> tuple[str, ...]:
    """The words of a sentence: as they stand where the data is tokenised, else apart from punctuation."""
    text = normalise_unicode(text, config.normalisation)
    if config.is_tokenized:
        return tuple((lowercase(text) if config.lower else text).split())
    return tuple(english_words(text, config.lower))


def read_sentences(config: SentenceData, data_dir: Path | None) -> tuple[dict[str, LabelledSentences], tuple[str, ...]]:
    """The three splits as they are, and the classes. Raises StepladderError for a split without a sentence."""
    if isinstance(config, CrossValidated) and config.has_folds:
        unread = ("fold", "validation", "level", "length", "vocabulary", "train_sentences")
        fields = type(config).model_fields
        whole = config.model_copy(update={name: fields[name].default for name in unread})
        pool = _pool(whole, data_dir, sentences_digest(config, data_dir))
        return split_pool(config, pool), pool.classes
    splits, classes = SENTENCES[type(config)].read(config, data_dir)
    for name in SPLITS:
        if not splits[name]:
            raise StepladderError(f"{config.kind} has no sentence for {name}.")  # type: ignore[attr-defined]
    return {name: _sentences(config, splits[name], classes) for name in SPLITS}, classes


def _sentences(config: SentenceData, lines: Sequence[tuple[Any, str]], classes: tuple[str, ...]) -> LabelledSentences:
    labels = ANSWER_KINDS[config.asks].labels([label for label, _ in lines], classes)
    texts = tuple(normalise_unicode(text, config.normalisation) for _, text in lines)
    return LabelledSentences(texts, tuple(split_words(config, text) for text in texts), labels)


@lru_cache(maxsize=4)
def _pool(config: CrossValidated, data_dir: Path | None, identity: str) -> Pool:
    """All sentences of a source in the order of its folds, read and cut into words once for all folds and rows."""
    assert config.folds != "off"
    splits, classes = SENTENCES[type(config)].read(config, data_dir)
    sentences = _sentences(config, [line for split in SPLITS for line in splits[split]], classes)
    if len(sentences.labels) < config.folds:
        raise StepladderError(f"data.folds = {config.folds} are more than the {len(sentences.labels)} sentences: lower it.")
    order, ends = assign_folds(sentences.labels, config.folds)
    return Pool(select_sentences(sentences, order), ends, classes)


def limit_training(config: SentenceData, train: LabelledSentences, classes: tuple[str, ...]) -> LabelledSentences:
    """The sentences to learn from: the first of a fixed shuffle, since files are often in the order of their classes.

    Raises StepladderError where all are of one class or number, where one class has none, and where no sentence has a word.
    """
    limit = checked_limit("train_sentences", config.train_sentences, len(train.labels), "training sentences")
    order = np.arange(limit) if limit == len(train.labels) else np.random.default_rng(0).permutation(len(train.labels))
    ANSWER_KINDS[config.asks].check(config, train.labels[order], limit, classes)
    indices = order[:limit]
    if not any(train.words[i] for i in indices):
        raise StepladderError(f"None of the {limit} training sentences of {config.kind} has a word: there is nothing to learn from.")  # type: ignore[attr-defined]
    return select_sentences(train, indices)


def _check_classes(config: SentenceData, labels: Int[np.ndarray, " n"], limit: int, classes: tuple[str, ...]) -> None:
    """`labels`: of all training sentences in the order in which they are taken, of which the first `limit` are."""
    kind: str = config.kind  # type: ignore[attr-defined]
    if len(set(labels.tolist())) < 2:
        raise StepladderError(
            f"All training sentences of {kind} are of one class ({classes[labels[0]]}), so there is nothing to tell apart. "
            "Bring sentences of another."
        )
    missing_classes = [number for number in range(len(classes)) if number not in set(labels[:limit].tolist())]
    if not missing_classes:
        return
    problem = f"The class {classes[missing_classes[0]]} of {kind} has no sentence among the {limit} of training, so nothing can learn it"
    if missing_classes[0] not in labels:
        raise StepladderError(f"{problem}. Bring one, or take the class out.")
    need = max(int(np.flatnonzero(labels == number)[0]) + 1 for number in missing_classes if number in labels)
    raise StepladderError(
        f"{problem}. Set data.train_sentences = {need} or more, the least with which every class has one, or leave it out."
    )


def join_words(words: Sequence[str]) -> str:
    """The words with a space between: what a level below the word cuts."""
    return " ".join(words)


def word_symbols(vocabulary: Vocabulary, words: Sequence[str]) -> list[list[str]]:
    """The symbols of each word: itself, or its characters, bytes or pieces, with those of the space before it.

    No piece reaches over the space before a word, so that together they are the symbols of `join_words(words)`.
    """
    if level_facts(vocabulary.level).words:
        return [[word] for word in words]
    return [vocabulary.tokens(f" {word}" if place else word) for place, word in enumerate(words)]


def symbol_numbers(vocabulary: Vocabulary, sentences: Iterable[Sequence[str]]) -> list[Int32[np.ndarray, " _"]]:
    """The numbers of each sentence's symbols."""
    word_level = level_facts(vocabulary.level).words
    symbols = [words if word_level else [*chain.from_iterable(word_symbols(vocabulary, words))] for words in sentences]
    ends = np.cumsum([0, *map(len, symbols)]).tolist()
    numbers = vocabulary.numbers(chain.from_iterable(symbols))
    return [numbers[start:end] for start, end in pairwise(ends)]


def classification_examples(numbers: Sequence[Int32[np.ndarray, " _"]], labels: Int32[np.ndarray, " n"], length: int) -> ExampleSplit:
    """Rows of `length` symbols, one score each; what is longer is cut, and a row of no words is nowhere valid. The group is the class."""
    return _sentence_examples(numbers, labels[:, None].copy(), length)._replace(group=labels.copy())


def regression_examples(
    numbers: Sequence[Int32[np.ndarray, " _"]], ratings: Float64[np.ndarray, " n"], length: int, scale: Scale
) -> ExampleSplit:
    """The same rows with standard numbers as targets, and no groups."""
    targets = ((ratings - scale.mean) / scale.deviation).astype(np.float32)[:, None]
    return _sentence_examples(numbers, targets, length)._replace(scale=scale)


def _sentence_examples(numbers: Sequence[Int32[np.ndarray, " _"]], targets: np.ndarray, length: int) -> ExampleSplit:
    n = len(targets)
    inputs, valid = np.zeros((n, length), np.int32), np.zeros((n, length), bool)
    for row, symbols in enumerate(numbers):
        truncated = symbols[:length]
        inputs[row, : len(truncated)] = truncated
        valid[row, : len(truncated)] = True
    return ExampleSplit(inputs, valid, targets, np.zeros((n, 1), np.int32), np.ones((n, 1), np.float32), np.zeros(n, np.int32))


class AnswerKind(NamedTuple):
    """What is told of a sentence, a class or a number.

    labels(labels as they are read, classes) -> the array of them
    check(config, labels in the order in which they are taken, how many are, classes) raises StepladderError where nothing can be learned
    scale(training labels) -> what makes standard numbers of numbers
    examples(numbers of symbols, labels, length, scale) -> the rows that a model reads
    identify(sentences, classes) -> the digests of a split
    """

    labels: Callable[[Sequence[Any], tuple[str, ...]], np.ndarray]
    check: Callable[[SentenceData, np.ndarray, int, tuple[str, ...]], None]
    scale: Callable[[np.ndarray], Scale]
    examples: Callable[[Sequence[np.ndarray], np.ndarray, int, Scale], ExampleSplit]
    identify: Callable[[LabelledSentences, tuple[str, ...]], Identity]


def _class_numbers(labels: Sequence[str], classes: tuple[str, ...]) -> Int32[np.ndarray, " n"]:
    number = {name: i for i, name in enumerate(classes)}
    return np.array([number[label] for label in labels], np.int32)


ANSWER_KINDS: Mapping[Asks, AnswerKind] = {
    "classes": AnswerKind(
        labels=_class_numbers,
        check=_check_classes,
        scale=lambda labels: Scale(),
        examples=lambda numbers, labels, length, scale: classification_examples(numbers, labels, length),
        identify=identify_sentences,
    ),
    "number": AnswerKind(
        labels=lambda labels, classes: np.array(labels, np.float64),
        check=check_ratings,
        scale=training_scale,
        examples=regression_examples,
        identify=lambda sentences, classes: identify_ratings(sentences),
    ),
}


def sentences_digest(config: SentenceData, data_dir: Path | None) -> str:
    """What identifies the sentences: checksums of the files, the reader's version and, of what is drawn, that of the drawing."""
    return source_digest(SENTENCES[type(config)], config, data_dir)


def _sentence_kind(read: Callable[..., Any], contents: Callable[..., Contents], clusters: Callable[..., Any]) -> SourceKind:
    return SourceKind(read, contents, learner_of_level, clusters, load_sentences, unread=())


SENTENCES: dict[type, SourceKind] = {
    Vader: _sentence_kind(read_vader, pinned_sentences("vader"), independent),
    SST2: _sentence_kind(read_trees, pinned_sentences("sst"), independent),
    SST5: _sentence_kind(read_trees, pinned_sentences("sst"), independent),
    MovieReviews: _sentence_kind(read_lines_of_folds, own_sentences, independent),
    Subjectivity: _sentence_kind(read_lines_of_folds, own_sentences, independent),
    Questions: _sentence_kind(read_questions, own_sentences, independent),
    ShakespeareSpeaker: _sentence_kind(read_speakers, pinned_sentences("shakespeare"), speaker_scenes),
    Acceptability: _sentence_kind(read_acceptability, corrupted_sentences, twins),
    LabelledFiles: _sentence_kind(read_labelled_files, own_labelled, labelled_groups),
    VaderRatings: _sentence_kind(read_vader_ratings, pinned_sentences("vader"), independent),
    RatedFiles: _sentence_kind(read_rated_files, own_rated, rated_groups),
}
