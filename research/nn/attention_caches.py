"""What attention keeps of the inputs that it has seen: all of them, or a window. One entry for each cache, in `CACHES`.

Shapes: b batch, t chunk length, s keys, h heads, k head width, m width of a prepared key.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from research.config.mixer import Cache, FullCache, WindowCache
from research.nn.masks import causal_mask, padding_mask, window_mask
from research.nn.padding import newest_entries


class KVCache(NamedTuple):
    """What was seen: keys as they are compared, rotated by their position and prepared for the score once, and values.

    A full cache holds position i in slot i; a window the last s inputs, the newest last. No slots: no memory.
    """

    k: Float[Array, "b h s m"]
    v: Float[Array, "b h s k"]
    length: Int[Array, " b"]  # how many inputs each row has seen


class AttentionInputs(NamedTuple):
    """What the queries of a chunk may attend to."""

    q: Float[Array, "b h t m"]
    k: Float[Array, "b h s m"]
    v: Float[Array, "b h s k"]
    distance: Int[Array, "#b t s"]
    mask: Bool[Array, "#b t s"]
    chunk: int  # how many of the keys, at the end, are the chunk's own; in a full cache they are in their slots, and this is 0


class Chunk(NamedTuple):
    """Queries, keys and values as they are compared, of which the first `existing` of each row exist, and their positions."""

    q: Float[Array, "b h t m"]
    k: Float[Array, "b h t m"]
    v: Float[Array, "b h t k"]
    position: Int[Array, "#b t"]
    existing: Int[Array, " b"]


class CacheKind(NamedTuple):
    """A cache. Nothing has a default.

    slots(config, capacity) -> how many inputs a carry holds that is asked for room for `capacity`; 0 is the carry of training
    places(config) -> how many keys stand before a chunk's own in training
    seen(carry) -> how many inputs of each row its positions count from [b 1], or 0
    update(masked, carry, chunk) -> the carry after the chunk, and what its queries may attend to
    """

    slots: Callable[[Any, int], int]
    places: Callable[[Any], int]
    seen: Callable[[KVCache], Int[Array, "b 1"] | int]
    update: Callable[[bool, KVCache, Chunk], tuple[KVCache, AttentionInputs]]


def _has_memory(carry: KVCache) -> bool:
    return carry.k.shape[2] > 0


def _since_the_start(carry: KVCache) -> Int[Array, "b 1"]:
    return carry.length[:, None]


def _seen_by_full(carry: KVCache) -> Int[Array, "b 1"] | int:
    """Without memory a chunk begins anew."""
    return _since_the_start(carry) if _has_memory(carry) else 0


def _update_full(masked: bool, carry: KVCache, chunk: Chunk) -> tuple[KVCache, AttentionInputs]:
    """Each key goes to the slot of its position, and what does not exist is written nowhere; without slots the chunk sees itself."""
    if not _has_memory(carry):
        return _attend_to_chunk(masked, carry, chunk)
    slots = carry.k.shape[2]
    slot = jnp.where(jnp.arange(chunk.q.shape[2])[None] < chunk.existing[:, None], chunk.position, slots)
    new_carry = KVCache(write_slots(carry.k, chunk.k, slot), write_slots(carry.v, chunk.v, slot), carry.length + chunk.existing)
    distance = chunk.position[:, :, None] - jnp.arange(slots)[None, None]
    return new_carry, AttentionInputs(chunk.q, new_carry.k, new_carry.v, distance, causal_mask(distance), 0)


def _attend_to_chunk(masked: bool, carry: KVCache, chunk: Chunk) -> tuple[KVCache, AttentionInputs]:
    """Causally; unmasked every query attends to the whole chunk, and nothing is kept."""
    position, length = chunk.position, chunk.q.shape[2]
    distance = position[:, :, None] - position[:, None]
    if not masked:
        mask = jnp.broadcast_to(padding_mask(position < chunk.existing[:, None]), (chunk.q.shape[0], length, length))
        return carry, AttentionInputs(chunk.q, chunk.k, chunk.v, distance, mask, length)
    new_carry = carry._replace(length=carry.length + chunk.existing)
    return new_carry, AttentionInputs(chunk.q, chunk.k, chunk.v, distance, causal_mask(distance), length)


def _update_window(masked: bool, carry: KVCache, chunk: Chunk) -> tuple[KVCache, AttentionInputs]:
    """The keys are those of the window, of which some may not exist yet, and then the chunk's. It looks back alone."""
    past, length = carry.k.shape[2], chunk.q.shape[2]
    k, v = jnp.concatenate([carry.k, chunk.k], axis=2), jnp.concatenate([carry.v, chunk.v], axis=2)

    def newest(a: Array) -> Array:
        return newest_entries(a.swapaxes(1, 2), chunk.existing, past).swapaxes(1, 2)

    new_carry = KVCache(newest(k), newest(v), carry.length + chunk.existing)
    place = jnp.arange(past + length)[None]
    distance = place[:, past:, None] - place[:, None]
    mask = causal_mask(distance) & window_mask(distance, past + 1) & padding_mask(place >= past - carry.length[:, None])
    return new_carry, AttentionInputs(chunk.q, k, v, distance, mask, length)


def write_slots(cache: Float[Array, "b h s k"], new: Float[Array, "b h t k"], slot: Int[Array, "b t"]) -> Float[Array, "b h s k"]:
    """The cache with each row's new entries in its slots; slot s is nowhere.

    XLA:CPU writes two entries where the cache lies, but copies the cache four times to write one: with one goes another, to nowhere.
    """
    if slot.size == 1:
        slot, new = jnp.pad(slot, ((0, 0), (0, 1)), constant_values=cache.shape[2]), jnp.repeat(new, 2, axis=2)
    rows = jnp.arange(slot.shape[0])[:, None]
    return cache.at[rows, :, slot].set(new.swapaxes(1, 2).astype(cache.dtype), mode="drop")


CACHES: dict[type, CacheKind] = {
    FullCache: CacheKind(lambda config, capacity: capacity, lambda config: 0, _seen_by_full, _update_full),
    WindowCache: CacheKind(lambda config, capacity: config.size - 1, lambda config: config.size - 1, _since_the_start, _update_window),
}


def cache_kind(config: Cache) -> CacheKind:
    """The entry of a cache."""
    return CACHES[type(config)]
