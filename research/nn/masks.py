"""Who may attend to whom. A mask is boolean, and True means that the query may attend to the key; masks compose with &."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


def causal_mask(distance: Int[Array, "*n t s"]) -> Bool[Array, "*n t s"]:
    """Itself and what came before it; distance = position of the query - position of the key."""
    return distance >= 0


def window_mask(distance: Int[Array, "*n t s"], size: int) -> Bool[Array, "*n t s"]:
    """Keys fewer than `size` positions before the query."""
    return distance < size


def padding_mask(valid: Bool[Array, "b s"]) -> Bool[Array, "b 1 s"]:
    """Keys that exist, for every query: the padding mask."""
    return valid[:, None]


def masked_softmax(logits: Float[Array, "*n t s"], mask: Bool[Array, "*#n t s"]) -> Float[Array, "*n t s"]:
    """Softmax over s among what the mask allows. A row that allows nothing is zeros with a zero gradient, never NaN."""
    return jax.nn.softmax(logits, axis=-1, where=jnp.broadcast_to(mask, logits.shape))
