"""One vector of a sentence from those of its words."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from research.nn.masks import masked_softmax


def pool_words(
    pooling: str, h: Float[Array, "b t w"], valid: Bool[Array, "b t"], query: Float[Array, " w"] | tuple[()]
) -> Float[Array, "b w"]:
    """The mean or the maximum of the words' vectors, or their mean weighted by softmax(h . query)."""
    exists = valid[..., None]
    if pooling == "mean":
        return jnp.where(exists, h, 0).sum(axis=1) / jnp.maximum(valid.sum(axis=1), 1)[:, None]
    if pooling == "max":
        highest = jnp.where(exists, h, -jnp.inf).max(axis=1)
        return jnp.where(valid.any(axis=1)[:, None], highest, 0)
    assert not isinstance(query, tuple)
    logits = jnp.einsum("btw,w->bt", h, query)
    return jnp.einsum("bt,btw->bw", masked_softmax(logits[:, None], valid[:, None])[:, 0], jnp.where(exists, h, 0))


def mean_vector(h: Float[Array, "b t w"], pooled: Bool[Array, "b t"]) -> Float[Array, "b w"]:
    """The mean over `pooled`, in float32."""
    return pool_words("mean", h.astype(jnp.float32), pooled, ())
