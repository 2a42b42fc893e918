"""The task of every trained model: what is summed, what is scored, and what goes on from batch to batch."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.config.schema import Config
from research.data.batches import Batch
from research.models import MODELS
from research.tasks import language_modelling
from research.tasks.language_modelling import Sizes, carries_state, empty_carry, evaluate, init_params, loss, stop_gradient

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
    total, weight, _, metrics = jax.jit(partial(loss, LSTM))(PARAMS, first(), GATHERED, KEY)
    np.testing.assert_allclose(total, (nats() * WEIGHT).sum(), rtol=1e-5)
    assert weight == 5
    assert metrics["loss"] == total


def test_smoothing_changes_what_is_trained_and_not_what_is_reported():
    smooth = config(label_smoothing=0.2)
    total, _, _, metrics = jax.jit(partial(loss, smooth))(PARAMS, first(), GATHERED, KEY)
    uniform = -np.take_along_axis(np.asarray(log_probabilities()).mean(axis=-1), np.asarray(WHERE), axis=1)
    np.testing.assert_allclose(total, ((0.8 * nats() + 0.2 * uniform) * WEIGHT).sum(), rtol=1e-5)
    np.testing.assert_allclose(metrics["loss"], (nats() * WEIGHT).sum(), rtol=1e-5)


def test_what_has_no_weight_has_no_gradient():
    def total(params, targets):
        return loss(LSTM, params, first(), GATHERED.replace(targets=targets), KEY)[0]

    gradient = jax.jit(jax.grad(total))
    other = TARGETS.at[1, 2].set((TARGETS[1, 2] + 1) % VOCABULARY)
    jax.tree.map(np.testing.assert_array_equal, gradient(PARAMS, TARGETS), gradient(PARAMS, other))


def test_evaluation_gives_nats_and_the_likeliest_symbol():
    found, chosen, _ = jax.jit(partial(evaluate, LSTM))(PARAMS, first(), GATHERED)
    np.testing.assert_allclose(found, nats(), rtol=1e-5)
    likeliest = np.take_along_axis(np.asarray(log_probabilities()).argmax(axis=-1), np.asarray(WHERE), axis=1)
    np.testing.assert_array_equal(chosen, likeliest)


def test_two_chunks_with_the_carry_handed_on_score_as_one():
    every = Batch(INPUTS, GATHERED.valid, jnp.roll(INPUTS, -1), jnp.ones((BATCH, LENGTH)), None, jnp.zeros((BATCH, LENGTH), jnp.int32))
    half = lambda part: jax.tree.map(lambda leaf: leaf[:, part], every)
    score = jax.jit(partial(evaluate, LSTM))
    whole, _, after = score(PARAMS, first(), every)
    left, _, middle = score(PARAMS, first(), half(slice(0, 3)))
    right, _, end = score(PARAMS, middle, half(slice(3, 6)))
    np.testing.assert_allclose(np.concatenate([left, right], axis=1), whole, rtol=1e-5)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), end, after)


def test_the_gradient_stops_between_chunks():
    def second_loss(embedding):
        params = PARAMS.replace(embedding=embedding)
        carry = stop_gradient(loss(LSTM, params, first(), GATHERED, KEY)[2])
        return loss(LSTM, PARAMS, carry, GATHERED, KEY)[0]

    assert not jnp.any(jax.jit(jax.grad(second_loss))(PARAMS.embedding))


@pytest.mark.parametrize(
    ("data", "batches", "expected"), [("shakespeare", "columns", True), ("shakespeare", "windows", False), ("recall", "windows", False)]
)
def test_only_columns_of_text_hand_a_carry_on(data, batches, expected):
    assert carries_state(config(data, batches)) is expected


def test_scheduled_sampling_draws_from_a_stream_of_its_own(monkeypatch):
    """Not from the key that dropout splits, of which it would be a child."""
    seen, sampling = [], jax.random.key(7)
    monkeypatch.setattr(language_modelling, "with_scheduled_sampling", lambda config, params, carry, batch, key: seen.append(key) or batch)
    sampled = LSTM.model_copy(update={"train": LSTM.train.model_copy(update={"scheduled_sampling": 0.5})})
    jax.eval_shape(lambda params: loss(sampled, params, first(), GATHERED, KEY, sampling)[0], PARAMS)
    assert seen == [sampling]
    with pytest.raises(AssertionError, match="stream"):
        loss(sampled, PARAMS, first(), GATHERED, KEY)
