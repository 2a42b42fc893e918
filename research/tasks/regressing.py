"""Sentences given a number by what is counted or written by hand: ridge regression over counts, the mean, the score of rules.

One entry for each kind of model, in `FITTED_REGRESSORS`. Predictions are in the data's own units.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float

from research.classic import bag_of_words, sentiment_rules
from research.classic.lexicon import Lexicon, load_lexicon
from research.classic.linear_classifiers import LinearClassifier
from research.classic.ridge import fit_line, fit_mean, fit_ridge
from research.config.classify import BagOfWords, MeanLearner, Ridge
from research.config.rules import Rules
from research.data.dataset import Dataset
from research.tasks.classifying import Contributions, Fitted, LinearModel, Texts, Words, replace_unknown


class RatedRules(NamedTuple):
    """A lexicon, and the line from the rules' score, which lies in -1 to 1, to the data's units."""

    lexicon: Lexicon
    slope: float
    offset: float


class FittedRegressor(NamedTuple):
    """What gives a number to sentences without gradient steps.

    fit(config, data, data_dir) -> the model, on the training sentences
    predict(config, data, model, words, texts) -> a number for each sentence
    drivers(config, data, model, words, text) -> what moved the number of one sentence, feature by feature, against that of no feature
    """

    fit: Callable[[Any, Dataset, Path | None], Fitted]
    predict: Callable[[Any, Dataset, Any, Words, Texts], Float[np.ndarray, " n"]]
    drivers: Callable[[Any, Dataset, Any, tuple[str, ...], str], Contributions]


def fit_rated_rules(config: Rules, data: Dataset, data_dir: Path | None) -> Fitted:
    """The least squares line of the training numbers over the rules' scores; the rules themselves learn nothing."""
    lexicon, train = load_lexicon(config.lexicon, data_dir), data.sentences["train"]
    slope, offset = fit_line(_rule_scores(config, lexicon, train.texts), train.labels.astype(np.float64))
    return Fitted(RatedRules(lexicon, slope, offset), len(lexicon.valences) + 2, {"slope": slope, "offset": offset})


def predict_by_rules(config: Rules, data: Dataset, model: RatedRules, words: Words, texts: Texts) -> Float[np.ndarray, " n"]:
    """The line's value at the score of each text."""
    return model.slope * _rule_scores(config, model.lexicon, texts) + model.offset


def _rule_scores(config: Rules, lexicon: Lexicon, texts: Texts) -> Float[np.ndarray, " n"]:
    return np.array([sentiment_rules.sentiment_score(config, lexicon, text) for text in texts])


def rule_drivers(config: Rules, data: Dataset, model: RatedRules, words: tuple[str, ...], text: str) -> Contributions:
    """What each word adds to the score, in the data's units."""
    return [(word, model.slope * value) for word, value in sentiment_rules.word_contributions(config, model.lexicon, text)]


LINEAR_REGRESSIONS: dict[type, Callable[[Any, Any, Float[np.ndarray, " n"]], LinearClassifier]] = {
    Ridge: fit_ridge,
    MeanLearner: lambda config, x, numbers: fit_mean(x, numbers),
}


def fit_linear_regression(config: BagOfWords, data: Dataset, data_dir: Path | None) -> Fitted:
    """The learner's weights of the n-grams that training has."""
    train = data.sentences["train"]
    features, matrix = bag_of_words.fit_features(config, replace_unknown(data, train.words))
    linear = LINEAR_REGRESSIONS[type(config.learner)](config.learner, matrix, train.labels.astype(np.float64))
    sparse_mb, dense_mb = bag_of_words.matrix_megabytes(matrix)
    extra = {"features": float(len(features.names)), "one_hot_mb": sparse_mb, "dense_mb": dense_mb}
    return Fitted(LinearModel(features, linear), int(np.count_nonzero(linear.weights)) + 1, extra)


def predict_linearly(config: BagOfWords, data: Dataset, model: LinearModel, words: Words, texts: Texts) -> Float[np.ndarray, " n"]:
    """The weighted sum of a sentence's n-grams, and the bias."""
    matrix = bag_of_words.transform_features(config, model.features, replace_unknown(data, words))
    numbers: Float[np.ndarray, " n"] = (matrix @ model.linear.weights)[:, 0] + model.linear.bias[0]
    return numbers


def linear_drivers(config: BagOfWords, data: Dataset, model: LinearModel, words: tuple[str, ...], text: str) -> Contributions:
    """What each n-gram adds to the bias."""
    row = bag_of_words.transform_features(config, model.features, replace_unknown(data, [words])).tocsr()
    weights = model.linear.weights[:, 0]
    return [(model.features.names[i], float(value * weights[i])) for i, value in zip(row.indices, row.data, strict=True)]


FITTED_REGRESSORS: dict[type, FittedRegressor] = {
    Rules: FittedRegressor(fit_rated_rules, predict_by_rules, rule_drivers),
    BagOfWords: FittedRegressor(fit_linear_regression, predict_linearly, linear_drivers),
}
