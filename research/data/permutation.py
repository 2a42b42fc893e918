"""A random order that is never stored: a keyed bijection of 0..n-1, evaluated where it is needed."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Int, Key, UInt32

ROUNDS = 8


def permute(key: Key[Array, ""], position: Int[Array, "*s"], n: int) -> Int[Array, "*s"]:
    """Where each position of 0..n-1 goes, 1 <= n <= 2^31. Each key is another bijection; one value costs O(1).

    A Feistel network permutes the 2^w >= n numbers of w bits. What falls outside 0..n-1 is permuted again until it falls
    inside (cycle walking; Black & Rogaway 2002), less than twice on average.
    """
    bits = (n - 1).bit_length()
    if bits == 0:
        return jnp.zeros_like(position)
    keys = jax.random.bits(key, (ROUNDS,), jnp.uint32)

    def walk(x: UInt32[Array, "*s"]) -> UInt32[Array, "*s"]:
        return jnp.where(x >= n, _feistel(keys, x, bits), x)

    inside = lax.while_loop(lambda x: (x >= n).any(), walk, _feistel(keys, position.astype(jnp.uint32), bits))
    return inside.astype(position.dtype)


def _feistel(keys: UInt32[Array, "r"], x: UInt32[Array, "*s"], bits: int) -> UInt32[Array, "*s"]:
    """A bijection of the numbers of `bits` bits: each half in turn is xored with a hash of the other and a round's key."""
    low_bits = bits // 2
    low_mask, high_mask = jnp.uint32((1 << low_bits) - 1), jnp.uint32((1 << (bits - low_bits)) - 1)
    low, high = x & low_mask, x >> low_bits
    for i in range(0, ROUNDS, 2):
        high = high ^ (_hash(low + keys[i]) & high_mask)
        low = low ^ (_hash(high + keys[i + 1]) & low_mask)
    return (high << low_bits) | low


def _hash(x: UInt32[Array, "*s"]) -> UInt32[Array, "*s"]:
    """The finaliser of MurmurHash3: every bit of x sways every bit of the result."""
    x = (x ^ (x >> 16)) * jnp.uint32(0x85EBCA6B)
    x = (x ^ (x >> 13)) * jnp.uint32(0xC2B2AE35)
    return x ^ (x >> 16)
