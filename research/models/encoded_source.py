"""What an encoder leaves for a decoder.

Shapes: b batch, p places of the memory, m width of the memory, n of the summary.
"""

from typing import NamedTuple

from jaxtyping import Array, Bool, Float


class EncodedSource(NamedTuple):
    """What an encoder makes of a source. `summary` is what a recurrent decoder begins with."""

    memory: Float[Array, "b p m"]
    exists: Bool[Array, "b p"]
    summary: Float[Array, "b n"]
