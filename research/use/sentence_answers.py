"""How sentences are answered by a finished model: the scores of their classes or a number, and the words that drove them.

Shapes: n sentences, c classes, t symbols, d width of a symbol's vector.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree

from research.config.node import Kinded
from research.data.dataset import ExampleSplit, Scale
from research.data.sentence_dataset import symbol_numbers, word_symbols
from research.models.embeddings import input_embedding, with_input_embedding
from research.models.head_logits import class_logits
from research.tasks import classifying
from research.tasks.classifying import Contributions, Texts, Words
from research.tasks.registry import model_sizes
from research.tasks.regressing import FITTED_REGRESSORS
from research.use.finished_run import FinishedRun

ROWS = 64  # sentences at a time


class ClassAnswers(NamedTuple):
    """How a kind of model puts sentences into classes.

    scores(run, words, texts) -> the score of each class; the largest is chosen
    has_probabilities(config of the model) -> whether a softmax of the scores is the model's probability of a class
    drivers(run, words, text, chosen) -> what spoke for the chosen class in one sentence, in the sentence's order
    reach(run) -> how many symbols of a sentence are read; None where all are
    """

    scores: Callable[[FinishedRun, Words, Texts], Float[np.ndarray, "n c"]]
    has_probabilities: Callable[[Kinded], bool]
    drivers: Callable[[FinishedRun, tuple[str, ...], str, int], Contributions]
    reach: Callable[[FinishedRun], int | None]


class NumberAnswers(NamedTuple):
    """How a kind of model gives sentences a number, in the data's own units.

    numbers(run, words, texts) -> that of each
    drivers(run, words, text) -> what moved that of one sentence, in the sentence's order
    reach(run) -> how many symbols of a sentence are read; None where all are
    """

    numbers: Callable[[FinishedRun, Words, Texts], Float[np.ndarray, " n"]]
    drivers: Callable[[FinishedRun, tuple[str, ...], str], Contributions]
    reach: Callable[[FinishedRun], int | None]


def _training_length(run: FinishedRun) -> int:
    return model_sizes(run.config, run.data).length


def _no_end(run: FinishedRun) -> None:
    return None


def _logits(run: FinishedRun, words: Words, texts: Texts) -> Float[np.ndarray, "n c"]:
    """Logits, in batches of one shape: rows of the training length."""
    length = _training_length(run)
    logits = []
    for start in range(0, len(words), ROWS):
        tokens, valid = _rows(run, words[start : start + ROWS], ROWS, length)
        logits.append(np.asarray(class_logits(run.config.model, run.parameters, jnp.asarray(tokens), jnp.asarray(valid))))
    return np.concatenate(logits)[: len(words)]


def _rows(run: FinishedRun, words: Sequence[tuple[str, ...]], rows: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    tokens, valid = np.zeros((rows, length), np.int32), np.zeros((rows, length), bool)
    for row, sentence in enumerate(symbol_numbers(run.data.vocabulary, words)):
        ids = sentence[:length]
        tokens[row, : len(ids)] = ids
        valid[row, : len(ids)] = True
    return tokens, valid


def _gradient_drivers(run: FinishedRun, words: tuple[str, ...], text: str, chosen: int) -> Contributions:
    """Gradient x input (Simonyan et al. 2013; Denil et al. 2014): each symbol's vector times the gradient of the class's logit by it, or of
    the only output, summed over the symbols of a word.

    Every place has a row of its own in the table, so that a word that comes twice has two numbers.
    """
    symbol_counts = [len(symbols) for symbols in word_symbols(run.data.vocabulary, words)]
    longest = _training_length(run)
    length = min(longest, 2 ** math.ceil(math.log2(max(1, min(sum(symbol_counts), longest)))))
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


def _fitted_scores(run: FinishedRun, words: Words, texts: Texts) -> Float[np.ndarray, "n c"]:
    return classifying.class_scores(run.config.model, run.data, run.parameters, words, texts)


def _feature_drivers(run: FinishedRun, words: tuple[str, ...], text: str, chosen: int) -> Contributions:
    return classifying.feature_contributions(run.config.model, run.data, run.parameters, words, text, chosen)


def _scale(run: FinishedRun) -> Scale:
    assert isinstance(run.data.train, ExampleSplit), "a rated sentence is an example"
    return run.data.train.scale


def _scaled_outputs(run: FinishedRun, words: Words, texts: Texts) -> Float[np.ndarray, " n"]:
    scale = _scale(run)
    return scale.mean + scale.deviation * _logits(run, words, texts)[:, 0].astype(np.float64)


def _scaled_drivers(run: FinishedRun, words: tuple[str, ...], text: str) -> Contributions:
    deviation = _scale(run).deviation
    return [(word, deviation * value) for word, value in _gradient_drivers(run, words, text, 0)]


def _fitted_numbers(run: FinishedRun, words: Words, texts: Texts) -> Float[np.ndarray, " n"]:
    return FITTED_REGRESSORS[type(run.config.model)].predict(run.config.model, run.data, run.parameters, words, texts)


def _fitted_drivers(run: FinishedRun, words: tuple[str, ...], text: str) -> Contributions:
    return FITTED_REGRESSORS[type(run.config.model)].drivers(run.config.model, run.data, run.parameters, words, text)


TRAINED_CLASSES = ClassAnswers(_logits, lambda config: True, _gradient_drivers, _training_length)
FITTED_CLASSES = ClassAnswers(_fitted_scores, classifying.has_probabilities, _feature_drivers, _no_end)
TRAINED_NUMBERS = NumberAnswers(_scaled_outputs, _scaled_drivers, _training_length)
FITTED_NUMBERS = NumberAnswers(_fitted_numbers, _fitted_drivers, _no_end)
