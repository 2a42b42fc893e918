"""Attention against flax, its quick core against plain differentiation, its window against a mask, its dropout."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import linen
from jax.test_util import check_grads
from quick import jit, parameters

from research.config.mixer import AttentionConfig, CosineScore, DotScore, MlpScore, WindowCache
from research.config.position import Alibi, NoPosition, Rotary
from research.nn import attention_kernels
from research.nn.attention import AttentionSpec, empty_attention, init_attention, mix_attention
from research.nn.attention_kernels import attend, attend_dot, attend_fused, attention_kernel

BATCH, LENGTH, HEADS, WIDTH = 2, 7, 2, 8
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(BATCH, LENGTH, WIDTH)).astype(np.float32)
ALL = np.ones((BATCH, LENGTH), bool)
GAPS = np.array([[c == "x" for c in row] for row in ("x.xx.xx", "..xxxx.")])


def mix(spec, params, x, valid, capacity=0, key=None, observe=False):
    return mix_attention(spec, params, empty_attention(spec, len(x), capacity, WIDTH), x, valid, key, observe)[1:]


mix_once = jit(mix, static_argnames=("spec", "capacity", "observe"))


def test_parity_with_flax():
    spec = AttentionSpec(AttentionConfig(heads=HEADS), NoPosition())
    params = parameters(init_attention, spec, WIDTH)
    kernel = lambda a: {"kernel": a.reshape(WIDTH, HEADS, WIDTH // HEADS)}
    q, k, v = (kernel(a) for a in np.split(np.asarray(params.project), 3, axis=1))
    out = {"kernel": np.asarray(params.out).reshape(HEADS, WIDTH // HEADS, WIDTH)}
    theirs = linen.MultiHeadDotProductAttention(num_heads=HEADS, use_bias=False)
    apply = jit(lambda params, x: theirs.apply({"params": params}, x, mask=linen.make_causal_mask(x[..., 0])))
    expected = apply({"query": q, "key": k, "value": v, "out": out}, X)
    np.testing.assert_allclose(mix_once(spec, params, X, ALL)[0], expected, atol=2e-6)


def heads_first(keys):
    return RANDOM.normal(size=(BATCH, HEADS, keys, 3)).astype(np.float32)


@pytest.mark.parametrize("core", [attend_dot, attend_fused], ids=["attend_dot", "attend_fused"])
@pytest.mark.parametrize("rows", [0, 1, BATCH], ids=["no bias", "one bias", "a bias for each row"])
def test_a_quick_core_has_the_values_and_gradients_of_the_plain_one(rows, core):
    q, k, v = heads_first(4), heads_first(6), heads_first(6)
    bias = jnp.asarray(RANDOM.normal(size=(rows, HEADS, 4, 6)), jnp.float32) if rows else None
    mask = jnp.asarray(RANDOM.random((BATCH, 4, 6)) < 0.6).at[0, 2].set(False)  # one query may attend to nothing

    def plain(q, k, v, bias):
        logits = jnp.einsum("bhtk,bhsk->bhts", q, k)
        return attend(logits if bias is None else logits + jnp.broadcast_to(bias, logits.shape), v, mask)[0]

    quick = lambda q, k, v, bias: core(q, k, v, mask, bias)
    weigh = lambda f: jit(jax.value_and_grad(lambda *a: (f(*a) ** 2).sum(), argnums=(0, 1, 2, 3) if bias is not None else (0, 1, 2)))
    ours, theirs = weigh(quick)(q, k, v, bias), weigh(plain)(q, k, v, bias)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), ours, theirs)
    assert not ours[1][0][0, :, 2].any(), "a query that attends to nothing has a gradient"
    if rows:
        check_grads(jax.jit(quick), (q, k, v, bias), order=1, modes=["rev"], rtol=2e-2)


@pytest.mark.parametrize("backend", ["cpu", "gpu", "tpu"])
def test_a_backend_s_kernel_is_one_that_it_has(backend):
    kernels = {dtype: attention_kernel(backend, dtype) for dtype in (jnp.float32, jnp.bfloat16)}
    assert kernels[jnp.float32] == ("dot" if backend == "cpu" else "xla")
    assert (kernels[jnp.bfloat16] == "cudnn") == (backend == "gpu")


@pytest.mark.parametrize("mixed", [False, True], ids=["float32", "bfloat16"])
def test_an_accelerator_s_attention_has_the_outputs_and_gradients_of_a_cpu_s(mixed, monkeypatch):
    """In the whole mixer, with gaps and a position's bias, where the accelerator's kernel is one that a CPU has."""
    spec = AttentionSpec(AttentionConfig(heads=HEADS), Alibi(kind="alibi"), mixed=mixed)
    params = parameters(init_attention, spec, WIDTH)
    loss = lambda params, x: (mix(spec, params, x, jnp.asarray(GAPS))[0] ** 2).sum()
    found = {}
    for backend in ("cpu", "tpu"):
        monkeypatch.setattr(attention_kernels, "attention_kernel", lambda _, dtype, backend=backend: attention_kernel(backend, dtype))
        found[backend] = jit(lambda *args: jax.value_and_grad(loss, argnums=(0, 1))(*args))(params, X)
    tolerance = 2e-2 if mixed else 1e-5
    close = lambda a, b: np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * np.abs(b).max())
    jax.tree.map(close, found["tpu"], found["cpu"])


@pytest.mark.parametrize("size", [1, 3, 20])
def test_a_window_is_a_full_cache_that_looks_no_further_back(size):
    full = AttentionSpec(AttentionConfig(heads=HEADS), Alibi(kind="alibi"))
    rolling = AttentionSpec(AttentionConfig(heads=HEADS, cache=WindowCache(kind="window", size=size)), Alibi(kind="alibi"))
    params = parameters(init_attention, full, WIDTH)
    y, _ = mix_once(rolling, params, X, ALL)
    for time in range(LENGTH):
        near = (np.arange(LENGTH) > time - size) & (np.arange(LENGTH) <= time)
        alone, _ = mix_once(full, params, X, ALL & near[None])
        np.testing.assert_allclose(y[:, time], alone[:, time], atol=2e-6)


@pytest.mark.parametrize("capacity", [0, LENGTH])
def test_observed_weights_are_in_the_order_of_the_chunk(capacity):
    spec = AttentionSpec(AttentionConfig(heads=HEADS), Rotary(kind="rotary"))
    params = parameters(init_attention, spec, WIDTH)
    weights = np.asarray(mix_once(spec, params, X, GAPS, capacity, observe=True)[1]["weights"])
    for row in range(BATCH):
        exist = np.flatnonzero(GAPS[row])
        keys = np.arange(len(exist)) if capacity else exist  # a cache holds position i in slot i
        packed = np.zeros_like(X)
        packed[row, : len(exist)] = X[row, exist]
        alone = mix_once(spec, params, packed, ALL, observe=True)[1]["weights"][row, :, : len(exist), : len(exist)]
        np.testing.assert_allclose(weights[row][:, exist][:, :, keys], alone, atol=2e-6)
        np.testing.assert_allclose(weights[row][:, exist].sum(axis=-1), 1, rtol=1e-5)


def test_the_observed_deviation_is_that_of_the_logits_that_count():
    spec = AttentionSpec(AttentionConfig(heads=1, score=DotScore(kind="dot"), projections=False), NoPosition())
    params = parameters(init_attention, spec, WIDTH)
    valid = np.array([GAPS[0], np.zeros(LENGTH, bool)])
    deviation = mix_once(spec, params, X, valid, observe=True)[1]["logits_deviation"]
    exist = X[0][valid[0]]
    products = exist @ exist.T
    np.testing.assert_allclose(deviation, [[products[np.tril_indices(len(exist))].std()], [0]], rtol=1e-5)


def test_dropout_keeps_the_mean_and_scales_what_it_keeps():
    spec = AttentionSpec(AttentionConfig(heads=HEADS), NoPosition(), dropout=0.4)
    params = parameters(init_attention, spec, WIDTH)
    one = lambda key, params, x, valid: mix(spec, params, x, valid, key=key)[0]
    keys = jax.random.split(jax.random.key(1), 1000)
    draws = np.asarray(jit(jax.vmap(one, in_axes=(0, None, None, None)))(keys, params, X, ALL))
    params, expected = jax.tree.map(np.asarray, (params, mix_once(spec, params, X, ALL)[0]))
    np.testing.assert_allclose(draws.mean(axis=0), expected, atol=6 * float(draws.std(axis=0).max()) / 1000**0.5)
    first = draws[:, :, 0]  # attends to itself alone: kept and scaled in some heads, gone in the others
    head = np.einsum("bk,kd->bd", (X[:, 0] @ params.project[:, 2 * WIDTH :])[:, : WIDTH // HEADS], params.out[: WIDTH // HEADS])
    other = expected[:, 0] - head
    choices = np.stack([0 * head, head / 0.6, other / 0.6, expected[:, 0] / 0.6])
    assert np.abs(first[:, None] - choices[None]).max(axis=-1).min(axis=1).max() < 1e-5


@pytest.mark.parametrize("score", [MlpScore(kind="mlp", width=7), CosineScore(kind="cosine")], ids=["mlp", "cosine"])
def test_a_key_is_prepared_when_it_is_kept_and_not_again_for_every_later_query(score):
    """Of one more token over a cache of 50 slots, no projection and no length of a vector is computed for all 50."""
    spec = AttentionSpec(AttentionConfig(heads=2, score=score), NoPosition())
    params = init_attention(spec, jax.random.key(0), 8)
    carry = empty_attention(spec, 3, 50, 8)
    assert carry.k.shape == (3, 2, 50, 7 if score.kind == "mlp" else 4)
    program = jax.make_jaxpr(lambda carry, x: mix_attention(spec, params, carry, x, jnp.ones((3, 1), bool)))(carry, jnp.ones((3, 1, 8)))
    prepares = [equation for equation in program.jaxpr.eqns if str(equation.primitive) in ("dot_general", "rsqrt")]
    assert len(prepares) >= 2
    assert max(equation.outvars[0].aval.size for equation in prepares) < 3 * 2 * 50
