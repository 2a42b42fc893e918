"""A trained or fitted classifier on any sentences: the class, how sure it is, and the words that drove it."""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from research.config.classify import ClassifierConfig
from research.config.errors import StepladderError
from research.config.model_facts import CLASSIFIERS
from research.config.unicode import argument_text, normalise_unicode
from research.data.sentence_dataset import split_words, symbol_numbers, word_symbols
from research.launch.input_lines import read_input_lines
from research.launch.open_run import OpenRun
from research.models.embeddings import input_embedding, with_input_embedding
from research.models.head_logits import class_logits
from research.tasks import classifying
from research.tasks.registry import model_sizes
from research.text.vocabulary import Vocabulary

ROWS = 64  # sentences at a time


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


def check_classifies(run: OpenRun) -> None:
    """Raises StepladderError for a run that puts no sentence into a class."""
    if not isinstance(run.config.model, CLASSIFIERS):
        raise StepladderError(
            f"{run.folder} is a {run.config.model.kind}, which puts no sentence into a class; name a run on labelled data."
        )


def classify_sentences(run: OpenRun, texts: Sequence[str], explain: bool = True) -> list[Prediction]:
    """Each sentence by itself: neither its neighbours nor their lengths change it. `explain`: with the words that drove it."""
    check_classifies(run)
    config, data = run.config, run.data
    texts = [normalise_unicode(text, config.data.normalisation) for text in texts]  # type: ignore[union-attr]
    words = [split_words(config.data, text) for text in texts]  # type: ignore[arg-type]
    if isinstance(config.model, ClassifierConfig):
        scores, reach = _trained_scores(run, words), model_sizes(config, data).length
    else:
        scores, reach = classifying.class_scores(config.model, data, run.parameters, words, texts), None
    has_probabilities = isinstance(config.model, ClassifierConfig) or classifying.has_probabilities(config.model)
    predictions = []
    for i, (text, row) in enumerate(zip(texts, scores, strict=True)):
        chosen, lookup = int(row.argmax()), data.vocabulary.lookup
        probabilities = np.exp(classifying.log_softmax(row[None])[0]).tolist()
        drivers = _drivers(run, words[i], texts[i], chosen) if explain else []
        predictions.append(
            Prediction(
                text,
                data.classes[chosen],
                dict(zip(data.classes, probabilities, strict=True)) if has_probabilities else None,
                dict(zip(data.classes, row.tolist(), strict=True)),
                tuple(sorted((driver for driver in drivers if driver[1]), key=lambda driver: -abs(driver[1]))),
                len(words[i]),
                sum(any(symbol not in lookup for symbol in symbols) for symbols in word_symbols(data.vocabulary, words[i])),
                _words_within(data.vocabulary, words[i], reach),
            )
        )
    return predictions


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
    if isinstance(run.config.model, ClassifierConfig):
        return _gradient_drivers(run, words, chosen)
    return classifying.feature_contributions(run.config.model, run.data, run.parameters, words, text, chosen)


def _gradient_drivers(run: OpenRun, words: tuple[str, ...], chosen: int) -> list[tuple[str, float]]:
    """Gradient x input (Simonyan et al. 2013; Denil et al. 2014): each symbol's vector times the gradient of the class's logit by it,
    summed over the symbols of a word.

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
def _logit_gradient(model: Any, params: Any, table: Float[Array, "t d"], valid: Bool[Array, "1 t"], chosen: Int[Array, ""]) -> Array:
    def centred_logit(table: Array) -> Array:
        logits = class_logits(model, with_input_embedding(model, params, table), jnp.arange(len(table), dtype=jnp.int32)[None], valid)[0]
        return logits[chosen] - logits.mean()

    return jax.grad(centred_logit)(table)
