"""The scores against their formulas, pair by pair; blocks of keys; the zero vector."""

from functools import partial

import jax
import numpy as np
import pytest
from quick import jit, parameters

from research.config.mixer import BilinearScore, CosineScore, DotScore, MlpScore, ScaledDotScore
from research.nn import score_functions
from research.nn.score_functions import SCORES, attention_logits, init_score, mlp_blocks, prepare_keys, prepared_width

BATCH, HEADS, QUERIES, KEYS, WIDTH = 2, 3, 4, 7, 5
RANDOM = np.random.default_rng(0)
Q = RANDOM.normal(size=(BATCH, HEADS, QUERIES, WIDTH)).astype(np.float32)
K = RANDOM.normal(size=(BATCH, HEADS, KEYS, WIDTH)).astype(np.float32)


def mlp_formula(p, h, q, k):
    kernel = np.concatenate([p.query_kernel[h], p.key_kernel[h]])  # W [q; k]
    return p.v[h] @ np.tanh(np.concatenate([q, k]) @ kernel)


FORMULAS = [
    (MlpScore(kind="mlp"), mlp_formula),
    (MlpScore(kind="mlp", width=6), mlp_formula),
    (BilinearScore(kind="bilinear"), lambda p, h, q, k: q @ p[h] @ k),
    (DotScore(kind="dot"), lambda p, h, q, k: q @ k),
    (ScaledDotScore(), lambda p, h, q, k: q @ k / np.sqrt(WIDTH)),
    (CosineScore(kind="cosine"), lambda p, h, q, k: p[h] * (q @ k) / np.linalg.norm(q) / np.linalg.norm(k)),
]


def test_every_score_has_its_formula_here():
    assert {type(config) for config, _ in FORMULAS} == set(SCORES)


@pytest.mark.parametrize("config", [config for config, _ in FORMULAS], ids=lambda value: getattr(value, "kind", ""))
def test_a_score_takes_keys_of_another_width_unless_its_words_say_that_it_cannot(config):
    wide = np.concatenate([K, K], axis=-1)
    params = init_score(config, jax.random.key(0), HEADS, WIDTH, keys=2 * WIDTH)
    logits = jit(partial(attention_logits, config))
    if config.equal_widths:
        with pytest.raises((TypeError, ValueError)):
            logits(params, Q, wide)
    else:
        assert logits(params, Q, wide).shape == (BATCH, HEADS, QUERIES, KEYS)


@pytest.mark.parametrize("config", [config for config, _ in FORMULAS], ids=lambda value: getattr(value, "kind", ""))
def test_keys_are_as_wide_as_the_entry_says(config):
    params = init_score(config, jax.random.key(0), HEADS, WIDTH)
    assert jit(partial(prepare_keys, config))(params, K).shape[-1] == prepared_width(config, WIDTH, WIDTH)


@pytest.mark.parametrize(("config", "formula"), FORMULAS, ids=lambda value: getattr(value, "kind", ""))
def test_every_pair_has_the_score_of_the_formula(config, formula):
    params = parameters(init_score, config, HEADS, WIDTH)
    logits = jit(partial(attention_logits, config))(params, Q, K)
    params = jax.tree.map(np.asarray, params)
    expected = [[[[formula(params, h, q, k) for k in K[b, h]] for q in Q[b, h]] for h in range(HEADS)] for b in range(BATCH)]
    np.testing.assert_allclose(logits, expected, atol=5e-6)


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
