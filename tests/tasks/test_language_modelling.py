"""Tasks of symbols: what is summed, what is scored, and what goes on from batch to batch."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.config.schema import Config
from research.data.batch_arrays import Batch
from research.models import MODELS
from research.tasks import translation
from research.tasks.language_modelling import carries_state
from research.tasks.parameters import empty_carry, init_params, stop_gradient
from research.tasks.sizes import Sizes
from research.tasks.symbols import symbol_loss, symbol_outcome

BATCH, LENGTH, VOCABULARY = 2, 6, 9
SIZES = Sizes(VOCABULARY, LENGTH)
RNG = np.random.default_rng(0)


def config(data="shakespeare", batches="windows", **train):
    words = {"kind": "shakespeare", "length": LENGTH, "batches": batches} if data == "shakespeare" else {"kind": data}
    model = {"kind": "language_model", "layers": 1, "width": 8, "mixer": {"kind": "lstm"}, "feed_forward": {"kind": "none"}}
    return Config.model_validate({"data": words, "model": model, "train": {"steps": 1, **train}})


LSTM = config()
PARAMS = jax.jit(lambda: init_params(LSTM, SIZES, jax.random.key(0)))()
WHERE = jnp.array([[1, 4, 5], [0, 2, 0]])
INPUTS, TARGETS = (jnp.asarray(RNG.integers(VOCABULARY, size=(BATCH, n)), jnp.int32) for n in (LENGTH, 3))
WEIGHT = jnp.array([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]])
GATHERED = Batch(INPUTS, jnp.ones((BATCH, LENGTH), bool), TARGETS, WEIGHT, WHERE, jnp.zeros((BATCH, 3), jnp.int32))
KEY = jax.random.key(1)
STREAMS = {"dropout": KEY}.__getitem__
first = lambda: empty_carry(LSTM, SIZES, BATCH)


@jax.jit
def log_probabilities():
    """Of every symbol at every position: the model alone."""
    model = MODELS[type(LSTM.model)]
    h = model.hidden(LSTM.model, PARAMS, first(), INPUTS, GATHERED.valid)[1]
    return jax.nn.log_softmax(model.logits(LSTM.model, PARAMS, h))


def nats():
    """By hand: of each target at its position."""
    log_p = np.asarray(log_probabilities())
    return np.array([[-log_p[row, WHERE[row, j], TARGETS[row, j]] for j in range(3)] for row in range(BATCH)])


def test_the_loss_is_the_weighted_sum_over_scored_positions():
    sums = jax.jit(partial(symbol_loss, LSTM, streams=STREAMS))(PARAMS, first(), GATHERED)[1]
    np.testing.assert_allclose(sums.objective, (nats() * WEIGHT).sum(), rtol=1e-5)
    assert sums.weight == 5
    assert sums.loss == sums.objective


def test_smoothing_changes_what_is_trained_and_not_what_is_reported():
    smooth = config(label_smoothing=0.2)
    sums = jax.jit(partial(symbol_loss, smooth, streams=STREAMS))(PARAMS, first(), GATHERED)[1]
    uniform = -np.take_along_axis(np.asarray(log_probabilities()).mean(axis=-1), np.asarray(WHERE), axis=1)
    np.testing.assert_allclose(sums.objective, ((0.8 * nats() + 0.2 * uniform) * WEIGHT).sum(), rtol=1e-5)
    np.testing.assert_allclose(sums.loss, (nats() * WEIGHT).sum(), rtol=1e-5)


def test_what_has_no_weight_has_no_gradient():
    def total(params, targets):
        return symbol_loss(LSTM, params, first(), GATHERED.replace(targets=targets), STREAMS)[1].objective

    gradient = jax.jit(jax.grad(total))
    other = TARGETS.at[1, 2].set((TARGETS[1, 2] + 1) % VOCABULARY)
    jax.tree.map(np.testing.assert_array_equal, gradient(PARAMS, TARGETS), gradient(PARAMS, other))


def test_evaluation_gives_nats_and_the_likeliest_symbol():
    outcomes = jax.jit(partial(symbol_outcome, LSTM))(PARAMS, first(), GATHERED)[1]
    np.testing.assert_allclose(outcomes["nats"], nats(), rtol=1e-5)
    likeliest = np.take_along_axis(np.asarray(log_probabilities()).argmax(axis=-1), np.asarray(WHERE), axis=1)
    np.testing.assert_array_equal(outcomes["likeliest"], likeliest)
    np.testing.assert_array_equal(outcomes["correct"], likeliest == np.asarray(TARGETS))


def test_two_chunks_with_the_carry_handed_on_score_as_one():
    every = Batch(INPUTS, GATHERED.valid, jnp.roll(INPUTS, -1), jnp.ones((BATCH, LENGTH)), None, jnp.zeros((BATCH, LENGTH), jnp.int32))
    half = lambda part: jax.tree.map(lambda leaf: leaf[:, part], every)
    score = jax.jit(partial(symbol_outcome, LSTM))
    after, whole = score(PARAMS, first(), every)
    middle, left = score(PARAMS, first(), half(slice(0, 3)))
    end, right = score(PARAMS, middle, half(slice(3, 6)))
    np.testing.assert_allclose(np.concatenate([left["nats"], right["nats"]], axis=1), whole["nats"], rtol=1e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), end, after)


def test_the_gradient_stops_between_chunks():
    def second_loss(embedding):
        params = PARAMS.replace(embedding=embedding)
        carry = stop_gradient(symbol_loss(LSTM, params, first(), GATHERED, STREAMS)[0])
        return symbol_loss(LSTM, PARAMS, carry, GATHERED, STREAMS)[1].objective

    assert not jnp.any(jax.jit(jax.grad(second_loss))(PARAMS.embedding))


@pytest.mark.parametrize(
    ("data", "batches", "expected"), [("shakespeare", "columns", True), ("shakespeare", "windows", False), ("recall", "windows", False)]
)
def test_only_columns_of_text_hand_a_carry_on(data, batches, expected):
    assert carries_state(config(data, batches)) is expected


def test_scheduled_sampling_draws_from_a_stream_of_its_own(monkeypatch):
    """Not from the key that dropout splits, of which it would be a child."""
    drawn, sampling = [], jax.random.key(7)
    monkeypatch.setattr(translation, "with_scheduled_sampling", lambda config, params, carry, batch, key: drawn.append(key) or batch)
    sampled = LSTM.model_copy(update={"train": LSTM.train.model_copy(update={"scheduled_sampling": 0.5})})
    streams = {"dropout": KEY, "scheduled_sampling": sampling}.__getitem__
    jax.eval_shape(lambda params: translation.target_loss(sampled, params, first(), GATHERED, streams)[1], PARAMS)
    assert drawn == [sampling]
