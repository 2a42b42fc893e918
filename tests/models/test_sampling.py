"""The rule of a decoder: what may be drawn, and how often."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from research.config.decoding import Greedy, TemperatureSampling, TopK, TopP
from research.models.sampling import _nucleus, choose_symbols, sampling_keys

DRAWS = 20_000
LOGITS = np.array([1.0, 0.0, -1.0, 2.0, 0.5, 0.5], np.float32)
CHOOSE = jax.jit(choose_symbols, static_argnums=0)
KEYS = sampling_keys(jax.random.key(0), jnp.arange(DRAWS), 0)


def softmax(logits):
    p = np.exp(logits.astype(np.float64) - logits.max())
    return p / p.sum()


def allowed(decoder, p):
    """By the definition, one symbol at a time: the k likeliest, or the likeliest until their mass reaches p."""
    order = np.argsort(-p, kind="stable")
    if isinstance(decoder, TopK):
        return set(order[: decoder.k].tolist())
    kept, mass = [], 0.0
    for symbol in order:
        if kept and isinstance(decoder, TopP) and mass >= decoder.p:
            break
        kept.append(int(symbol))
        mass += p[symbol]
    return set(kept)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (TemperatureSampling, {"kind": "sample"}),
        *((TopK, {"kind": "top_k", "k": k}) for k in (2, 4, 9)),
        *((TopP, {"kind": "top_p", "p": p}) for p in (0.3, 0.6, 0.9, 1.0)),
    ],
    ids=str,
)
def test_what_is_drawn_is_the_renormalised_distribution_of_what_is_allowed(kind, words, temperature):
    decoder, p = kind(temperature=temperature, **words), softmax(LOGITS / temperature)
    found = np.bincount(CHOOSE(decoder, jnp.broadcast_to(jnp.asarray(LOGITS), (DRAWS, 6)), KEYS), minlength=6)
    kept = sorted(allowed(decoder, p))
    assert found[kept].sum() == DRAWS, "a symbol that is not allowed was drawn"
    if len(kept) > 1:
        assert stats.chisquare(found[kept], DRAWS * p[kept] / p[kept].sum()).pvalue > 0.001


@settings(max_examples=40, deadline=None)
@given(
    logits=arrays.arrays(np.float32, 7, elements=st.integers(-40, 40).map(lambda n: n / 8), unique=True),
    p=st.sampled_from([0.05, 0.35, 0.75, 0.97]),
    k=st.integers(1, 9),
)
def test_every_drawn_symbol_is_allowed_and_the_whole_set_can_be_drawn(logits, p, k):
    keys, rows = KEYS[:2000], jnp.broadcast_to(jnp.asarray(logits), (2000, 7))
    truth = softmax(logits)
    for decoder in (TopK(kind="top_k", k=k), TopP(kind="top_p", p=p)):
        found, expected = set(np.asarray(CHOOSE(decoder, rows, keys)).tolist()), allowed(decoder, truth)
        assert found <= expected
        assert {symbol for symbol in expected if truth[symbol] > 0.02} <= found


def test_exactly_k_of_equal_symbols_are_kept():
    found = CHOOSE(TopK(kind="top_k", k=3), jnp.zeros((DRAWS, 6)), KEYS)
    assert set(np.asarray(found).tolist()) == {0, 1, 2}


def test_one_symbol_and_a_small_nucleus_are_greedy():
    logits = jnp.asarray(np.random.default_rng(0).standard_normal((50, 9), np.float32))
    expected = np.asarray(logits.argmax(axis=1))
    for decoder in (Greedy(), TopK(kind="top_k", k=1), TopP(kind="top_p", p=1e-9)):
        np.testing.assert_array_equal(CHOOSE(decoder, logits, KEYS[:50]), expected)


def test_the_whole_mass_keeps_the_least_likely_symbol():
    """Of many equal symbols sums of probabilities round; p = 1 forbids none: it draws the last of them too."""
    n, rows = 3000, 400
    found = CHOOSE(TopP(kind="top_p", p=1.0), jnp.zeros((rows, n)), KEYS[:rows])
    assert len(np.unique(found)) > 350
    kept = jax.jit(_nucleus, static_argnums=1)(jnp.zeros((1, n)), 1.0)
    assert jnp.isfinite(kept).all()


def test_a_key_belongs_to_a_row_and_a_number():
    data = lambda rows, number: jax.random.key_data(sampling_keys(jax.random.key(4), jnp.array(rows), number))
    np.testing.assert_array_equal(data([5, 2], 3)[0], data([2, 5, 7], 3)[1])
    assert len({tuple(key) for number in range(5) for key in data([0, 1, 2], number).tolist()}) == 15
