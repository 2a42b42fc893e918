"""Randomness by name: every stream of a run is a function of (seed, name, step)."""

from hashlib import sha256

import jax
from jaxtyping import Array, Int, Key


def stream_key(root: Key[Array, ""], name: str) -> Key[Array, ""]:
    """The key of a named stream: init, data, dropout."""
    return jax.random.fold_in(root, int.from_bytes(sha256(name.encode()).digest()[:4]))


def stream_key_at_step(root: Key[Array, ""], name: str, step: Int[Array, ""]) -> Key[Array, ""]:
    """The key of a named stream at one step."""
    return jax.random.fold_in(stream_key(root, name), step)
