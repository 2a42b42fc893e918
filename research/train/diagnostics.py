"""How a gradient goes back through time: Jacobians of a recurrent state, and the gradient of its kernel as a sum over time steps.

A step is `step(state, x) -> state` on b independent rows, a plain function such as `nn.recurrent.step_recurrent`. All derivatives are in
reverse mode.
Shapes: b batch, t time steps, d width, n numbers in the state of a row (its fields side by side), r width of the recurrent product.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, PyTree

Step = Callable[[PyTree, Array], PyTree]
KernelStep = Callable[[Array, PyTree, Array], PyTree]


def state_jacobians(step: Step, start: PyTree, inputs: Float[Array, "t b d"]) -> Float[Array, "t b n n"]:
    """d s_T / d s_{T-lag} at index lag - 1, where s_T is the state after all inputs and s_0 is `start` (Pascanu et al. 2013, eq. 5).

    Row i, column j: output i by input j. Every state has a zero added to it, and the derivative by that zero is the state's, so one
    backward pass gives row i for all lags.
    """

    def last(nudges: PyTree) -> Array:
        def body(state: PyTree, now: tuple[PyTree, Array]) -> tuple[PyTree, None]:
            nudge, x = now
            return step(jax.tree.map(jnp.add, state, nudge), x), None

        return _side_by_side(lax.scan(body, start, (nudges, inputs))[0])

    nudges = jax.tree.map(lambda leaf: jnp.zeros((len(inputs), *leaf.shape), leaf.dtype), start)
    final, pull = jax.vjp(last, nudges)
    outputs = jnp.broadcast_to(jnp.eye(final.shape[-1])[:, None, :], (final.shape[-1], *final.shape))
    rows = _side_by_side(jax.vmap(pull)(outputs)[0])
    return jnp.flip(rows.transpose(1, 2, 0, 3), axis=0)


def spectral_norms(matrices: Float[Array, "*n i j"]) -> Float[Array, "*n"]:
    """The largest singular value of each matrix."""
    return jnp.linalg.svd(matrices, compute_uv=False)[..., 0]


def forget_products(forget: Float[Array, "t b d"]) -> Float[Array, "t b d"]:
    """The diagonal of d c_T / d c_{T-lag} along the memory alone, at index lag - 1: the product of the last `lag` forget gates.

    What an LSTM's gradient meets if its hidden state is held constant (Hochreiter & Schmidhuber 1997; Gers et al. 2000).
    """
    return jnp.cumprod(jnp.flip(forget, axis=0), axis=0)


def kernel_gradients(
    step: KernelStep, loss: Callable[[PyTree], Float[Array, ""]], kernel: Float[Array, "d r"], start: PyTree, inputs: Float[Array, "t b d"]
) -> Float[Array, "t d r"]:
    """The part of each time step in the gradient of loss(s_T) by the kernel of `step(kernel, state, x)`; the sum over t is the gradient.

    The gradient by the copy of the kernel that the step alone uses (Pascanu et al. 2013, eq. 4).
    """

    def final_loss(copies: Array) -> Array:
        def body(state: PyTree, now: tuple[Array, Array]) -> tuple[PyTree, None]:
            copy, x = now
            return step(copy, state, x), None

        return loss(lax.scan(body, start, (copies, inputs))[0])

    parts: Float[Array, "t d r"] = jax.grad(final_loss)(jnp.broadcast_to(kernel, (len(inputs), *kernel.shape)))
    return parts


def _side_by_side(state: PyTree) -> Float[Array, "*n"]:
    return jnp.concatenate(jax.tree.leaves(state), axis=-1)
