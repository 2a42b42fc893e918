"""Jacobians of a recurrent state against closed forms, bounds and forward mode; a gradient as the sum of what each time step adds to it."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.config.mixer import GRU, LSTM, Elman, OrthogonalInit
from research.nn.linear import linear
from research.nn.recurrent_cells import empty_recurrent, init_recurrent, mix_recurrent, step_recurrent
from research.nn.recurrent_state import LSTMState
from research.train.diagnostics import forget_products, kernel_gradients, spectral_norms, state_jacobians

BATCH, LENGTH, WIDTH = 2, 8, 6
INPUTS = jax.random.normal(jax.random.key(1), (LENGTH, BATCH, WIDTH))
KINDS = [Elman(kind="elman"), GRU(kind="gru"), LSTM(kind="lstm")]
EVERY = pytest.mark.parametrize("config", KINDS, ids=lambda config: config.kind)


def elman(nonlinearity: Any, rho: float) -> Elman:
    return Elman(kind="elman", nonlinearity=nonlinearity, recurrent_init=OrthogonalInit(kind="orthogonal", scale=rho))


def start(config: Any, key: Any = 0) -> tuple[Any, Any]:
    params = init_recurrent(config, jax.random.key(key), WIDTH)
    return params, empty_recurrent(config, BATCH, LENGTH, WIDTH)


@partial(jax.jit, static_argnums=0)
def jacobians(config: Any, params: Any, state: Any, inputs: Any) -> Any:
    return state_jacobians(partial(step_recurrent, config, params), state, inputs)


@pytest.mark.parametrize("rho", [0.9, 1.0, 1.1])
def test_the_jacobian_of_linear_units_is_a_power_of_rho(rho: float) -> None:
    config = elman("linear", rho)
    norms = spectral_norms(jacobians(config, *start(config), INPUTS))
    np.testing.assert_allclose(norms, np.broadcast_to(rho ** np.arange(1, LENGTH + 1)[:, None], norms.shape), rtol=1e-5)


def test_the_jacobian_of_linear_units_is_the_power_of_the_kernel() -> None:
    config = elman("linear", 0.9)
    params, state = start(config)
    found = jacobians(config, params, state, INPUTS)
    for lag in range(1, LENGTH + 1):
        power = np.linalg.matrix_power(np.asarray(params.recurrent_kernel), lag).T
        np.testing.assert_allclose(found[lag - 1], np.broadcast_to(power, (BATCH, WIDTH, WIDTH)), atol=2e-6)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**31 - 1), st.sampled_from([0.9, 1.0, 1.1]), st.floats(0.1, 10.0))
def test_the_jacobian_of_tanh_units_is_bounded_by_the_power_of_rho(key: int, rho: float, size: float) -> None:
    params, state = start(elman("tanh", rho), key)
    inputs = np.float32(size) * jax.random.normal(jax.random.key(key + 1), INPUTS.shape)
    norms = spectral_norms(jacobians(elman("tanh", 1.0), params, state, inputs))
    assert (norms <= (1 + 1e-5) * rho ** np.arange(1, LENGTH + 1)[:, None]).all()


@partial(jax.jit, static_argnums=0)
def run(config: Any, params: Any, state: Any, inputs: Any) -> Any:
    for x in inputs:
        state = step_recurrent(config, params, state, x)
    return state


@EVERY
def test_reverse_mode_agrees_with_forward_mode(config: Any) -> None:
    params, state = start(config)
    found = jacobians(config, params, state, INPUTS)[:, 0]
    before, after = INPUTS[:-2], INPUTS[-2:, :1]

    def last(flat: Any) -> Any:
        fields = jnp.split(flat[None], len(state), axis=-1)
        return jnp.concatenate(run(config, params, type(state)(*fields), after), axis=-1)[0]

    at = jnp.concatenate([leaf[0] for leaf in run(config, params, state, before)])
    np.testing.assert_allclose(found[1], jax.jit(jax.jacfwd(last))(at), atol=1e-6)


def test_with_the_hidden_state_held_the_memory_goes_back_through_the_forget_gates() -> None:
    config = LSTM(kind="lstm")
    params, state = start(config)

    def held(before: LSTMState, x: Any) -> LSTMState:
        after: LSTMState = step_recurrent(config, params, before._replace(h=jax.lax.stop_gradient(before.h)), x)
        return after

    direct = jax.jit(partial(state_jacobians, held))(state, INPUTS)[..., :WIDTH, :WIDTH]
    observed = mix_recurrent(config, params, state, INPUTS.swapaxes(0, 1), jnp.ones((BATCH, LENGTH), bool), observe=True)[2]
    products = forget_products(observed["forget"].swapaxes(0, 1))
    np.testing.assert_allclose(direct, np.asarray(products)[..., None] * np.eye(WIDTH), rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(spectral_norms(direct), products.max(axis=-1), rtol=1e-5)


@EVERY
def test_the_parts_of_the_time_steps_sum_to_the_gradient(config: Any) -> None:
    params, state = start(config)
    loss = lambda last: (last.h**2).sum()

    def step(kernel: Any, state: Any, x: Any) -> Any:
        return step_recurrent(config, params.replace(recurrent_kernel=kernel), state, x)

    def in_training(kernel: Any) -> Any:
        with_kernel = params.replace(recurrent_kernel=kernel)
        return loss(mix_recurrent(config, with_kernel, state, INPUTS.swapaxes(0, 1), jnp.ones((BATCH, LENGTH), bool))[0])

    parts = jax.jit(partial(kernel_gradients, step, loss))(params.recurrent_kernel, state, INPUTS)
    np.testing.assert_allclose(parts.sum(axis=0), jax.jit(jax.grad(in_training))(params.recurrent_kernel), rtol=1e-5, atol=1e-6)
    assert not parts[0].any(), "the first step multiplies the kernel with zeros"
    assert all(part.any() for part in parts[1:])


def test_second_derivatives_go_through_a_layer_without_rules() -> None:
    x, kernel = INPUTS[0, 0], jax.random.normal(jax.random.key(3), (WIDTH, 4))
    found = jax.jit(jax.hessian(lambda kernel: 0.5 * (linear(x, kernel) ** 2).sum()))(kernel)
    np.testing.assert_allclose(found, jnp.einsum("i,j,ab->iajb", x, x, jnp.eye(4)), rtol=1e-6)


def test_second_derivatives_go_through_a_step() -> None:
    config = elman("tanh", 1.0)
    params, state = start(config)
    last = lambda h: step_recurrent(config, params, type(state)(h[None]), INPUTS[0, :1]).h[0]
    at = jax.random.normal(jax.random.key(4), (WIDTH,))
    h, kernel = last(at), params.recurrent_kernel
    expected = jnp.einsum("k,ik,jk->kij", -2 * h * (1 - h**2), kernel, kernel)
    np.testing.assert_allclose(jax.jit(jax.hessian(last))(at), expected, atol=1e-6)
