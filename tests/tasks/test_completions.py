"""Completions: what each is given depends on its own row alone, and is that of its text read at once."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from pydantic import TypeAdapter

from research.classic import ngram
from research.config.model import AddK, NGram
from research.config.schema import Model
from research.data.prompts import Query
from research.models import MODELS
from research.tasks.completions import (
    CompletionScores,
    completion_metrics,
    greedy_completions,
    greedy_completions_by_ngram,
    line_items,
    score_completions,
    score_completions_by_ngram,
)

VOCABULARY, EOS = 7, 0
STACK = {"kind": "language_model", "layers": 1, "width": 8}
WORDS = {
    "recurrent": STACK | {"mixer": {"kind": "elman"}},
    "attention": STACK | {"mixer": {"kind": "attention", "heads": 2}, "position": {"kind": "sinusoidal"}},
    "window": {"kind": "feed_forward_lm", "context": 2, "width": 4, "hidden": 4},
}
RNG = np.random.default_rng(0)
SIZES = [(1, 2), (5, 1), (16, 3), (2, 1), (2, 4), (18, 2)]  # tokens of a context and a completion: rows of 16 and of 32
ASKED = [
    Query(i, np.array([EOS, *RNG.integers(1, VOCABULARY, c - 1)], np.int32), RNG.integers(1, VOCABULARY, n).astype(np.int32), 3 * n)
    for i, (c, n) in enumerate(SIZES)
]


@cache
def model(name):
    config = TypeAdapter(Model).validate_python(WORDS[name])
    rng, made = np.random.default_rng(1), partial(MODELS[type(config)].init, config, vocabulary=VOCABULARY, length=32)
    noise = lambda leaf: jnp.asarray(rng.standard_normal(leaf.shape, np.float32))
    return config, jax.tree.map(noise, jax.eval_shape(made, jax.random.key(0)))


@cache
def reader(name):
    """The logits of a row of 32 places, padded in front."""
    config, params = model(name)
    kind = MODELS[type(config)]

    @jax.jit
    def read(tokens, valid):
        h = kind.hidden(config, params, kind.empty(config, 1, 0, VOCABULARY), tokens, valid, None, False)[1]
        return kind.logits(config, params, h)[0]

    return read


def alone(name, query):
    """The logits of a completion's tokens, by one row."""
    tokens = np.concatenate([query.context, query.completion[:-1]])
    front = 32 - len(tokens)
    row = np.pad(tokens, (front, 0))[None]
    return np.asarray(reader(name)(jnp.asarray(row), jnp.arange(32)[None] >= front))[-len(query.completion) :]


@pytest.mark.parametrize("name", WORDS)
def test_a_completion_depends_on_its_own_row_alone(name):
    config, params = model(name)
    order = [3, 0, 5, 1, 4, 2]
    whole = score_completions(config, params, VOCABULARY, ASKED)
    moved = score_completions(config, params, VOCABULARY, [ASKED[i] for i in order], rows=3)
    for i, query in enumerate(ASKED):
        logits = alone(name, query)
        nats = -(logits - jax.nn.logsumexp(logits, axis=-1, keepdims=True))[np.arange(len(logits)), query.completion]
        for found in (whole[i], moved[order.index(i)]):
            np.testing.assert_allclose(found.nats, nats, rtol=2e-5, atol=2e-5)
            np.testing.assert_array_equal(found.likeliest, logits.argmax(axis=-1))


@pytest.mark.parametrize("name", WORDS)
def test_a_completion_is_exact_where_the_model_writes_it(name):
    """Of completions that the model wrote, and of others."""
    config, params = model(name)
    written = greedy_completions(config, params, VOCABULARY, ASKED, rows=4)
    own = [query._replace(completion=text.astype(np.int32)) for query, text in zip(ASKED, written, strict=True)]
    assert line_items(own, score_completions(config, params, VOCABULARY, own))["exact"].all()
    exact = line_items(ASKED, score_completions(config, params, VOCABULARY, ASKED))["exact"]
    assert exact.tolist() == [np.array_equal(query.completion, text) for query, text in zip(ASKED, written, strict=True)]
    assert not exact.all()


def test_counts_are_those_of_the_whole_text():
    counted = ngram.fit_ngram(NGram(kind="ngram", order=2, smoothing=AddK(kind="add_k")), RNG.integers(0, VOCABULARY, 400), VOCABULARY, EOS)
    judged = score_completions_by_ngram(counted, ASKED)
    for query, found in zip(ASKED, judged, strict=True):
        text = np.concatenate([query.context, query.completion])
        steps = [ngram.next_log_probabilities(counted, text[:end]) for end in range(len(query.context), len(text))]
        np.testing.assert_allclose(found.nats, [-step[token] for step, token in zip(steps, query.completion, strict=True)])
    own = [query._replace(completion=text) for query, text in zip(ASKED, greedy_completions_by_ngram(counted, ASKED), strict=True)]
    assert line_items(own, score_completions_by_ngram(counted, own))["exact"].all()


def test_the_preferred_completion_has_most_probability_a_character():
    """Of the first line the longer completion costs more nats, and less a character; equal ones are not preferred."""
    completion = lambda line, n, characters: Query(line, np.array([EOS]), np.arange(n), characters)
    asked = [completion(0, 2, 10), completion(0, 1, 2), completion(1, 1, 4), completion(1, 1, 4), completion(2, 1, 4), completion(2, 1, 2)]
    nats = [(2.0, 3.0), (1.5,), (1.0,), (1.0,), (3.0,), (1.0,)]
    judged = [CompletionScores(np.array(one), np.arange(len(one))) for one in nats]
    items = line_items(asked, judged)
    assert items["preferred"].tolist() == [True, False, False]
    assert items["loss"].tolist() == [5.0, 1.0, 3.0]
    found = completion_metrics(asked, items)
    assert found["perplexity"] == pytest.approx(np.exp(9 / 4))
    assert found["bits_per_character"] == pytest.approx(9 / np.log(2) / 18)
    assert (found["exact_match"], found["preferred"]) == (1.0, pytest.approx(1 / 3))
