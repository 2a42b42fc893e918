"""Sentences classified by what is counted or written by hand: rules, linear models over counts, an n-gram model for each class.

One entry for each kind of model, in `FITTED_CLASSIFIERS`: it takes no gradient steps over batches.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int

from research.classic import bag_of_words, ngram_classifier, sentiment_rules
from research.classic.lexicon import Lexicon, load_lexicon
from research.classic.linear_classifiers import LinearClassifier, fit_naive_bayes, fit_nbsvm, fit_perceptron, fit_svm
from research.config.classify import NBSVM, SVM, BagOfWords, NaiveBayes, NGramClassifier, Perceptron, Softmax
from research.config.errors import StepladderError
from research.config.node import Kinded
from research.config.rules import Rules
from research.data.dataset import Dataset
from research.models.softmax_regression import fit_softmax
from research.text.tokenize import UNKNOWN

TINY = 1e-9
Words = Sequence[tuple[str, ...]]
Texts = Sequence[str]
Contributions = list[tuple[str, float]]


class Fitted(NamedTuple):
    """What was learned, how many numbers that is, and figures for the table's columns."""

    model: Any
    parameters: int
    extra: dict[str, float]


class LinearLearner(NamedTuple):
    """How weights and bias are found, fit(config, matrix, labels, classes, seed), with figures of the search; and whether their scores
    are log-probabilities.
    """

    fit: Callable[..., tuple[LinearClassifier, dict[str, float]]]
    probabilistic: bool


def _fit_softmax(config: Softmax, x: Any, labels: Any, classes: int, seed: int) -> tuple[LinearClassifier, dict[str, float]]:
    minimum = fit_softmax(config, x, labels, classes)
    return LinearClassifier(minimum.weights, minimum.bias), {"iterations": float(minimum.steps), "gradient_norm": minimum.gradient_norm}


def _without_figures(fit: Callable[..., LinearClassifier]) -> Callable[..., tuple[LinearClassifier, dict[str, float]]]:
    return lambda *arguments: (fit(*arguments), {})


LINEAR_LEARNERS: dict[type, LinearLearner] = {
    Perceptron: LinearLearner(_without_figures(fit_perceptron), False),
    Softmax: LinearLearner(_fit_softmax, True),
    NaiveBayes: LinearLearner(_without_figures(fit_naive_bayes), True),
    SVM: LinearLearner(_without_figures(fit_svm), False),
    NBSVM: LinearLearner(_without_figures(fit_nbsvm), False),
}


class LinearModel(NamedTuple):
    """Named features and their weights."""

    features: bag_of_words.NGramFeatures
    linear: LinearClassifier


class FittedClassifier(NamedTuple):
    """What tells classes without gradient steps over batches. Nothing has a default.

    fit(config, data, seed, data_dir) -> what was learned, on the training sentences
    scores(config, data, model, words, texts) -> the score of each class; the largest is chosen
    has_probabilities(config) -> whether a softmax of the scores is the model's probability of a class
    contributions(config, data, model, words, text, chosen) -> what spoke for the chosen class against the mean of all, part by part
    """

    fit: Callable[[Any, Dataset, int, Path | None], Fitted]
    scores: Callable[[Any, Dataset, Any, Words, Texts], Float[np.ndarray, "n c"]]
    has_probabilities: Callable[[Any], bool]
    contributions: Callable[[Any, Dataset, Any, tuple[str, ...], str, int], Contributions]


def fit_classifier(config: Kinded, data: Dataset, seed: int, data_dir: Path | None = None) -> Fitted:
    """On the training sentences; rules learn nothing and read their lexicon."""
    return FITTED_CLASSIFIERS[type(config)].fit(config, data, seed, data_dir)


def class_scores(config: Kinded, data: Dataset, model: Any, words: Words, texts: Texts) -> Float[np.ndarray, "n c"]:
    """The score of each class; the largest is chosen."""
    return FITTED_CLASSIFIERS[type(config)].scores(config, data, model, words, texts)


def has_probabilities(config: Kinded) -> bool:
    """Whether a softmax of the scores is the model's probability of a class."""
    return FITTED_CLASSIFIERS[type(config)].has_probabilities(config)


def feature_contributions(config: Kinded, data: Dataset, model: Any, words: tuple[str, ...], text: str, chosen: int) -> Contributions:
    """What spoke for the chosen class against the mean of all, feature by feature; of n-gram models, word by word."""
    return FITTED_CLASSIFIERS[type(config)].contributions(config, data, model, words, text, chosen)


def nats_and_predictions(
    config: Kinded, scores: Float[np.ndarray, "n c"], labels: Int[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, " n"] | None, Int[np.ndarray, " n"]]:
    """Nats of the right classes, None where a model has no probabilities, and the chosen classes."""
    chosen = scores.argmax(axis=1).astype(np.int32)
    if not has_probabilities(config):
        return None, chosen
    return -np.take_along_axis(log_softmax(scores), labels[:, None], axis=1)[:, 0], chosen


def log_softmax(scores: Float[np.ndarray, "n c"]) -> Float[np.ndarray, "n c"]:
    """Log-probabilities of log-probabilities up to a constant."""
    shifted = scores - scores.max(axis=1, keepdims=True)
    log_p: Float[np.ndarray, "n c"] = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return log_p


def replace_unknown(data: Dataset, sentences: Iterable[Sequence[str]]) -> list[list[str]]:
    """The words with <unk> for those that the vocabulary lacks."""
    lookup = data.vocabulary.lookup
    return [[word if word in lookup else UNKNOWN for word in words] for words in sentences]


def _check_polarity(data: Dataset) -> None:
    if not {"negative", "positive"} <= set(data.classes) <= {"negative", "neutral", "positive"}:
        raise StepladderError(
            f"Rules tell negative, neutral and positive apart, and these classes are {', '.join(data.classes)}. Use data with those "
            "classes (vader, sst2, or your files with these labels)."
        )


def _polarity(config: Rules, data: Dataset, compound: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n c"]:
    """Negative by the score's opposite, positive by the score, neutral where `polarity` says so. Without neutral, 0 is positive."""
    scores = {"negative": -compound, "positive": compound + TINY}
    if "neutral" in data.classes:
        undecided = np.array([sentiment_rules.polarity(config, value) == 0 for value in compound])
        scores["neutral"] = np.where(undecided, np.abs(compound) + 2 * TINY, -1.0)
    return np.stack([scores[name] for name in data.classes], axis=1)


def _fit_rules(config: Rules, data: Dataset, seed: int, data_dir: Path | None) -> Fitted:
    _check_polarity(data)
    lexicon = load_lexicon(config.lexicon, data_dir)
    return Fitted(lexicon, len(lexicon.valences), {})


def _score_by_rules(config: Rules, data: Dataset, model: Lexicon, words: Words, texts: Texts) -> Float[np.ndarray, "n c"]:
    return _polarity(config, data, np.array([sentiment_rules.sentiment_score(config, model, text) for text in texts]))


def _rule_contributions(config: Rules, data: Dataset, model: Lexicon, words: tuple[str, ...], text: str, chosen: int) -> Contributions:
    sign = -1.0 if data.classes[chosen] == "negative" else 1.0
    return [(word, sign * value) for word, value in sentiment_rules.word_contributions(config, model, text)]


def _fit_bag(config: BagOfWords, data: Dataset, seed: int, data_dir: Path | None) -> Fitted:
    train, classes = data.sentences["train"], len(data.classes)
    features, matrix = bag_of_words.fit_features(config, replace_unknown(data, train.words))
    linear, figures = LINEAR_LEARNERS[type(config.learner)].fit(config.learner, matrix, train.labels, classes, seed)
    sparse_mb, dense_mb = bag_of_words.matrix_megabytes(matrix)
    extra = {"features": len(features.names), "one_hot_mb": sparse_mb, "dense_mb": dense_mb, **figures}
    return Fitted(LinearModel(features, linear), linear.weights.size + linear.bias.size, extra)


def _score_bag(config: BagOfWords, data: Dataset, model: LinearModel, words: Words, texts: Texts) -> Float[np.ndarray, "n c"]:
    features = bag_of_words.transform_features(config, model.features, replace_unknown(data, words))
    scores: Float[np.ndarray, "n c"] = features @ model.linear.weights + model.linear.bias
    return scores


def _learner_has_probabilities(config: BagOfWords) -> bool:
    return LINEAR_LEARNERS[type(config.learner)].probabilistic


def _bag_contributions(
    config: BagOfWords, data: Dataset, model: LinearModel, words: tuple[str, ...], text: str, chosen: int
) -> Contributions:
    row = bag_of_words.transform_features(config, model.features, replace_unknown(data, [words])).tocsr()
    against_mean = model.linear.weights[:, chosen] - model.linear.weights.mean(axis=1)
    return [(model.features.names[i], float(value * against_mean[i])) for i, value in zip(row.indices, row.data, strict=True)]


def _fit_ngrams(config: NGramClassifier, data: Dataset, seed: int, data_dir: Path | None) -> Fitted:
    train = data.sentences["train"]
    model = ngram_classifier.fit_class_ngrams(config, data.vocabulary, train.words, train.labels, len(data.classes))
    return Fitted(model, sum(sum(len(keys) for keys in class_model.keys) for class_model in model.of_class), {})


def _score_by_ngrams(
    config: NGramClassifier, data: Dataset, model: ngram_classifier.ClassNGramModels, words: Words, texts: Texts
) -> Float[np.ndarray, "n c"]:
    return ngram_classifier.log_joint(model, data.vocabulary, words)


def _ngram_contributions(
    config: NGramClassifier, data: Dataset, model: ngram_classifier.ClassNGramModels, words: tuple[str, ...], text: str, chosen: int
) -> Contributions:
    log_probabilities = ngram_classifier.word_log_probabilities(model, data.vocabulary, words)
    return list(zip((*words, "(end)"), (log_probabilities[:, chosen] - log_probabilities.mean(axis=1)).tolist(), strict=True))


FITTED_CLASSIFIERS: dict[type, FittedClassifier] = {
    Rules: FittedClassifier(_fit_rules, _score_by_rules, lambda config: False, _rule_contributions),
    BagOfWords: FittedClassifier(_fit_bag, _score_bag, _learner_has_probabilities, _bag_contributions),
    NGramClassifier: FittedClassifier(_fit_ngrams, _score_by_ngrams, lambda config: True, _ngram_contributions),
}
