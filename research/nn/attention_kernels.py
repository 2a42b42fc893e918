"""The core of attention: weights over the keys, and the values that they mix.

Shapes: b batch, h heads, t queries, s keys, k head width. Mask and bias are [b or 1, t, s] and [b or 1, h, t, s].
"""

from typing import Literal

import jax
import jax.numpy as jnp
from jax import lax
from jax.typing import DTypeLike
from jaxtyping import Array, Bool, Float

from research.nn.dropout import dropout
from research.nn.initialisers import Key
from research.nn.masks import masked_softmax


def attend(
    logits: Float[Array, "b h t s"], v: Float[Array, "b h s k"], mask: Bool[Array, "#b t s"], key: Key | None = None, rate: float = 0.0
) -> tuple[Float[Array, "b h t k"], Float[Array, "b h t s"]]:
    """The mixed values, and the weights before dropout, in float32."""
    weights = masked_softmax(logits.astype(jnp.float32), mask[:, None])
    return _weighted_sum(dropout(key, rate, weights), v), weights


def fast_attention(
    q: Float[Array, "b h t k"],
    k: Float[Array, "b h s k"],
    v: Float[Array, "b h s k"],
    mask: Bool[Array, "#b t s"],
    bias: Float[Array, "#b h t s"] | None = None,
) -> Float[Array, "b h t k"]:
    """`attend` for logits q . k + bias without dropout, by the kernel of this backend."""
    kernel = attention_kernel(jax.default_backend(), q.dtype)
    return attend_dot(q, k, v, mask, bias) if kernel == "dot" else attend_fused(q, k, v, mask, bias, kernel)


def attention_kernel(backend: str, dtype: DTypeLike) -> Literal["dot", "xla", "cudnn"]:
    """`attend_dot` on a CPU; `attend_fused` on an accelerator, by cuDNN on a GPU where the numbers have 16 bits, which it needs."""
    if backend == "cpu":
        return "dot"
    return "cudnn" if backend == "gpu" and dtype == jnp.bfloat16 else "xla"


def attend_fused(
    q: Float[Array, "b h t k"],
    k: Float[Array, "b h s k"],
    v: Float[Array, "b h s k"],
    mask: Bool[Array, "#b t s"],
    bias: Float[Array, "#b h t s"] | None = None,
    implementation: Literal["xla", "cudnn"] = "xla",
) -> Float[Array, "b h t k"]:
    """The same by jax's own attention, which gives a query that may attend to nothing the mean of all values: here it is zero."""
    q, k, v = (x.swapaxes(1, 2) for x in (q, k, v))
    mixed = jax.nn.dot_product_attention(q, k, v, bias, mask[:, None], scale=1.0, implementation=implementation)
    return jnp.where(mask.any(axis=-1)[:, None, :, None], mixed.swapaxes(1, 2).astype(jnp.float32), 0)


Saved = tuple[Array, Array, Array, Array, Array, Array | None]  # q, k, v, the weights, what they mix, and the bias


@jax.custom_vjp
def attend_dot(
    q: Float[Array, "b h t k"],
    k: Float[Array, "b h s k"],
    v: Float[Array, "b h s k"],
    mask: Bool[Array, "#b t s"],
    bias: Float[Array, "#b h t s"] | None = None,
) -> Float[Array, "b h t k"]:
    """`attend` for logits q . k + bias without dropout, quick to train; reverse mode only, once.

    Products are of numbers in the type of q, k and v, all else is float32: the logits, their softmax and its gradient.

    Of the arrays [b, h, t, s] only the weights are kept for the backward pass, and the logits' gradient is computed once. Where a sum
    runs over the queries, the narrow array [t, k] is transposed, not the wide one [t, s].
    """
    return _forward(q, k, v, mask, bias)[0]


def _forward(q: Array, k: Array, v: Array, mask: Array, bias: Array | None = None) -> tuple[Array, Saved]:
    logits = jnp.einsum("bhtk,bhsk->bhts", q, k, preferred_element_type=jnp.float32)
    logits = logits if bias is None else logits + jnp.broadcast_to(bias, logits.shape)
    weights = masked_softmax(logits, mask[:, None]).astype(v.dtype)
    mixed = _weighted_sum(weights, v)
    return mixed, (q, k, v, weights, mixed, bias)


def _backward(saved: Saved, gradient: Array) -> tuple[Array, Array, Array, None, Array | None]:
    q, k, v, weights, mixed, bias = saved
    gradient = lax.optimization_barrier(gradient)
    d_mixed = gradient.astype(v.dtype)
    d_weights = jnp.einsum("bhtk,bhsk->bhts", d_mixed, v, preferred_element_type=jnp.float32)
    through_sum = (gradient * mixed).sum(axis=-1, keepdims=True)  # = the sum over s of weights * d_weights
    d_logits = lax.optimization_barrier(weights.astype(jnp.float32) * (d_weights - through_sum))
    d_products = d_logits.astype(k.dtype)
    d_v, d_k = _over_queries(d_mixed, weights).astype(v.dtype), _over_queries(q, d_products).astype(k.dtype)
    d_q = jnp.einsum("bhts,bhsk->bhtk", d_products, k, preferred_element_type=jnp.float32).astype(q.dtype)
    d_bias = bias
    if bias is not None:
        d_bias = (d_logits.sum(axis=0, keepdims=True) if bias.shape[0] == 1 else d_logits).astype(bias.dtype)
    return d_q, d_k, d_v, None, d_bias


def _over_queries(x: Float[Array, "b h t k"], weights: Float[Array, "b h t s"]) -> Float[Array, "b h s k"]:
    """weights^T x."""
    transposed = lax.optimization_barrier(x.swapaxes(2, 3))
    product = jnp.einsum("bhkt,bhts->bhks", transposed, weights, preferred_element_type=jnp.float32)
    barred: Array = lax.optimization_barrier(product)
    return barred.swapaxes(2, 3)


def _weighted_sum(weights: Float[Array, "b h t s"], v: Float[Array, "b h s k"]) -> Float[Array, "b h t k"]:
    return jnp.einsum("bhts,bhsk->bhtk", weights.astype(v.dtype), v, preferred_element_type=jnp.float32)


attend_dot.defvjp(_forward, _backward)
