"""Products with a matrix of parameters: of numbers in the type of the matrix, summed in float32."""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float


def linear(x: Float[Array, "*n i"], kernel: Float[Array, "i o"], bias: Float[Array, " o"] | None = None) -> Float[Array, "*n o"]:
    """x kernel + bias, with no rule of its own: forward mode and second derivatives work."""
    y = product(x, kernel)
    return y if bias is None else y + jnp.broadcast_to(bias, y.shape)


def product(x: Float[Array, "*n i"], kernel: Float[Array, "i o"]) -> Float[Array, "*n o"]:
    """x kernel, x rounded to the kernel's type."""
    return jnp.matmul(x.astype(kernel.dtype), kernel, preferred_element_type=jnp.float32)


@jax.custom_vjp
def dense(x: Float[Array, "*n i"], kernel: Float[Array, "i o"], bias: Float[Array, " o"] | None = None) -> Float[Array, "*n o"]:
    """The same as `linear`, quick to train; reverse mode only, once.

    The barrier in its backward pass makes XLA:CPU compute the incoming gradient once. Without it the gradient of the residual stream
    is fused into each consumer and computed again there, transposed, at a cost that grows with the square of the depth. The kernel's
    gradient is one product of two matrices, whatever the leading axes (`kernel_gradient`).
    """
    return linear(x, kernel, bias)


def _forward(x: Array, kernel: Array, bias: Array | None = None) -> tuple[Array, tuple[Array, Array, Array | None]]:
    return linear(x, kernel, bias), (x, kernel, bias)


def _backward(saved: tuple[Array, Array, Array | None], gradient: Array) -> tuple[Array, Array, Array | None]:
    x, kernel, bias = saved
    gradient = lax.optimization_barrier(gradient)
    leading = tuple(range(gradient.ndim - 1))
    d_bias = None if bias is None else gradient.sum(axis=leading)
    d_kernel = kernel_gradient(x.astype(kernel.dtype), gradient.astype(kernel.dtype)).astype(kernel.dtype)
    return product(gradient, kernel.T).astype(x.dtype), d_kernel, d_bias


dense.defvjp(_forward, _backward)


def kernel_gradient(x: Float[Array, "*n i"], gradient: Float[Array, "*n o"]) -> Float[Array, "i o"]:
    """x^T gradient, summed over all leading axes; the narrower array is transposed: XLA:CPU takes up to 1.7 times as long for the wider."""
    contract = partial(jnp.tensordot, axes=(tuple(range(x.ndim - 1)),) * 2, preferred_element_type=jnp.float32)
    if x.shape[-1] <= gradient.shape[-1]:
        return contract(x, gradient)
    transposed: Array = lax.optimization_barrier(contract(gradient, x))
    return transposed.T
