"""Linear classifiers over counts: against scikit-learn's own, brute force, and by hand."""

import numpy as np
import pytest
from scipy import sparse
from scipy.special import log_softmax, softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from research.classic import bag_of_words
from research.classic.linear_classifiers import fit_naive_bayes, fit_nbsvm, fit_perceptron, fit_svm
from research.config.classify import NBSVM, SVM, BagOfWords, NaiveBayes, Perceptron, Softmax
from research.models.softmax_regression import fit_softmax, minimise_softmax

RANDOM = np.random.default_rng(0)
WORDS = [f"w{i}" for i in range(12)]
SENTENCES = [tuple(RANDOM.choice(WORDS, size=n)) for n in RANDOM.integers(0, 9, size=60)]
LABELS = RANDOM.integers(3, size=60).astype(np.int32)
COUNTS = BagOfWords(kind="bag_of_words", weighting="count")


def matrix(config=COUNTS):
    return bag_of_words.fit_features(config, SENTENCES)[1]


def scores(linear, x):
    return x @ linear[0] + linear[1]


def test_features_are_the_n_grams():
    config = BagOfWords(kind="bag_of_words", ngrams=2, weighting="count")
    features, x = bag_of_words.fit_features(config, [("a", "b", "a"), ("b",), ()])
    assert features.names == ("a", "a b", "b", "b a")
    np.testing.assert_array_equal(x.toarray(), [[2, 1, 1, 1], [0, 0, 1, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(bag_of_words.transform_features(config, features, [("c", "a")]).toarray(), [[1, 0, 0, 0]])


@pytest.mark.parametrize("weighting", ["count", "binary", "tfidf"])
def test_training_rows_are_what_they_are_alone(weighting):
    config = BagOfWords(kind="bag_of_words", weighting=weighting, ngrams=2)
    features, x = bag_of_words.fit_features(config, SENTENCES)
    alone = [bag_of_words.transform_features(config, features, [sentence]) for sentence in SENTENCES[:9]]
    np.testing.assert_allclose(sparse.vstack(alone).toarray(), x[:9].toarray(), rtol=1e-6)


def test_tfidf_is_that_of_scikit_learn():
    config = BagOfWords(kind="bag_of_words", weighting="tfidf")
    expected = TfidfVectorizer(analyzer=list).fit_transform(SENTENCES)
    np.testing.assert_allclose(matrix(config).toarray(), expected.toarray(), rtol=1e-5)


def test_nothing_of_the_sparse_matrix_is_dense():
    """A hundred thousand features of a thousand sentences: 400 MB if dense."""
    sentences = [tuple(f"w{i}" for i in RANDOM.integers(100_000, size=200)) for _ in range(1000)]
    _, x = bag_of_words.fit_features(COUNTS, sentences)
    held, dense = bag_of_words.matrix_megabytes(x)
    assert sparse.issparse(x)
    assert held < 2
    assert dense > 300


@pytest.mark.parametrize("l2", [0.1, 3.0])
def test_softmax_regression_is_that_of_scikit_learn(l2):
    """The same probabilities to a ten thousandth, and the same minimum of the convex objective to a billionth."""
    x, one_hot = matrix(), np.eye(3)[LABELS]
    theirs = LogisticRegression(C=1 / l2, tol=1e-10, max_iter=5000).fit(x.astype(float), LABELS)
    weights, bias = fit_softmax(Softmax(l2=l2), x, LABELS, 3)[:2]

    def objective(weights, bias):
        return -(one_hot * log_softmax(x @ weights + bias, axis=1)).sum() + 0.5 * l2 * (weights**2).sum()

    np.testing.assert_allclose(softmax(x @ weights + bias, axis=1), theirs.predict_proba(x), atol=1e-4)
    assert objective(weights.astype(float), bias) <= objective(theirs.coef_.T, theirs.intercept_) * (1 + 1e-9)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0])
def test_softmax_regression_ends_where_the_gradient_is_zero_whatever_the_scale_of_the_features(scale):
    """The gradient by hand, in float64, of a matrix that also stores a zero."""
    x = (matrix() * scale).tocsr()
    x.data[::5] = 0.0
    fit = fit_softmax(Softmax(l2=1.0), x, LABELS, 3)
    wrong = softmax(x @ fit.weights.astype(float) + fit.bias, axis=1) - np.eye(3)[LABELS]
    assert np.abs(x.T @ wrong + fit.weights).max() / len(LABELS) < 2e-6 * max(1, scale)
    x.eliminate_zeros()
    np.testing.assert_allclose(fit_softmax(Softmax(l2=1.0), x, LABELS, 3).weights, fit.weights, atol=1e-4)
    assert fit.steps > 1
    assert fit.gradient_norm < 1e-5


def test_a_search_that_is_cut_off_is_told():
    with pytest.warns(ConvergenceWarning, match=r"not at its minimum after 2 steps"):
        minimise_softmax(0.01, matrix(), LABELS, 3, steps=2)


def test_naive_bayes_is_bayes_rule():
    x, config = matrix(), NaiveBayes(kind="naive_bayes", alpha=0.5)
    found = scores(fit_naive_bayes(config, x, LABELS, 3), x)
    dense = x.toarray()
    for c in range(3):
        count = dense[c == LABELS].sum(axis=0) + 0.5
        expected = np.log((c == LABELS).mean()) + dense @ np.log(count / count.sum())
        np.testing.assert_allclose(found[:, c], expected, rtol=1e-4)


@pytest.mark.parametrize("classes", [2, 3])
def test_the_svm_decides_as_scikit_learn(classes):
    x, labels = matrix(), LABELS % classes
    expected = LinearSVC(C=0.5, random_state=0).fit(x, labels).predict(x)
    np.testing.assert_array_equal(scores(fit_svm(SVM(kind="svm", c=0.5), x, labels, classes), x).argmax(axis=1), expected)


def test_nbsvm_without_an_svm_is_naive_bayes_with_r_as_weights():
    """beta = 0: only the sign of r x + b, of binary counts, is left (Wang & Manning 2012, sec. 2.1)."""
    x, labels = matrix(BagOfWords(kind="bag_of_words")), (LABELS == 1).astype(np.int32)
    dense = x.toarray()
    p, q = 1 + dense[labels == 1].sum(axis=0), 1 + dense[labels == 0].sum(axis=0)
    margin = dense @ np.log((p / p.sum()) / (q / q.sum())) + np.log(labels.sum() / (1 - labels).sum())
    found = scores(fit_nbsvm(NBSVM(kind="nbsvm", beta=0.0), x, labels, 2), x)
    np.testing.assert_array_equal(found.argmax(axis=1), margin > 0)


def brute_perceptron(x, labels, classes, epochs, seed):
    """Weights after every step, added up."""
    order, dense = np.random.default_rng(seed), np.hstack([x.toarray(), np.ones((x.shape[0], 1))])
    weights, total, steps = np.zeros((dense.shape[1], classes)), np.zeros((dense.shape[1], classes)), 0
    for _ in range(epochs):
        for row in order.permutation(len(labels)):
            guess = (dense[row] @ weights).argmax()
            if guess != labels[row]:
                weights[:, labels[row]] += dense[row]
                weights[:, guess] -= dense[row]
            total += weights
            steps += 1
    return weights, total / steps


@pytest.mark.parametrize("averaged", [False, True])
def test_the_perceptron_is_the_rule_step_by_step(averaged):
    x = matrix()
    found = fit_perceptron(Perceptron(kind="perceptron", epochs=3, averaged=averaged), x, LABELS, 3, seed=4)
    expected = brute_perceptron(x, LABELS, 3, 3, seed=4)[averaged]
    np.testing.assert_allclose(np.vstack([found.weights, found.bias]), expected, atol=1e-4)


@pytest.mark.parametrize("fit", [fit_naive_bayes, fit_svm, fit_nbsvm])
def test_a_class_that_training_lacks_is_never_chosen(fit):
    config = {fit_naive_bayes: NaiveBayes(kind="naive_bayes"), fit_svm: SVM(kind="svm"), fit_nbsvm: NBSVM(kind="nbsvm")}[fit]
    x, labels = matrix(), (LABELS % 2).astype(np.int32)
    assert set(scores(fit(config, x, labels, 4), x).argmax(axis=1)) <= {0, 1}
