"""A trained or fitted model of sentences on any of them: the class and how sure it is, or the number; and the words that drove it."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from research.config.errors import StepladderError
from research.config.unicode import argument_text, normalise_unicode
from research.data.sentence_dataset import split_words, word_symbols
from research.tasks import classifying
from research.text.vocabulary import Vocabulary
from research.use.finished_kinds import finished_kind
from research.use.input_lines import read_input_lines
from research.use.open_run import OpenRun


class SentenceReading(NamedTuple):
    """What a model took in of a sentence, and the words that drove what it says of it."""

    drivers: tuple[tuple[str, float], ...]  # the strongest first
    words: int
    unknown: int  # words that training has not seen, or that have a symbol which it has not
    read: int  # words that the model looked at to their end: a model of fixed length stops there


class NumberPrediction(NamedTuple):
    """Of one sentence. `drivers`: words and how far they moved the number, in its units, the strongest first; the rest as of a class."""

    text: str
    number: float
    drivers: tuple[tuple[str, float], ...]
    words: int
    unknown: int
    read: int

    @property
    def answer(self) -> str:
        """For a line of text."""
        return f"{self.number:.6g}"


class Prediction(NamedTuple):
    """Of one sentence. `drivers`: words and how much they spoke for the class, against the mean of all classes, the strongest first."""

    text: str
    label: str
    probabilities: dict[str, float] | None  # None where a model has none
    scores: dict[str, float]
    drivers: tuple[tuple[str, float], ...]
    words: int
    unknown: int  # words that training has not seen, or that have a symbol which it has not
    read: int  # words that the model looked at to their end: a model of fixed length stops there

    @property
    def answer(self) -> str:
        """For a line of text: the class with its probability, or its score."""
        sure = f"{100 * self.probabilities[self.label]:5.1f} %" if self.probabilities else f"{self.scores[self.label]:+7.2f}"
        return f"{self.label:<12} {sure}"


def check_classifies(run: OpenRun) -> None:
    """Raises StepladderError for a run that puts no sentence into a class."""
    if run.config.data.asks != "classes":
        raise StepladderError(
            f"{run.folder} is a {run.config.model.kind}, which puts no sentence into a class; name a run on labelled or tagged data."
        )


def classify_sentences(run: OpenRun, texts: Sequence[str], explain: bool = True) -> list[Prediction]:
    """Each sentence by itself: neither its neighbours nor their lengths change it. `explain`: with the words that drove it."""
    check_classifies(run)
    config, data = run.config, run.data
    texts = [normalise_unicode(text, config.data.normalisation) for text in texts]  # type: ignore[union-attr]
    words = [split_words(config.data, text) for text in texts]  # type: ignore[arg-type]
    answers = finished_kind(config.model).classes
    assert answers is not None, "a model of classes"
    model = run.finished
    scores, has_probabilities = answers.scores(model, words, texts), answers.has_probabilities(config.model)
    predictions = []
    for i, (text, row) in enumerate(zip(texts, scores, strict=True)):
        chosen = int(row.argmax())
        probabilities = np.exp(classifying.log_softmax(row[None])[0]).tolist()
        drivers = answers.drivers(model, words[i], texts[i], chosen) if explain else []
        predictions.append(
            Prediction(
                text,
                data.classes[chosen],
                dict(zip(data.classes, probabilities, strict=True)) if has_probabilities else None,
                dict(zip(data.classes, row.tolist(), strict=True)),
                *_reading(run, words[i], drivers, answers.reach(model)),
            )
        )
    return predictions


def rate_sentences(run: OpenRun, texts: Sequence[str]) -> list[NumberPrediction]:
    """The number of each sentence by itself, in the data's own units, with the words that drove it."""
    config = run.config
    texts = [normalise_unicode(text, config.data.normalisation) for text in texts]  # type: ignore[union-attr]
    words = [split_words(config.data, text) for text in texts]  # type: ignore[arg-type]
    answers = finished_kind(config.model).numbers
    assert answers is not None, "a model of numbers"
    model = run.finished
    numbers = answers.numbers(model, words, texts)
    drivers = [answers.drivers(model, *sentence) for sentence in zip(words, texts, strict=True)]
    return [
        NumberPrediction(text, float(number), *_reading(run, sentence, sentence_drivers, answers.reach(model)))
        for text, number, sentence, sentence_drivers in zip(texts, numbers, words, drivers, strict=True)
    ]


def _reading(run: OpenRun, words: tuple[str, ...], drivers: Sequence[tuple[str, float]], reach: int | None) -> SentenceReading:
    """`reach`: how many symbols the model reads; None where it reads all."""
    vocabulary = run.data.vocabulary
    return SentenceReading(
        tuple(sorted((driver for driver in drivers if driver[1]), key=lambda driver: -abs(driver[1]))),
        len(words),
        sum(any(symbol not in vocabulary.lookup for symbol in symbols) for symbols in word_symbols(vocabulary, words)),
        _words_within(vocabulary, words, reach),
    )


def sentences_from_options(text: str | None, file: Path | None) -> list[str]:
    """What the command names: one text, or the lines of a file. Raises StepladderError for both, none, or what is no UTF-8."""
    if (text is None) == (file is None):
        raise StepladderError("Give exactly one of --text and --file: a sentence, or a file with a sentence a line.")
    if text is not None:
        return [argument_text(text)]
    assert file is not None
    return read_input_lines("--file", file, "a sentence")


def _words_within(vocabulary: Vocabulary, words: Sequence[str], reach: int | None) -> int:
    """How many words end within the first `reach` symbols."""
    if reach is None:
        return len(words)
    ends = np.cumsum([len(symbols) for symbols in word_symbols(vocabulary, words)])
    return int((ends <= reach).sum())
