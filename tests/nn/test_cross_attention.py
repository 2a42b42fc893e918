"""Cross-attention is flax's with the same weights; what a memory lacks is not seen."""

from typing import get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen
from pydantic import TypeAdapter
from quick import jit, parameters

from research.config.mixer import AttentionConfig, CrossAttentionConfig
from research.config.position import NoPosition
from research.nn.attention import AttentionSpec, empty_attention, init_attention, mix_attention
from research.nn.cross_attention import attend_to_memory, init_cross_attention, project_memory
from research.nn.score_functions import SCORES

B, T, S, D, M, HEADS = 2, 3, 5, 8, 6, 2
RNG = np.random.default_rng(0)
X, MEMORY = RNG.standard_normal((B, T, D), np.float32), RNG.standard_normal((B, S, M), np.float32)
EXISTS = np.array([[1, 1, 0, 1, 1], [0, 0, 1, 0, 0]], bool)
CLOSE = {"atol": 1e-5, "rtol": 1e-5}

cross = TypeAdapter(CrossAttentionConfig).validate_python


def of_heads(kernel):
    return {"kernel": kernel.reshape(kernel.shape[0], HEADS, -1)}


def linen_attention(query, key, value, out):
    made = {"query": of_heads(query), "key": of_heads(key), "value": of_heads(value)}
    return {"params": made | {"out": {"kernel": out.reshape(HEADS, -1, out.shape[1])}}}


def test_cross_attention_is_that_of_linen():
    config = cross({"heads": HEADS})
    p = parameters(init_cross_attention, config, D, M)
    theirs = linen.MultiHeadDotProductAttention(HEADS, use_bias=False, out_features=D, qkv_features=D)

    @jit
    def both(x, memory, exists):
        found = attend_to_memory(config, p, project_memory(config, p, memory, exists), x)[0]
        mask = jnp.broadcast_to(exists[:, None, None], (B, 1, T, S))
        return found, theirs.apply(linen_attention(p.query, p.key, p.value, p.out), x, memory, memory, mask=mask)

    np.testing.assert_allclose(*both(X, MEMORY, EXISTS), **CLOSE)


@pytest.mark.parametrize("masked", [True, False])
def test_self_attention_is_that_of_linen(masked):
    spec = AttentionSpec(AttentionConfig(kind="attention", heads=HEADS), NoPosition(), 0.0, masked)
    p = parameters(init_attention, spec, D)
    theirs = linen.MultiHeadDotProductAttention(HEADS, use_bias=False)
    exists = np.arange(T) < np.array([[3], [2]])

    @jit
    def both(x):
        found = mix_attention(spec, p, empty_attention(spec, B, 0, D), x, jnp.asarray(exists))[1]
        mask = linen.make_attention_mask(exists, exists)
        mask = linen.combine_masks(mask, linen.make_causal_mask(exists)) if masked else mask
        return found, theirs.apply(linen_attention(*jnp.split(p.project, 3, axis=1), p.out), x, x, x, mask=mask)

    found, expected = both(X)
    np.testing.assert_allclose(found[exists], expected[exists], **CLOSE)


KINDS = [get_args(score.model_fields["kind"].annotation)[0] for score in SCORES]


@pytest.mark.parametrize("score", [{"kind": kind} for kind in KINDS], ids=KINDS)
@pytest.mark.parametrize("projections", [True, False])
def test_what_is_seen(score, projections):
    """The observed weights are of what exists alone, sum to one, and mix the values; none exists: zero, with a finite gradient."""
    config = cross({"heads": HEADS, "score": score, "projections": projections})
    memory = MEMORY if projections else RNG.standard_normal((B, S, D), np.float32)
    p = parameters(init_cross_attention, config, D, memory.shape[-1])
    exists = jnp.asarray([EXISTS[0], np.zeros(S, bool)])  # of the second row nothing

    @jit
    def run(memory):
        kept = project_memory(config, p, memory, exists)
        look = lambda memory: attend_to_memory(config, p, project_memory(config, p, memory, exists), jnp.asarray(X))[0]
        observed, weights = attend_to_memory(config, p, kept, jnp.asarray(X), observe=True)
        return look(memory), observed, weights, kept.v, jax.grad(lambda memory: look(memory).sum())(memory)

    quick, observed, weights, v, gradient = map(np.asarray, run(memory))
    exists = np.asarray(exists)
    np.testing.assert_allclose(quick, observed, **CLOSE)
    np.testing.assert_allclose(weights[0].sum(axis=-1), 1, **CLOSE)
    assert not weights[0][..., ~exists[0]].any()
    mixed = np.einsum("hts,hsk->thk", weights[0], v[0]).reshape(T, D) @ np.asarray(p.out)
    np.testing.assert_allclose(observed[0], mixed, **CLOSE)
    assert not observed[1].any()
    assert not gradient[1].any()
    assert np.isfinite(gradient).all()
    assert not gradient[0][~exists[0]].any()
