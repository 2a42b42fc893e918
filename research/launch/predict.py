"""A trained or fitted model of sentences on any of them: the class and how sure it is, or the number; and the words that drove it."""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree

from research.config.classify import SentenceModel
from research.config.errors import StepladderError
from research.config.unicode import argument_text, normalise_unicode
from research.data.sentence_dataset import split_words, symbol_numbers, word_symbols
from research.launch.input_lines import read_input_lines
from research.launch.open_run import OpenRun
from research.models.embeddings import input_embedding, with_input_embedding
from research.models.head_logits import class_logits
from research.tasks import classifying
from research.tasks.registry import model_sizes
from research.tasks.regressing import FITTED_REGRESSORS
from research.text.vocabulary import Vocabulary

ROWS = 64  # sentences at a time


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
    if isinstance(config.model, SentenceModel):
        scores = _trained_scores(run, words)
    else:
        scores = classifying.class_scores(config.model, data, run.parameters, words, texts)
    has_probabilities = isinstance(config.model, SentenceModel) or classifying.has_probabilities(config.model)
    predictions = []
    for i, (text, row) in enumerate(zip(texts, scores, strict=True)):
        chosen = int(row.argmax())
        probabilities = np.exp(classifying.log_softmax(row[None])[0]).tolist()
        drivers = _drivers(run, words[i], texts[i], chosen) if explain else []
        predictions.append(
            Prediction(
                text,
                data.classes[chosen],
                dict(zip(data.classes, probabilities, strict=True)) if has_probabilities else None,
                dict(zip(data.classes, row.tolist(), strict=True)),
                *_reading(run, words[i], drivers),
            )
        )
    return predictions


def rate_sentences(run: OpenRun, texts: Sequence[str]) -> list[NumberPrediction]:
    """The number of each sentence by itself, in the data's own units, with the words that drove it."""
    config, data = run.config, run.data
    texts = [normalise_unicode(text, config.data.normalisation) for text in texts]  # type: ignore[union-attr]
    words = [split_words(config.data, text) for text in texts]  # type: ignore[arg-type]
    if isinstance(config.model, SentenceModel):
        scale = data.train.scale  # type: ignore[union-attr]
        numbers = scale.mean + scale.deviation * _trained_scores(run, words)[:, 0].astype(np.float64)
        drivers = [[(word, scale.deviation * value) for word, value in _gradient_drivers(run, sentence, 0)] for sentence in words]
    else:
        kind = FITTED_REGRESSORS[type(config.model)]
        numbers = kind.predict(config.model, data, run.parameters, words, texts)
        drivers = [kind.drivers(config.model, data, run.parameters, *sentence) for sentence in zip(words, texts, strict=True)]
    return [
        NumberPrediction(text, float(number), *_reading(run, sentence, sentence_drivers))
        for text, number, sentence, sentence_drivers in zip(texts, numbers, words, drivers, strict=True)
    ]


def _reading(run: OpenRun, words: tuple[str, ...], drivers: Sequence[tuple[str, float]]) -> SentenceReading:
    vocabulary = run.data.vocabulary
    reach = model_sizes(run.config, run.data).length if isinstance(run.config.model, SentenceModel) else None
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


def _trained_scores(run: OpenRun, words: Sequence[tuple[str, ...]]) -> Float[np.ndarray, "n c"]:
    """Logits, in batches of one shape: rows of the training length."""
    length = model_sizes(run.config, run.data).length
    logits = []
    for start in range(0, len(words), ROWS):
        tokens, valid = _rows(run, words[start : start + ROWS], ROWS, length)
        logits.append(np.asarray(class_logits(run.config.model, run.parameters, jnp.asarray(tokens), jnp.asarray(valid))))
    return np.concatenate(logits)[: len(words)]


def _rows(run: OpenRun, words: Sequence[tuple[str, ...]], rows: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    tokens, valid = np.zeros((rows, length), np.int32), np.zeros((rows, length), bool)
    for row, sentence in enumerate(symbol_numbers(run.data.vocabulary, words)):
        ids = sentence[:length]
        tokens[row, : len(ids)] = ids
        valid[row, : len(ids)] = True
    return tokens, valid


def _drivers(run: OpenRun, words: tuple[str, ...], text: str, chosen: int) -> list[tuple[str, float]]:
    """What spoke for the chosen class in one sentence, in the sentence's order."""
    if isinstance(run.config.model, SentenceModel):
        return _gradient_drivers(run, words, chosen)
    return classifying.feature_contributions(run.config.model, run.data, run.parameters, words, text, chosen)


def _gradient_drivers(run: OpenRun, words: tuple[str, ...], chosen: int) -> list[tuple[str, float]]:
    """Gradient x input (Simonyan et al. 2013; Denil et al. 2014): each symbol's vector times the gradient of the class's logit by it, or of
    the only output, summed over the symbols of a word.

    Every place has a row of its own in the table, so that a word that comes twice has two numbers.
    """
    symbol_counts = [len(symbols) for symbols in word_symbols(run.data.vocabulary, words)]
    length = 2 ** math.ceil(math.log2(max(1, min(sum(symbol_counts), model_sizes(run.config, run.data).length))))
    length = min(length, model_sizes(run.config, run.data).length)
    tokens, valid = _rows(run, [words], 1, length)
    table = input_embedding(run.config.model, jax.tree.map(jnp.asarray, run.parameters)).table[tokens[0]]
    gradient = _logit_gradient(run.config.model, run.parameters, table, valid, jnp.int32(chosen))
    contributions = np.asarray((gradient * table).sum(axis=1))
    ends = np.cumsum(symbol_counts)
    spans = ((word, end - n, end) for word, n, end in zip(words, symbol_counts, ends, strict=True) if end - n < length)
    return [(word, float(contributions[first:end].sum())) for word, first, end in spans]


@partial(jax.jit, static_argnums=0)
def _logit_gradient(model: Any, params: PyTree, table: Float[Array, "t d"], valid: Bool[Array, "1 t"], chosen: Int[Array, ""]) -> Array:
    def centred_logit(table: Array) -> Array:
        logits = class_logits(model, with_input_embedding(model, params, table), jnp.arange(len(table), dtype=jnp.int32)[None], valid)[0]
        return logits[chosen] - (logits.mean() if len(logits) > 1 else 0.0)

    return jax.grad(centred_logit)(table)
