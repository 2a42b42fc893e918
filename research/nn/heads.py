"""The heads of an attention: equal parts of each vector, which come before time inside.

Shapes: b batch, t time, d width, h heads, k head width.
"""

from jaxtyping import Array, Float


def split_heads(x: Float[Array, "b t d"], heads: int) -> Float[Array, "b h t k"]:
    """Equal parts of each vector, one a head."""
    b, t, d = x.shape
    return x.reshape(b, t, heads, d // heads).swapaxes(1, 2)


def merge_heads(x: Float[Array, "b h t k"]) -> Float[Array, "b t d"]:
    """The inverse of `split_heads`."""
    b, h, t, k = x.shape
    return x.swapaxes(1, 2).reshape(b, t, h * k)
