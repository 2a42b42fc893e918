"""Regression: what is measured against scipy and scikit-learn, what is minimised against its formula, fits against closed forms."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse, stats
from sklearn.metrics import mean_squared_error

from research.classic.ridge import fit_line, fit_mean, fit_ridge
from research.config.classify import Bag, MaxConvolution, RegressorConfig, Ridge, SentenceStack
from research.config.mixer import LSTM
from research.config.schema import Config
from research.config.sentences import RatedFiles
from research.data.dataset import Dataset, LabelledSentences, Scale
from research.data.eval_batches import eval_batches
from research.data.sentence_dataset import regression_examples
from research.nn.random_streams import stream_key_at_step
from research.tasks.membership import TokenMembership, rated_membership
from research.tasks.parameters import init_params
from research.tasks.regression import REGRESSION, measure_numbers, number_items, number_outcome, pool_numbers, squared_error
from research.tasks.sizes import Sizes
from research.text.vocabulary import Vocabulary

DATA = RatedFiles(kind="rated_files", train="a", valid="b", test="c")
ENCODERS = {
    "bag": Bag(width=6),
    "max_convolution": MaxConvolution(kind="max_convolution", width=5, windows=(2, 3), maps=4),
    "stack": SentenceStack(kind="stack", layers=1, width=6, mixer=LSTM(kind="lstm"), bidirectional=True, pooling="max"),
}
SIZES = Sizes(9, 7, 1)


def config_of(encoder=ENCODERS["bag"]):
    return Config(data=DATA, model=RegressorConfig(kind="regressor", encoder=encoder))


PLAIN = Scale()


def membership(ratings, scale=PLAIN, slices=None):
    return TokenMembership(np.arange(len(ratings)), slices=slices or {}, ratings=np.asarray(ratings, float), scale=scale)


def measured(standard, ratings, scale=PLAIN):
    return measure_numbers(config_of(), "test", {"predicted": np.asarray(standard, np.float32)}, membership(ratings, scale))


PAIRS = st.lists(st.tuples(st.integers(-20, 20), st.integers(-20, 20)), min_size=2, max_size=30)
SCALES = st.builds(Scale, st.integers(-1000, 1000).map(float), st.sampled_from([0.25, 1.0, 30.0]))


@given(PAIRS, SCALES)
def test_metrics_are_those_of_scipy_and_scikit_learn_in_the_datas_own_units(pairs, scale):
    standard, ratings = np.array(pairs, float).T
    found, predicted = measured(standard, ratings, scale), scale.mean + scale.deviation * standard
    assert found["mse"] == found["loss"] == pytest.approx(mean_squared_error(ratings, predicted))
    varied = np.ptp(predicted) > 0 and np.ptp(ratings) > 0
    assert found["pearson"] == pytest.approx(stats.pearsonr(predicted, ratings).statistic if varied else 0.0, abs=1e-9)
    assert found["spearman"] == pytest.approx(stats.spearmanr(predicted, ratings).statistic if varied else 0.0, abs=1e-9)


@given(PAIRS, st.integers(1, 50))
def test_predictions_moved_by_a_constant_have_another_error_and_the_same_correlations(pairs, shift):
    standard, ratings = np.array(pairs, float).T
    plain, moved = measured(standard, ratings), measured(standard + shift, ratings)
    bias = (standard - ratings).mean()
    assert moved["mse"] - plain["mse"] == pytest.approx(2 * shift * bias + shift**2)
    for name in ("pearson", "spearman"):
        assert moved[name] == pytest.approx(plain[name], abs=1e-9)


def test_a_number_far_from_zero_keeps_its_digits():
    """The mean square of what a network misses a year by, or a time in seconds, is not what a float of four bytes rounds."""
    standard = np.array([-1.0, 0.0, 1.0])
    ratings = 1.7e9 + 10 * standard + np.array([1.0, -1.0, 1.0])
    assert measured(standard, ratings, Scale(1.7e9, 10.0))["mse"] == pytest.approx(1.0, rel=1e-5)


def test_slices_have_their_own_error_and_names_are_known_before():
    slices = {"long": np.array([True, False, True]), "short": np.zeros(3, bool)}
    belongs = membership([1.0, 2.0, 3.0], slices=slices)
    found = measure_numbers(config_of(), "test", {"predicted": np.array([1.0, 0.0, 5.0], np.float32)}, belongs)
    assert found["mse_at_long"] == 2.0
    assert {name.split("_at_")[0] + ("_at_*" if "_at_" in name else "") for name in found} == {
        *REGRESSION.metrics(config_of(), frozenset()).both
    }


def test_items_hold_what_the_metrics_are_made_of():
    belongs = membership([1.0, 2.0, 4.0], Scale(2.0, 2.0))
    items = number_items("test", {"predicted": np.array([0.0, 0.5, -1.0], np.float32)}, belongs)
    assert items["predicted"].tolist() == [2.0, 3.0, 0.0]
    assert items["loss"].tolist() == [1.0, 1.0, 16.0]
    assert items["rating"].tolist() == [1.0, 2.0, 4.0]


def examples(n=12, length=7, seed=0):
    random = np.random.default_rng(seed)
    numbers = [random.integers(0, 9, size, dtype=np.int32) for size in random.integers(0, length + 1, n)]
    ratings = random.normal(50, 20, n)
    return numbers, ratings, Scale(float(ratings.mean()), float(ratings.std()))


@pytest.mark.parametrize("encoder", ENCODERS.values(), ids=ENCODERS)
def test_a_prediction_depends_on_no_neighbour_and_no_padding(encoder):
    config = config_of(encoder)
    params = init_params(config, SIZES, jax.random.key(0))
    numbers, ratings, scale = examples()

    def predicted(length, tokens_per_batch):
        split = regression_examples(numbers, ratings, length, scale)
        (batches,) = eval_batches(DATA, config.eval, split, None, 1, 1, tokens_per_batch)
        score = jax.jit(lambda batch: number_outcome(config, params, (), batch)[1]["predicted"])
        each = [jax.tree.map(lambda leaf, i=i: leaf[i], batches) for i in range(len(batches.inputs))]
        found, index = (np.concatenate([np.asarray(part(batch)).ravel() for batch in each]) for part in (score, lambda batch: batch.index))
        return found[index >= 0][np.argsort(index[index >= 0])]

    alone = predicted(7, 1)
    np.testing.assert_allclose(predicted(7, 4096), alone, atol=1e-6)
    np.testing.assert_allclose(predicted(11, 40), alone, atol=1e-6)
    assert np.ptp(alone) > 1e-3


def test_what_is_minimised_is_the_error_of_standard_numbers_and_what_is_reported_that_of_the_data():
    config, (numbers, ratings, scale) = config_of(), examples()
    split = regression_examples(numbers, ratings, 7, scale)
    assert split.targets.mean() == pytest.approx(0.0, abs=1e-6)
    assert split.targets.std() == pytest.approx(1.0, abs=1e-6)
    params = init_params(config, SIZES, jax.random.key(1))
    (batches,) = eval_batches(DATA, config.eval, split, None, 1, 1)
    batch = jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), batches)
    streams = partial(stream_key_at_step, jax.random.key(0), step=jnp.int32(0))
    _, sums = jax.jit(lambda batch: squared_error(config, params, (), batch, streams))(batch)
    predicted = np.asarray(jax.jit(lambda batch: number_outcome(config, params, (), batch)[1]["predicted"])(batch))[:, 0]
    assert float(sums.weight) == len(ratings)
    assert float(sums.objective) == pytest.approx(float(np.square(predicted - split.targets[:, 0]).sum()), rel=1e-5)
    own = scale.mean + scale.deviation * predicted.astype(float)
    assert float(sums.loss) / len(ratings) == pytest.approx(mean_squared_error(ratings, own), rel=1e-5)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.1, 1.0, 30.0]))
def test_the_ridge_is_the_solution_of_its_normal_equations(seed, l2):
    random = np.random.default_rng(seed)
    x, y = random.poisson(0.7, (14, 5)).astype(np.float32), random.normal(1000, 3, 14)
    found = fit_ridge(Ridge(kind="ridge", l2=l2), sparse.csr_matrix(x), y)
    with_bias = np.concatenate([x, np.ones((14, 1))], axis=1)
    penalty = np.diag([l2] * 5 + [0.0])  # none on the bias
    wanted = np.linalg.solve(with_bias.T @ with_bias + penalty, with_bias.T @ y)
    np.testing.assert_allclose(np.append(found.weights[:, 0], found.bias), wanted, rtol=1e-6, atol=1e-6)


def test_a_line_is_numpys_and_the_mean_of_what_does_not_vary():
    x, y = np.random.default_rng(0).normal(size=(2, 30))
    np.testing.assert_allclose(fit_line(x, y), np.polyfit(x, y, 1))
    assert fit_line(np.full(5, 0.3), np.arange(5.0)) == (0.0, 2.0)
    mean = fit_mean(np.zeros((4, 2)), np.array([1.0, 2.0, 3.0, 6.0]))
    assert (mean.weights.tolist(), mean.bias.tolist()) == ([[0.0], [0.0]], [3.0])


def rated_dataset(ratings):
    words = tuple((f"w{i}",) for i in range(len(ratings)))
    sentences = LabelledSentences(tuple(map(" ".join, words)), words, np.asarray(ratings, float))
    scale = Scale(float(np.mean(ratings)), float(np.std(ratings)))
    split = regression_examples([np.zeros(1, np.int32)] * len(ratings), sentences.labels, 2, scale)
    by_split = dict.fromkeys(("train", "valid", "test"), sentences)
    return Dataset(Vocabulary(("a",)), split, split, split, "", None, {}, sentences=by_split)


def test_folds_are_pooled_in_their_own_units_whatever_scale_each_had():
    ratings = np.array([1.0, 2.0, 3.0, 4.0, 10.0])
    data, predicted = rated_dataset(ratings), ratings + np.array([1.0, -1.0, 0.0, 2.0, 0.0])
    folds = [
        {"rating": ratings[part], "predicted": predicted[part], "loss": np.square(predicted - ratings)[part]}
        for part in (slice(0, 2), slice(2, 5))
    ]
    pooled = pool_numbers(data, folds, [None, None])
    found = measure_numbers(config_of(), "test", pooled.outcomes, rated_membership(data, "test"))
    assert found["mse"] == pytest.approx(6 / 5)
    assert pooled.by_fold == pytest.approx([1.0, 4 / 3])
    assert found["pearson"] == pytest.approx(stats.pearsonr(predicted, ratings).statistic)
