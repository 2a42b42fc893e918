"""The cells against their published equations in numpy; the backward pass of the loop against plain differentiation."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads
from quick import by_default, jit, parameters

from research.config.mixer import LSTM, Elman, OrthogonalInit
from research.config.model import UniformInit
from research.laws.cell_laws import cell_entry_fault
from research.nn.recurrent_cells import CELLS, empty_recurrent, init_recurrent, mix_recurrent, step_recurrent
from research.nn.recurrent_scan import scan_plain, scan_recurrent
from research.nn.recurrent_state import HiddenState

BATCH, LENGTH, WIDTH = 2, 5, 4
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(BATCH, LENGTH, WIDTH)).astype(np.float32)
VALID = np.array([[True, True, False, True, True], [False, True, True, True, False]])
ELMANS = [Elman(kind="elman", nonlinearity=f) for f in ("tanh", "relu", "linear")]
EVERY = pytest.mark.parametrize(
    "config", [*ELMANS, *(by_default(kind) for kind in CELLS if kind is not Elman)], ids=lambda c: getattr(c, "nonlinearity", c.kind)
)


@partial(jit, static_argnames=("config", "observe"))
def mix(config, params, x, valid, observe=False):
    return mix_recurrent(config, params, empty_recurrent(config, BATCH, 0, WIDTH), x, valid, observe=observe)


step = jax.jit(step_recurrent, static_argnums=0)


@EVERY
def test_an_entry_says_what_its_cell_shows(config):
    assert cell_entry_fault(config) is None


@EVERY
def test_each_row_follows_the_entry_s_equations_over_what_exists(config):
    params = parameters(init_recurrent, config, WIDTH)
    _, y, _ = mix(config, params, X, VALID)
    params, y = jax.tree.map(np.asarray, (params, y))
    for row in range(BATCH):
        expected = CELLS[type(config)].reference(config, params, X[row, VALID[row]].astype(np.float64))
        np.testing.assert_allclose(y[row, VALID[row]], expected, atol=2e-6)


@EVERY
def test_the_backward_pass_of_the_loop_is_that_of_plain_differentiation(config):
    params, state = parameters(init_recurrent, config, WIDTH), jax.tree.map(lambda a: a + 0.3, empty_recurrent(config, BATCH, 0, WIDTH))
    inputs = jnp.asarray(RANDOM.normal(size=(LENGTH, BATCH, params.bias.shape[0])), jnp.float32)
    cell = partial(CELLS[type(config)].cell, config)
    weights = RANDOM.normal(size=(LENGTH, BATCH, WIDTH))

    def weigh(last, hidden):
        return (hidden * weights).sum() + sum((leaf**3).sum() for leaf in last)

    def plain(state, inputs, kernel):
        last, (states, _) = scan_plain(cell, state, inputs, kernel, jnp.asarray(VALID.T))
        return weigh(last, states.h)

    quick = lambda state, inputs, kernel: weigh(*scan_recurrent(cell, state, inputs, kernel, jnp.asarray(VALID.T)))
    arguments = (state, inputs, params.recurrent_kernel)
    ours, theirs = (jit(jax.value_and_grad(f, argnums=(0, 1, 2)))(*arguments) for f in (quick, plain))
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), ours, theirs)


def test_numerical_gradients_of_the_loop():
    config = LSTM(kind="lstm")
    params, state = parameters(init_recurrent, config, WIDTH), empty_recurrent(config, BATCH, 0, WIDTH)
    hidden = jax.jit(lambda params, x: mix_recurrent(config, params, state, x, jnp.asarray(VALID))[1])
    check_grads(hidden, (params, X), order=1, modes=["rev"], rtol=2e-2)


@EVERY
def test_steps_are_the_mixer_and_what_is_observed_is_what_happened(config):
    params, state = parameters(init_recurrent, config, WIDTH), empty_recurrent(config, BATCH, 0, WIDTH)
    _, y, aux = jax.tree.map(np.asarray, mix(config, params, X, np.ones_like(VALID), observe=True))
    for time in range(LENGTH):
        state = step(config, params, state, X[:, time])
        np.testing.assert_allclose(state.h, y[:, time], atol=1e-6)
    before = np.concatenate([np.zeros_like(y[:, :1]), y[:, :-1]], axis=1)
    if config.kind == "lstm":
        np.testing.assert_allclose(aux["output"] * np.tanh(aux["c"]), y, atol=1e-6)
    if config.kind == "gru":
        np.testing.assert_allclose((1 - aux["update"]) * aux["candidate"] + aux["update"] * before, y, atol=1e-6)
    np.testing.assert_array_equal(aux["h"], y)


def test_jacobians_of_a_step_agree_in_both_modes_and_with_the_closed_form():
    config = ELMANS[0]
    params, h = parameters(init_recurrent, config, WIDTH), jnp.asarray(RANDOM.normal(size=(1, WIDTH)), jnp.float32)
    after = lambda h: step(config, params, HiddenState(h), X[:1, 0]).h
    closed = np.diag(1 - np.asarray(after(h))[0] ** 2) @ np.asarray(params.recurrent_kernel).T
    for jacobian in (jax.jacrev(after), jax.jacfwd(after)):
        np.testing.assert_allclose(jacobian(h)[0, :, 0], closed, atol=1e-5)


def test_initial_values_are_as_configured():
    key, init = jax.random.key(0), jit(init_recurrent, static_argnums=(0, 2, 3))
    orthogonal = Elman(kind="elman", recurrent_init=OrthogonalInit(kind="orthogonal", scale=0.9))
    kernel = init(orthogonal, key, 32).recurrent_kernel
    np.testing.assert_allclose(kernel @ kernel.T, 0.81 * np.eye(32), atol=1e-5)
    kernel = init(ELMANS[0], key, 64).recurrent_kernel
    assert 0.97 / 8 < np.abs(kernel).max() < 1 / 8
    bias = init(LSTM(kind="lstm", forget_bias=2.0), key, 8).bias
    np.testing.assert_array_equal(bias.reshape(4, 8), np.array([0, 2, 0, 0])[:, None].repeat(8, axis=1))
    zaremba = init(LSTM(kind="lstm", forget_bias=0.0), key, 64, UniformInit(kind="uniform", scale=0.1))
    for leaf in jax.tree.leaves(zaremba):
        assert 0.09 < np.abs(leaf).max() < 0.1
