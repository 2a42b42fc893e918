"""Classifiers: padding changes nothing, order matters where it should, and each encoder against its formula in numpy."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.config.classify import ClassifierConfig
from research.models import MODELS
from research.models.reading_stack import stack_use
from research.models.stack import empty_stack, stack_hidden
from research.nn.pooling import pool_words

VOCABULARY, LENGTH, CLASSES, WIDTH = 11, 6, 3, 4
STACK = {"kind": "stack", "layers": 1, "width": WIDTH}
LSTM = STACK | {"mixer": {"kind": "lstm"}, "norm": {"kind": "none"}, "residual": False, "feed_forward": {"kind": "none"}}
ENCODERS = {
    "cbow": {"kind": "bag", "width": WIDTH},
    "sum": {"kind": "bag", "width": WIDTH, "combine": "sum", "layers": 2},
    "dan": {"kind": "bag", "width": WIDTH, "layers": 2, "nonlinearity": "relu", "word_dropout": 0.3},
    "cnn": {"kind": "max_convolution", "width": WIDTH, "windows": [2, 3], "maps": 5},
    "lstm, last": LSTM | {"pooling": "last"},
    "bilstm, last": LSTM | {"pooling": "last", "bidirectional": True},
    "bilstm, max": LSTM | {"pooling": "max", "bidirectional": True},
    "transformer": STACK | {"mixer": {"kind": "attention", "heads": 2}, "position": {"kind": "learned"}},
    "transformer, masked": STACK | {"mixer": {"kind": "attention", "heads": 2}, "masked": True, "pooling": "attention"},
}
LENGTHS = np.array([6, 4, 1, 0])
TOKENS = np.random.default_rng(0).integers(VOCABULARY, size=(4, LENGTH)).astype(np.int32)
VALID = np.arange(LENGTH)[None] < LENGTHS[:, None]


def config(name):
    return ClassifierConfig.model_validate({"kind": "classifier", "encoder": ENCODERS[name], "dropout": 0.2})


@cache
def parameters(name):
    """None of them at zero."""
    shapes = jax.eval_shape(lambda: MODELS[ClassifierConfig].init(config(name), jax.random.key(0), VOCABULARY, LENGTH, CLASSES))
    rng = np.random.default_rng(1)
    return jax.tree.map(lambda leaf: jnp.asarray(0.5 * rng.standard_normal(leaf.shape), jnp.float32), shapes)


@cache
def compiled(name):
    params = parameters(name)
    run = lambda tokens, valid: MODELS[ClassifierConfig].hidden(config(name), params, (), tokens, valid)[1][:, 0]
    return jax.jit(run)


def pooled(name, tokens=TOKENS, valid=VALID):
    return np.asarray(compiled(name)(tokens, valid))


@pytest.mark.parametrize("name", ENCODERS)
def test_what_lies_behind_a_sentence_changes_nothing(name):
    """Other tokens there, and a row of its own; a sentence without words has a vector that is finite and the same for all."""
    other = np.where(VALID, TOKENS, (TOKENS + 3) % VOCABULARY)
    np.testing.assert_allclose(pooled(name, other), pooled(name), atol=1e-6)
    alone = pooled(name, TOKENS[1:2, :4], VALID[1:2, :4])
    np.testing.assert_allclose(alone[0], pooled(name)[1], atol=1e-5)
    assert np.isfinite(pooled(name)).all()


@pytest.mark.parametrize("name", ENCODERS)
def test_order_matters_unless_the_encoder_is_a_bag(name):
    turned = TOKENS.copy()
    turned[0, :3] = TOKENS[0, [1, 2, 0]]
    assert len(set(TOKENS[0, :3])) == 3
    same = np.allclose(pooled(name)[0], pooled(name, turned)[0], atol=1e-6)
    assert same == (ENCODERS[name]["kind"] == "bag")


@pytest.mark.parametrize(("name", "first_sees_last"), [("transformer", True), ("transformer, masked", False), ("bilstm, last", True)])
def test_who_sees_what_comes_later(name, first_sees_last):
    """The gradient of the first word's vector by the last word's."""
    node, params = config(name).encoder, parameters(name).encoder
    table = params.forward.embedding

    def first(table):
        use = stack_use(node)
        h = stack_hidden(node, use, params.forward, empty_stack(node, use, 1, 0), table[None, :LENGTH], jnp.ones((1, LENGTH), bool))[1]
        return h[0, 0].sum() if name != "bilstm, last" else pooled_of(table)

    def pooled_of(table):
        changed = parameters(name).replace(encoder=params.replace(forward=params.forward.replace(embedding=table)))
        h = MODELS[ClassifierConfig].hidden(config(name), changed, (), jnp.arange(LENGTH)[None], jnp.ones((1, LENGTH), bool))[1]
        return h[0, 0, WIDTH:].sum()  # the backward direction ends at the first word

    gradient = np.asarray(jax.jit(jax.grad(first))(table))[LENGTH - 1]
    assert bool((np.abs(gradient) > 0).any()) == first_sees_last


def test_a_bag_is_its_formula():
    p = jax.tree.map(np.asarray, parameters("dan").encoder)
    for row, n in enumerate(LENGTHS):
        x = p.embedding[TOKENS[row, :n]].sum(axis=0) / max(n, 1)
        for kernel, bias in zip(p.kernels, p.biases, strict=True):
            x = np.maximum(x @ kernel + bias, 0)
        np.testing.assert_allclose(pooled("dan")[row], x, atol=1e-5)


def test_the_convolution_is_its_formula():
    """Every place where a window meets a word, with zeros around the sentence."""
    p = jax.tree.map(np.asarray, parameters("cnn").encoder)
    for row, n in enumerate(LENGTHS[:3]):
        found = []
        for window, kernel, bias in zip((2, 3), p.kernels, p.biases, strict=True):
            around = np.zeros((window - 1, WIDTH), np.float32)
            x = np.concatenate([around, p.embedding[TOKENS[row, :n]], around])
            places = [x[i : i + window].reshape(-1) @ kernel + bias for i in range(n + window - 1)]
            found.append(np.maximum(places, 0).max(axis=0))
        np.testing.assert_allclose(pooled("cnn")[row], np.concatenate(found), atol=1e-5)


def test_pooling_is_its_formula():
    """Over the vectors of a one-way LSTM; `last` is the vector of the last word."""
    rng = np.random.default_rng(2)
    h, query = rng.normal(size=(4, LENGTH, WIDTH)).astype(np.float32), rng.normal(size=WIDTH).astype(np.float32)
    for row, n in enumerate(LENGTHS[:3]):
        words = h[row, :n]
        weights = np.exp(words @ query) / np.exp(words @ query).sum()
        expected = {"mean": words.mean(axis=0), "max": words.max(axis=0), "attention": weights @ words}
        for pooling, value in expected.items():
            found = pool_words(pooling, jnp.asarray(h), jnp.asarray(VALID), jnp.asarray(query))[row]
            np.testing.assert_allclose(found, value, atol=1e-5)


def test_dropout_is_of_training_alone_and_drawn_from_the_key():
    run = lambda key: MODELS[ClassifierConfig].hidden(config("dan"), parameters("dan"), (), jnp.asarray(TOKENS), jnp.asarray(VALID), key)[1]
    keys = [jax.random.key(i) for i in (0, 0, 1)]
    a, b, c = (np.asarray(run(key)) for key in keys)
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a, c)
    assert not np.array_equal(a, np.asarray(run(None)))
