"""How order enters: added to the input (learned, sinusoidal), by rotating queries and keys (rotary), or on the logits (alibi, t5)."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

from research.config.model import Initialiser
from research.config.position import T5, Alibi, Learned, NoPosition, PositionConfig, Rotary, Sinusoidal
from research.nn.embedding import lookup
from research.nn.initialisers import LECUN, Key, draw_weights

STRIDE = 1024  # positions


def init_learned(config: Learned, key: Key, length: int, width: int, initialiser: Initialiser) -> Float[Array, "length d"]:
    """A vector for each of `length` positions."""
    return draw_weights(initialiser, key, (length, width), width)


def learned(config: Learned, params: Float[Array, "length d"], width: int, position: Int[Array, "b t"]) -> Float[Array, "b t d"]:
    """The position's row. A position past the table is NaN: the caller refuses it before it starts."""
    return lookup(params, position)


def sinusoidal(config: Sinusoidal, params: tuple[()], width: int, position: Int[Array, "b t"]) -> Float[Array, "b t d"]:
    """Channel 2i is sin(position / base^(2i/d)), channel 2i+1 its cosine (Vaswani et al. 2017, sec. 3.5)."""
    angles = _angles(config.base, width, position)
    return jnp.stack([jnp.sin(angles), jnp.cos(angles)], axis=-1).reshape(*position.shape, -1)[..., :width]


def rotary(config: Rotary, x: Float[Array, "b h t k"], position: Int[Array, "#b t"]) -> Float[Array, "b h t k"]:
    """Each pair of channels (i, i + k/2) rotated by position / base^(2i/k), so that q . k depends on the distance alone (Su et al. 2021).

    The paper pairs neighbours; with learned projections the two are the same up to the order of channels.
    """
    angles = _angles(config.base, x.shape[-1], position)[:, None]
    table = lax.optimization_barrier((jnp.sin(angles), jnp.cos(angles)))  # once, not again for each head
    sine, cosine = (jnp.broadcast_to(a, (*x.shape[:-1], x.shape[-1] // 2)) for a in table)
    first, second = jnp.split(x, 2, axis=-1)
    return jnp.concatenate([first * cosine - second * sine, second * cosine + first * sine], axis=-1).astype(x.dtype)


def alibi(
    config: Alibi, params: tuple[()], q: Float[Array, "b h t m"], k: Float[Array, "b h s m"], distance: Int[Array, "n t s"]
) -> Float[Array, "n h t s"]:
    """-slope_h * distance (Press et al. 2021)."""
    return -jnp.array(alibi_slopes(q.shape[1]), jnp.float32)[None, :, None, None] * distance[:, None]


def alibi_slopes(heads: int) -> tuple[float, ...]:
    """2^(-8/h), 2^(-16/h), ..., 2^-8 where the number of heads is a power of two.

    Else those of the next lower power, and then every second one of twice that power, as in the code that the authors released.
    """
    power = 2 ** int(math.log2(heads))

    def slopes(n: int) -> list[float]:
        return [2.0 ** (-8.0 * i / n) for i in range(1, n + 1)]

    return (*slopes(power), *slopes(2 * power)[::2][: heads - power])


def init_t5(config: T5, key: Key, heads: int, width: int, initialiser: Initialiser) -> Float[Array, "buckets h"]:
    """The table starts at zero, whatever the initialiser. Each layer has its own; Raffel et al. share one among all layers."""
    return jnp.zeros((config.buckets, heads))


def t5(
    config: T5,
    params: Float[Array, "buckets h"],
    q: Float[Array, "b h t m"],
    k: Float[Array, "b h s m"],
    distance: Int[Array, "n t s"],
) -> Float[Array, "n h t s"]:
    """The learned number of the distance's bucket and the head (Raffel et al. 2020, sec. 2.1)."""
    boundaries = jnp.array(t5_boundaries(config.buckets, config.max_distance))
    buckets = jnp.searchsorted(boundaries, distance, side="right")
    return jnp.moveaxis(params[buckets], -1, 1)


def t5_boundaries(buckets: int, max_distance: int) -> tuple[int, ...]:
    """The least distance of every bucket but the first, in the causal half of the scheme of Raffel et al. 2020.

    The first half of the buckets (`exact` of them) hold one distance each; the n others grow by a constant factor up to `max_distance`,
    beyond which all distances share the last: bucket exact + j begins where (distance / exact)^n >= (max_distance / exact)^j.
    Computed in integers, so that no rounding moves a boundary.
    """
    exact = buckets // 2
    wide = buckets - exact
    grow = [next(d for d in range(exact, max_distance + 1) if d**wide * exact**j >= exact**wide * max_distance**j) for j in range(1, wide)]
    return (*range(1, exact + 1), *grow)


def _angles(base: float, width: int, position: Int[Array, "*n t"]) -> Float[Array, "*n t pairs"]:
    """position / base^(2i/width) up to whole turns, right to 1e-3 for millions of positions.

    In float32 the product itself is off by a hundredth beyond 1e5. So of a position the multiples of STRIDE turn by the rest of STRIDE's
    own angle, which is computed in float64.
    """
    frequencies = np.asarray(base, np.float64) ** (-np.arange(0, width, 2) / width)
    far = np.remainder(STRIDE * frequencies + np.pi, 2 * np.pi) - np.pi

    def multiply(number: Array, angle: np.ndarray) -> Array:
        return number[..., None] * jnp.asarray(angle, jnp.float32).reshape((1,) * number.ndim + (-1,))

    return multiply(position // STRIDE, far) + multiply(position % STRIDE, frequencies)


def no_flops(config: PositionConfig, width: int, places: int) -> float:
    """Nothing is multiplied for a pair of a query and a key."""
    return 0.0


class PositionKind(NamedTuple):
    """What a position costs and does; None where it does nothing. Where it acts, its config class states.

    flops(config, width, places) -> those of one query of one head, as wide as it is compared, over so many places
    init_input(config, key, length, width, initialiser) -> params of `vectors`
    vectors(config, params, width, position) -> what is added to the input at each position [b t]
    rotate(config, q or k, position) -> the same, rotated
    init_bias(config, key, heads, width, initialiser) -> params of `bias`, for each attention layer; `width` as of `flops`
    bias(config, params, q, k, distance) -> what is added to the logits of these queries [b h t m] and keys [b h s m], as they are compared
    """

    flops: Callable[[Any, int, int], float]
    init_input: Callable[[Any, Key, int, int, Initialiser], PyTree] | None = None
    vectors: Callable[[Any, PyTree, int, Array], Array] | None = None
    rotate: Callable[[Any, Array, Array], Array] | None = None
    init_bias: Callable[[Any, Key, int, int, Initialiser], PyTree] | None = None
    bias: Callable[[Any, PyTree, Array, Array, Array], Array] | None = None


POSITIONS: dict[type, PositionKind] = {
    NoPosition: PositionKind(no_flops),
    Learned: PositionKind(no_flops, init_input=init_learned, vectors=learned),
    Sinusoidal: PositionKind(no_flops, vectors=sinusoidal),
    Rotary: PositionKind(no_flops, rotate=rotary),
    Alibi: PositionKind(no_flops, bias=alibi),
    T5: PositionKind(no_flops, init_bias=init_t5, bias=t5),
}


def init_position(config: PositionConfig, key: Key, length: int, width: int, initialiser: Initialiser = LECUN) -> PyTree:
    """Parameters of `add_position`: a table of `length` positions for learned, else nothing."""
    init = POSITIONS[type(config)].init_input
    return init(config, key, length, width, initialiser) if init else ()


def add_position(config: PositionConfig, params: PyTree, x: Float[Array, "b t d"], position: Int[Array, "b t"]) -> Float[Array, "b t d"]:
    """x plus its position's vector; x as it is if the position acts elsewhere."""
    vectors = POSITIONS[type(config)].vectors
    return x + vectors(config, params, x.shape[-1], position) if vectors else x


def rotate_by_position(config: PositionConfig, x: Float[Array, "b h t k"], position: Int[Array, "#b t"]) -> Float[Array, "b h t k"]:
    """Queries or keys rotated by their position; as they are if the position acts elsewhere."""
    rotate = POSITIONS[type(config)].rotate
    return rotate(config, x, position) if rotate else x


def init_bias(config: PositionConfig, key: Key, heads: int, width: int, initialiser: Initialiser = LECUN) -> PyTree:
    """Parameters of `position_bias`, one for each attention layer: a table [buckets, heads] for t5, else nothing."""
    init = POSITIONS[type(config)].init_bias
    return init(config, key, heads, width, initialiser) if init else ()


def position_bias(
    config: PositionConfig, params: PyTree, q: Float[Array, "b h t m"], k: Float[Array, "b h s m"], distance: Int[Array, "#b t s"]
) -> Float[Array, "#b h t s"] | None:
    """What is added to the logits at each distance >= 0 (what the mask hides may be anything); None if the position acts elsewhere.

    Distances are those of every row, or of each; so is what is added, or it is each row's because it looks at queries and keys. Those are
    as the score compares them, which it may have prepared: of the dot products, queries divided by what divides the product, and keys as
    they are.
    """
    bias = POSITIONS[type(config)].bias
    return bias(config, params, q, k, distance) if bias else None


def last_position(config: PositionConfig, length: int) -> int | None:
    """Where a position ends that does not extrapolate: with the `length` positions of training."""
    return None if config.extrapolates else length


def position_flops(config: PositionConfig, width: int, places: int) -> float:
    """Forward, of one query of one head over so many places, beside those of the score."""
    return POSITIONS[type(config)].flops(config, width, places)
