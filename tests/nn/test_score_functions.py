"""The scores against their formulas, pair by pair; blocks of keys; the zero vector."""

from functools import partial

import jax
import numpy as np
import pytest
from beartype.roar import BeartypeCallHintViolation
from quick import by_default, jit, parameters

from research.config.mixer import CosineScore, MlpScore
from research.laws.score_laws import formula_fault, key_width_fault
from research.nn import score_functions
from research.nn.score_functions import SCORES, attention_logits, init_score, mlp_blocks

BATCH, HEADS, QUERIES, KEYS, WIDTH = 2, 3, 4, 7, 5
RANDOM = np.random.default_rng(0)
Q = RANDOM.normal(size=(BATCH, HEADS, QUERIES, WIDTH)).astype(np.float32)
K = RANDOM.normal(size=(BATCH, HEADS, KEYS, WIDTH)).astype(np.float32)


SCORES_BY_DEFAULT = [by_default(kind) for kind in SCORES]
EVERY = pytest.mark.parametrize(
    "config", [*SCORES_BY_DEFAULT, MlpScore(kind="mlp", width=6)], ids=lambda config: f"{config.kind}{getattr(config, 'width', '')}"
)


@EVERY
def test_a_score_takes_keys_of_another_width_unless_its_words_say_that_it_cannot(config):
    wide = np.concatenate([K, K], axis=-1)
    params = init_score(config, jax.random.key(0), HEADS, WIDTH, keys=2 * WIDTH)
    logits = jit(partial(attention_logits, config))
    if config.equal_widths:
        with pytest.raises((TypeError, ValueError, BeartypeCallHintViolation)):
            logits(params, Q, wide)
    else:
        assert logits(params, Q, wide).shape == (BATCH, HEADS, QUERIES, KEYS)


@EVERY
def test_keys_are_as_wide_as_the_entry_says(config):
    assert key_width_fault(config) is None


@EVERY
def test_every_pair_has_the_score_of_the_entry_s_formula(config):
    assert formula_fault(config) is None


def test_the_temperature_of_cosine_starts_at_the_root_of_the_head_width():
    np.testing.assert_allclose(init_score(CosineScore(kind="cosine"), jax.random.key(0), 2, 9), [3, 3])


def test_cosine_of_the_zero_vector_is_zero_with_a_finite_gradient():
    config = CosineScore(kind="cosine")
    params = parameters(init_score, config, HEADS, WIDTH)
    weigh = lambda q, k: attention_logits(config, params, q, k).sum()
    value, gradients = jit(jax.value_and_grad(weigh, argnums=(0, 1)))(np.zeros_like(Q), K)
    assert value == 0
    assert all(np.isfinite(gradient).all() for gradient in gradients)


@pytest.mark.parametrize("limit", [1, 500, 900])
def test_blocks_of_keys_change_nothing(monkeypatch, limit):
    config = MlpScore(kind="mlp", width=6)
    params = parameters(init_score, config, HEADS, WIDTH)

    def weigh(*arguments):
        run = lambda q, k, p: attention_logits(config, p, q, k)
        gradient = jax.grad(lambda *a: (run(*a) ** 2).sum(), argnums=(0, 1, 2))
        return jit(lambda *a: (run(*a), gradient(*a)))(*arguments)

    whole, whole_gradients = weigh(Q, K, params)
    assert mlp_blocks(BATCH, HEADS, QUERIES, KEYS, 6) == 1
    monkeypatch.setattr(score_functions, "MLP_LIMIT", limit)
    assert mlp_blocks(BATCH, HEADS, QUERIES, KEYS, 6) > 1
    blocked, blocked_gradients = weigh(Q, K, params)
    np.testing.assert_array_equal(blocked, whole)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), blocked_gradients, whole_gradients)


def test_a_block_keeps_within_the_limit_where_one_key_does(monkeypatch):
    monkeypatch.setattr(score_functions, "MLP_LIMIT", 1000)
    for keys in range(1, 40):
        blocks = mlp_blocks(2, 2, 5, keys, 6)  # 120 numbers a key
        assert 120 * -(-keys // blocks) <= 1000
        assert mlp_blocks(2, 2, 50, keys, 6) == keys
