"""The loop over time of every recurrent cell, with a backward pass of its own.

A cell is `cell(state, preactivation) -> (state, gates)`: `preactivation` [b, g] is what goes into its nonlinearities, the state is a
NamedTuple whose `h` [b, d] is the output. `preactivation` is the input's share, computed for all steps in one product, plus h kernel, added
to its last columns.
"""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float

from research.nn.linear import kernel_gradient, product
from research.nn.recurrent_state import RecurrentState, State

Cell = Callable[[State, Array], tuple[State, dict[str, Array]]]
Pull = Callable[[State], tuple[State, Array]]  # from the gradient of a step's state to those of the one before and of `preactivation`


def cell_step(
    cell: Cell[State], state: State, inputs: Float[Array, "b g"], kernel: Float[Array, "d r"], exists: Bool[Array, " b"] | None = None
) -> tuple[State, dict[str, Array]]:
    """One step; rows whose input does not exist keep their state."""
    return _masked_step(cell, exists, state, _preactivation(state, inputs, kernel))


def _preactivation(state: RecurrentState, inputs: Float[Array, "b g"], kernel: Float[Array, "d r"]) -> Float[Array, "b g"]:
    recurrent = product(state.h, kernel).astype(state.h.dtype)
    return inputs + jnp.pad(recurrent, ((0, 0), (inputs.shape[-1] - recurrent.shape[-1], 0)))


def _masked_step(cell: Cell[State], exists: Array | None, state: State, preactivation: Array) -> tuple[State, dict[str, Array]]:
    new, gates = cell(state, preactivation)
    if exists is None:
        return new, gates
    masked: State = jax.tree.map(lambda new, old: jnp.where(exists[:, None], new, old), new, state)
    return masked, gates


def scan_plain(
    cell: Cell[State], state: State, inputs: Float[Array, "t b g"], kernel: Float[Array, "d r"], exists: Bool[Array, "t b"]
) -> tuple[State, tuple[State, dict[str, Array]]]:
    """The last state; all states and gates, time first. Every kind of derivative works."""

    def body(state: State, now: tuple[Array, Array]) -> tuple[State, tuple[State, dict[str, Array]]]:
        state, gates = cell_step(cell, state, now[0], kernel, now[1])
        return state, (state, gates)

    return lax.scan(body, state, (inputs, exists))


@partial(jax.custom_vjp, nondiff_argnums=(0,))
def scan_recurrent(
    cell: Cell[State], state: State, inputs: Float[Array, "t b g"], kernel: Float[Array, "d r"], exists: Bool[Array, "t b"]
) -> tuple[State, Float[Array, "t b d"]]:
    """The last state and the output of every step, quick to train.

    The forward pass stores what the cell's derivative needs; the backward pass collects the gradient of `preactivation`, and the kernel's
    gradient is one product after the loop, not a sum of one product a step (Appleyard et al. 2016).
    """
    state, (states, _) = scan_plain(cell, state, inputs, kernel, exists)
    return state, states.h


def _forward(
    cell: Cell[State], state: State, inputs: Array, kernel: Array, exists: Array
) -> tuple[tuple[State, Array], tuple[Array, Array, Array, Pull[State]]]:
    def body(state: State, now: tuple[Array, Array]) -> tuple[State, tuple[Array, Pull[State]]]:
        inputs, exists = now
        new, pull = jax.vjp(
            lambda state, preactivation: _masked_step(cell, exists, state, preactivation)[0], state, _preactivation(state, inputs, kernel)
        )
        return new, (new.h, pull)

    last, (hidden, pulls) = lax.scan(body, state, (inputs, exists))
    return (last, hidden), (state.h, hidden, kernel, pulls)


def _backward(
    cell: Cell[State], saved: tuple[Array, Array, Array, Pull[State]], gradient: tuple[State, Array]
) -> tuple[State, Array, Array, None]:
    first, hidden, kernel, pulls = saved
    d_last, d_hidden = gradient
    transposed = lax.optimization_barrier(kernel.T)  # once, not in every step

    def d_recurrent(d_preactivation: Array) -> Array:
        return d_preactivation[..., -kernel.shape[1] :]

    def body(d_state: State, now: tuple[Pull[State], Array]) -> tuple[State, Array]:
        pull, d_h = now
        d_state, d_preactivation = pull(d_state._replace(h=d_state.h + d_h))
        through_kernel = product(d_recurrent(d_preactivation), transposed)
        return d_state._replace(h=d_state.h + through_kernel.astype(d_state.h.dtype)), d_preactivation

    d_state, d_inputs = lax.scan(body, d_last, (pulls, d_hidden), reverse=True)
    previous = jnp.concatenate([first[None], hidden[:-1]])
    d_kernel = kernel_gradient(previous.astype(kernel.dtype), d_recurrent(d_inputs).astype(kernel.dtype))
    return d_state, d_inputs, d_kernel.astype(kernel.dtype), None


scan_recurrent.defvjp(_forward, _backward)
