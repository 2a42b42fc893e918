"""The loop over time of every recurrent cell, with a backward pass of its own.

A cell is `cell(state, preactivation) -> (state, gates)`: `preactivation` [b, g] is what goes into its nonlinearities, the state is a
NamedTuple whose `h` [b, d] is the output. `preactivation` is the input's share, computed for all steps in one product, plus h kernel, added
to its last columns.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float

from research.nn.linear import kernel_gradient, product

Cell = Callable[[Any, Array], tuple[Any, dict[str, Array]]]


def cell_step(
    cell: Cell, state: Any, inputs: Float[Array, "b g"], kernel: Float[Array, "d r"], exists: Bool[Array, " b"] | None = None
) -> tuple[Any, dict[str, Array]]:
    """One step; rows whose input does not exist keep their state."""
    return _masked_step(cell, exists, state, _preactivation(state, inputs, kernel))


def _preactivation(state: Any, inputs: Float[Array, "b g"], kernel: Float[Array, "d r"]) -> Float[Array, "b g"]:
    recurrent = product(state.h, kernel).astype(state.h.dtype)
    return inputs + jnp.pad(recurrent, ((0, 0), (inputs.shape[-1] - recurrent.shape[-1], 0)))


def _masked_step(cell: Cell, exists: Array | None, state: Any, preactivation: Array) -> tuple[Any, dict[str, Array]]:
    new, gates = cell(state, preactivation)
    if exists is None:
        return new, gates
    return jax.tree.map(lambda new, old: jnp.where(exists[:, None], new, old), new, state), gates


def scan_plain(
    cell: Cell, state: Any, inputs: Float[Array, "t b g"], kernel: Float[Array, "d r"], exists: Bool[Array, "t b"]
) -> tuple[Any, tuple[Any, dict[str, Array]]]:
    """The last state; all states and gates, time first. Every kind of derivative works."""

    def body(state: Any, now: tuple[Array, Array]) -> tuple[Any, tuple[Any, dict[str, Array]]]:
        state, gates = cell_step(cell, state, now[0], kernel, now[1])
        return state, (state, gates)

    return lax.scan(body, state, (inputs, exists))


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def scan_recurrent(
    cell: Cell, state: Any, inputs: Float[Array, "t b g"], kernel: Float[Array, "d r"], exists: Bool[Array, "t b"]
) -> tuple[Any, Float[Array, "t b d"]]:
    """The last state and the output of every step, quick to train.

    The forward pass stores what the cell's derivative needs; the backward pass collects the gradient of `preactivation`, and the kernel's
    gradient is one product after the loop, not a sum of one product a step (Appleyard et al. 2016).
    """
    state, (states, _) = scan_plain(cell, state, inputs, kernel, exists)
    return state, states.h


def _forward(cell, state, inputs, kernel, exists):  # type: ignore[no-untyped-def]
    def body(state, now):  # type: ignore[no-untyped-def]
        inputs, exists = now
        new, pull = jax.vjp(
            lambda state, preactivation: _masked_step(cell, exists, state, preactivation)[0], state, _preactivation(state, inputs, kernel)
        )
        return new, (new.h, pull)

    last, (hidden, pulls) = lax.scan(body, state, (inputs, exists))
    return (last, hidden), (state.h, hidden, kernel, pulls)


def _backward(cell, saved, gradient):  # type: ignore[no-untyped-def]
    first, hidden, kernel, pulls = saved
    d_last, d_hidden = gradient
    transposed = lax.optimization_barrier(kernel.T)  # once, not in every step
    d_recurrent = lambda d_preactivation: d_preactivation[..., -kernel.shape[1] :]

    def body(d_state, now):  # type: ignore[no-untyped-def]
        pull, d_h = now
        d_state, d_preactivation = pull(d_state._replace(h=d_state.h + d_h))
        through_kernel = product(d_recurrent(d_preactivation), transposed)
        return d_state._replace(h=d_state.h + through_kernel.astype(d_state.h.dtype)), d_preactivation

    d_state, d_inputs = lax.scan(body, d_last, (pulls, d_hidden), reverse=True)
    previous = jnp.concatenate([first[None], hidden[:-1]])
    d_kernel = kernel_gradient(previous.astype(kernel.dtype), d_recurrent(d_inputs).astype(kernel.dtype))
    return d_state, d_inputs, d_kernel.astype(kernel.dtype), None


scan_recurrent.defvjp(_forward, _backward)
