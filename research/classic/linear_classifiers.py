"""Linear classifiers over sparse features: a class's score is W x + b, and what is learned is how W and b are found.

Shapes: n sentences, f features, c classes.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from research.config.classify import NBSVM, SVM, NaiveBayes, Perceptron

if TYPE_CHECKING:
    import scipy.sparse

Labels = Int[np.ndarray, " n"]


class LinearClassifier(NamedTuple):
    """Where the scores are log-probabilities up to a constant, a softmax of them is the model's belief."""

    weights: Float[np.ndarray, "f c"]
    bias: Float[np.ndarray, " c"]


def fit_perceptron(config: Perceptron, x: "scipy.sparse.csr_matrix", labels: Labels, classes: int, seed: int) -> LinearClassifier:
    """Sentences in a random order of the seed's, anew in every epoch; ties go to the first class.

    The mean of the weights over all steps is the last weights less the changes, each times the share of steps before it.
    """
    order = np.random.default_rng(seed)
    weights, weighted_changes = (np.zeros((x.shape[1] + 1, classes)) for _ in range(2))  # the last row is the bias
    step, steps = 0, config.epochs * x.shape[0]
    for _ in range(config.epochs):
        for row in order.permutation(x.shape[0]):
            columns = np.append(x.indices[x.indptr[row] : x.indptr[row + 1]], x.shape[1])
            values = np.append(x.data[x.indptr[row] : x.indptr[row + 1]], 1.0)
            predicted, label = int((values @ weights[columns]).argmax()), labels[row]
            if predicted != label:
                for table, size in ((weights, 1.0), (weighted_changes, step / steps)):
                    table[columns, label] += size * values
                    table[columns, predicted] -= size * values
            step += 1
    coefficients = weights - weighted_changes if config.averaged else weights
    return LinearClassifier(coefficients[:-1].astype(np.float32), coefficients[-1].astype(np.float32))


def fit_naive_bayes(config: NaiveBayes, x: "scipy.sparse.csr_matrix", labels: Labels, classes: int, seed: int = 0) -> LinearClassifier:
    """Log-probabilities of the features in each class, and of the class."""
    from sklearn.naive_bayes import MultinomialNB

    classifier = MultinomialNB(alpha=config.alpha).fit(x, labels)
    return _with_absent_classes(classes, classifier.classes_, classifier.feature_log_prob_.T, classifier.class_log_prior_, -np.inf)


def fit_svm(config: SVM, x: "scipy.sparse.csr_matrix", labels: Labels, classes: int, seed: int = 0) -> LinearClassifier:
    """liblinear's squared hinge, one class against the rest."""
    from sklearn.svm import LinearSVC

    classifier = LinearSVC(C=config.c, random_state=0, max_iter=5000).fit(x, labels)
    weights, bias = classifier.coef_.T, classifier.intercept_
    if weights.shape[1] == 1:
        weights, bias = np.concatenate([-weights, weights], axis=1), np.concatenate([-bias, bias])
    return _with_absent_classes(classes, classifier.classes_, weights, bias, -1e30)


def fit_nbsvm(config: NBSVM, x: "scipy.sparse.csr_matrix", labels: Labels, classes: int, seed: int = 0) -> LinearClassifier:
    """For each class r = log of the ratio of the smoothed shares of a feature inside and outside; an SVM over r x. Its weights and bias are
    interpolated with those of naive Bayes at the same size: r, and the log-ratio of the classes.
    """
    from sklearn.svm import LinearSVC

    weights, bias = np.zeros((x.shape[1], classes)), np.full(classes, -1e30)
    present = np.unique(labels)

    def smoothed_counts(rows: Bool[np.ndarray, " n"]) -> Float[np.ndarray, " f"]:
        return config.alpha + x[rows].sum(axis=0).A1

    for c in present[1:] if len(present) == 2 else present:
        inside = labels == c
        p, q = smoothed_counts(inside), smoothed_counts(~inside)
        ratio = np.log(p / p.sum()) - np.log(q / q.sum())
        classifier = LinearSVC(C=config.c, random_state=0, max_iter=5000).fit(x.multiply(ratio[None]).tocsr(), inside)
        w = classifier.coef_[0]
        size = (1 - config.beta) * np.abs(w).mean()
        weights[:, c] = ratio * (size + config.beta * w)
        bias[c] = size * np.log(inside.sum() / (~inside).sum()) + config.beta * classifier.intercept_[0]
    if len(present) == 2:
        weights[:, present[0]], bias[present[0]] = -weights[:, present[1]], -bias[present[1]]
    return LinearClassifier(weights.astype(np.float32), bias.astype(np.float32))


def _with_absent_classes(classes: int, present: np.ndarray, weights: np.ndarray, bias: np.ndarray, absent_bias: float) -> LinearClassifier:
    """Columns of the classes that training has; one that it lacks is never chosen."""
    all_weights, all_bias = np.zeros((len(weights), classes), np.float32), np.full(classes, absent_bias, np.float32)
    all_weights[:, present], all_bias[present] = weights, bias
    return LinearClassifier(all_weights, all_bias)
