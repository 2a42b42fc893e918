"""n-gram language models: counted on a text or on generated sequences, scored a whole split at a time."""

from collections.abc import Callable
from types import EllipsisType
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from research.classic.kneser_ney import kneser_ney
from research.classic.ngram_counts import UNSEEN, count_ngrams, find_ngrams, ngram_ids, position_in_sentence, sequence_symbols, text_symbols
from research.classic.smoothing import NGramProbabilities, add_k, maximum_likelihood
from research.config.errors import StepladderError
from research.config.model import AddK, KneserNey, MaximumLikelihood, NGram

SMOOTHINGS: dict[type, Callable[..., NGramProbabilities]] = {MaximumLikelihood: maximum_likelihood, AddK: add_k, KneserNey: kneser_ney}


class NGramModel(NamedTuple):
    """A fitted n-gram model: the n-grams seen in training and the numbers that turn them into probabilities."""

    vocabulary_size: int  # V: every word a distribution is over, eos included; <s> has the id V and is never predicted
    eos: int | None  # ends a sentence; None for a model of sequences, where each row is a sentence
    keys: tuple[Int[np.ndarray, " _"], ...]  # the n-grams of the orders 1..n, packed (see ngram_counts.py)
    estimate: NGramProbabilities

    @property
    def order(self) -> int:
        """The longest n-gram."""
        return len(self.keys)


class Contexts(NamedTuple):
    """What precedes some predictions."""

    ids: list[Int[np.ndarray, "*a"]]  # of the last 0..n-1 symbols; UNSEEN where training lacks them or the sentence is shorter
    length: Int[np.ndarray, "*a"]  # symbols since the sentence began, <s> included


def fit_ngram(config: NGram, tokens: Int[np.ndarray, " n"], vocabulary_size: int, eos: int) -> NGramModel:
    """Counts a stream of sentences, each ended by `eos`. A sentence begins with <s>, which is context and never predicted.

    Raises StepladderError if there is nothing to count or a token is outside 0..vocabulary_size - 1.
    """
    _check_tokens(tokens, vocabulary_size)
    return _fit(config, text_symbols(tokens, eos, vocabulary_size), vocabulary_size, eos)


def fit_ngram_sequences(
    config: NGram, sequences: Int[np.ndarray, "n t"], valid: Bool[np.ndarray, "n t"], vocabulary_size: int
) -> NGramModel:
    """Counts rows: each is a sentence that begins with <s> and has no end. Tokens that are not `valid` are skipped.

    Raises StepladderError as `fit_ngram` does.
    """
    _check_tokens(sequences[valid], vocabulary_size)
    return _fit(config, sequence_symbols(sequences, valid, vocabulary_size)[0], vocabulary_size, None)


def _fit(config: NGram, symbols: Int[np.ndarray, " m"], vocabulary_size: int, eos: int | None) -> NGramModel:
    tables = count_ngrams(symbols, config.order, vocabulary_size)
    estimate = SMOOTHINGS[type(config.smoothing)](config.smoothing, tables, vocabulary_size)
    return NGramModel(vocabulary_size, eos, tuple(table.keys for table in tables), estimate)


def _check_tokens(tokens: Int[np.ndarray, " n"], vocabulary_size: int) -> None:
    if not tokens.size:
        raise StepladderError("an n-gram model has nothing to count: the training text is empty; check data.train and data.train_tokens")
    if tokens.min() < 0 or tokens.max() >= vocabulary_size:
        raise StepladderError(
            f"the text holds token ids from {tokens.min()} to {tokens.max()}, but the vocabulary has the ids 0 to {vocabulary_size - 1}; "
            "encode the text with the vocabulary the model is fitted for"
        )


def log_probabilities(model: NGramModel, tokens: Int[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """The natural log-probability of each token of a stream after the tokens before it in its sentence; -inf where it is impossible."""
    symbols = _text_symbols(model, tokens)
    scored = np.flatnonzero(symbols != model.vocabulary_size)
    return _log(_probability(model, _index_contexts(_contexts(model, symbols), scored - 1), symbols[scored]))


def next_log_probabilities(model: NGramModel, context: Int[np.ndarray, " n"]) -> Float[np.ndarray, " v"]:
    """The natural log-probabilities of every word after a stream of tokens, of which the last, unfinished sentence counts.

    The probabilities sum to one, except that maximum likelihood gives every word -inf after an unseen context.
    """
    ends = np.flatnonzero(context == model.eos)
    sentence = context[ends[-1] + 1 :] if ends.size else context
    symbols = np.insert(sentence.astype(np.int64), 0, model.vocabulary_size)
    last = _index_contexts(_contexts(model, symbols), slice(-1, None))
    return _log(_probability(model, last, np.arange(model.vocabulary_size)))


def score_positions(
    model: NGramModel,
    inputs: Int[np.ndarray, "n t"],
    valid: Bool[np.ndarray, "n t"],
    where: Int[np.ndarray, "n q"],
    targets: Int[np.ndarray, "n q"],
) -> Float[np.ndarray, "n q"]:
    """The natural log-probability of each target after its row up to and including position `where`."""
    return _log(_probability(model, _row_contexts(model, inputs, valid, where), targets))


def position_log_probabilities(
    model: NGramModel, inputs: Int[np.ndarray, "n t"], valid: Bool[np.ndarray, "n t"], where: Int[np.ndarray, "n q"]
) -> Float[np.ndarray, "n q v"]:
    """As `score_positions`, for every word of the vocabulary."""
    contexts = _index_contexts(_row_contexts(model, inputs, valid, where), (..., None))
    return _log(_probability(model, contexts, np.arange(model.vocabulary_size)))


def unseen_share(model: NGramModel, tokens: Int[np.ndarray, " n"]) -> dict[int, float]:
    """For each order, the share of a text's n-grams (occurrences, those that begin with <s> included) that training never saw.

    An order longer than every sentence has no n-grams and is left out.
    """
    symbols = _text_symbols(model, tokens)
    position = position_in_sentence(symbols, model.vocabulary_size)
    ids = ngram_ids(model.keys, symbols, model.vocabulary_size)
    exists = {k: position >= max(k - 1, 1) for k in range(1, model.order + 1)}
    return {k: float(np.mean(ids[k][inside] == UNSEEN)) for k, inside in exists.items() if inside.any()}


def stored_ngrams(model: NGramModel) -> int:
    """The number of stored counts: distinct n-grams of every order, <s> alone not among them."""
    return sum(len(keys) for keys in model.keys) - 1


def _text_symbols(model: NGramModel, tokens: Int[np.ndarray, " n"]) -> Int[np.ndarray, " m"]:
    assert model.eos is not None, "a model of sequences has no sentence end: score its rows with score_positions"
    return text_symbols(tokens, model.eos, model.vocabulary_size)


def _contexts(model: NGramModel, symbols: Int[np.ndarray, " m"]) -> Contexts:
    """What precedes a prediction right after each symbol."""
    return Contexts(
        ngram_ids(model.keys[:-1], symbols, model.vocabulary_size),
        position_in_sentence(symbols, model.vocabulary_size) + 1,
    )


def _row_contexts(
    model: NGramModel, inputs: Int[np.ndarray, "n t"], valid: Bool[np.ndarray, "n t"], where: Int[np.ndarray, "n q"]
) -> Contexts:
    symbols, ends = sequence_symbols(inputs, valid, model.vocabulary_size)
    return _index_contexts(_contexts(model, symbols), np.take_along_axis(ends, where + 1, axis=1))


Index = np.ndarray | slice | tuple[EllipsisType, None]


def _index_contexts(contexts: Contexts, index: Index) -> Contexts:
    return Contexts([ids[index] for ids in contexts.ids], contexts.length[index])


def _probability(model: NGramModel, contexts: Contexts, words: Int[np.ndarray, "*b"]) -> Float[np.ndarray, "*c"]:
    """p(word | context), broadcast together, from the shortest context to the longest that the sentence has."""
    estimate, uniform = model.estimate, np.array(1.0 / model.vocabulary_size)
    probability = uniform
    for k, (keys, context) in enumerate(zip(model.keys, contexts.ids, strict=True)):
        discounted = estimate.discounted[k][find_ngrams(keys, context, words, model.vocabulary_size)]
        lower = probability if estimate.interpolated else uniform
        probability = np.where(contexts.length >= k, discounted + estimate.weight[k][context] * lower, probability)
    return probability


def _log(probability: Float[np.ndarray, "*c"]) -> Float[np.ndarray, "*c"]:
    with np.errstate(divide="ignore"):
        return np.log(probability)
