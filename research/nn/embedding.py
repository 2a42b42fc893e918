"""Vectors of tokens."""

import jax.numpy as jnp
from jaxtyping import Array, Float, Int


def lookup(table: Float[Array, "v d"], tokens: Int[Array, "*n"]) -> Float[Array, "*n d"]:
    """Rows of the table; NaN for a token past its end, which must never pass unseen."""
    return table.at[tokens].get(mode="fill", fill_value=jnp.nan)
