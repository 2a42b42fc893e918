"""What reads a picture: the regions of it, each to a place of a memory that a decoder looks at.

Shapes: b batch, s pixels, p places of the memory, m width of the memory.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key

from research.config.encoder_decoder import Convolutions, Patches
from research.config.errors import StepladderError
from research.models.encoded_source import EncodedSource
from research.nn.initialisers import draw_bias, draw_weights
from research.nn.linear import dense

KERNEL = 3  # pixels of a side of a convolution


@struct.dataclass
class ImageEncoderParams:
    """Kernels and biases of a picture's layers, and the vector of each place."""

    kernels: tuple[Float[Array, "..."], ...]
    biases: tuple[Float[Array, " m"], ...]
    place: Float[Array, "p m"]


def init_patches(config: Patches, key: Key[Array, ""], sources: int, length: int) -> ImageEncoderParams:
    """One projection. Raises StepladderError where squares of this size do not cover the picture."""
    side = picture_side(length)
    if side % config.size:
        raise StepladderError(
            f"model.encoder.size = {config.size} does not divide the picture's side of {side} pixels. "
            f"Use one of {', '.join(str(n) for n in range(1, side + 1) if side % n == 0)}, or another data.size."
        )
    pixels, places = config.size**2, (side // config.size) ** 2
    return _regions(config, key, [(pixels, config.width)], [pixels], places)


def read_patches(
    config: Patches,
    params: ImageEncoderParams,
    source: Int[Array, "b s"],
    valid: Bool[Array, "b s"],
    key: Key[Array, ""] | None,
    levels: int,
) -> EncodedSource:
    """The projected squares, row by row."""
    side, size = picture_side(source.shape[1]), config.size
    squares = as_picture(source, levels).reshape(-1, side // size, size, side // size, size).swapaxes(2, 3)
    return _places(params, dense(squares.reshape(source.shape[0], -1, size * size), params.kernels[0], params.biases[0]))


def init_convolutions(config: Convolutions, key: Key[Array, ""], sources: int, length: int) -> ImageEncoderParams:
    """A kernel a layer. Raises StepladderError where the picture is too small to be halved so often."""
    side = picture_side(length)
    if side < 2**config.layers:
        raise StepladderError(
            f"model.encoder.layers = {config.layers} halve the picture's side of {side} pixels to nothing. Use at most "
            f"{int(math.log2(side))}."
        )
    channels = [1] + [config.width] * config.layers
    shapes = [(KERNEL, KERNEL, before, after) for before, after in pairwise(channels)]
    return _regions(config, key, shapes, [KERNEL**2 * before for before in channels[:-1]], convolved_side(side, config.layers) ** 2)


def read_convolutions(
    config: Convolutions,
    params: ImageEncoderParams,
    source: Int[Array, "b s"],
    valid: Bool[Array, "b s"],
    key: Key[Array, ""] | None,
    levels: int,
) -> EncodedSource:
    """The last layer's vectors, row by row."""
    x = as_picture(source, levels)[..., None]
    for kernel, bias in zip(params.kernels, params.biases, strict=True):
        x = jax.nn.relu(dense(_windows(x), kernel.reshape(-1, config.width), bias))
    return _places(params, x.reshape(x.shape[0], -1, config.width))


def _windows(x: Float[Array, "b h h c"]) -> Float[Array, "b o o w"]:
    """The 3 x 3 pixels of all channels under a kernel at every second pixel, zeros beyond the border; w = 9 c.

    A product with these is lax's convolution, which XLA computes several times slower on a CPU within the loop over steps.
    """
    side = x.shape[1]
    out = convolved_side(side, 1)
    padding = 2 * (out - 1) + KERNEL - side
    edge = (padding // 2, padding - padding // 2)
    x = jnp.pad(x, ((0, 0), edge, edge, (0, 0)))
    slices = [slice(first, first + 2 * out - 1, 2) for first in range(KERNEL)]
    return jnp.concatenate([x[:, rows, columns] for rows in slices for columns in slices], axis=-1)


def picture_side(pixels: int) -> int:
    """Of a square picture. Raises StepladderError where the source is none."""
    side = math.isqrt(pixels)
    if side * side != pixels:
        raise StepladderError(
            f"model.encoder reads pictures, and the longest source of this data has {pixels} symbols, which is no square. Use "
            "data.kind = glyphs, or an encoder of symbols: model.encoder.kind = recurrent or stack."
        )
    return side


def convolved_side(side: int, layers: int) -> int:
    """Of a picture that is halved so often; half a place is one."""
    return -(-side // (1 << layers))


def as_picture(source: Int[Array, "b s"], levels: int) -> Float[Array, "b side side"]:
    """Grey levels from 0 to 1."""
    side = picture_side(source.shape[1])
    return source.reshape(-1, side, side).astype(jnp.float32) / (levels - 1)


def _regions(
    config: Patches | Convolutions, key: Key[Array, ""], shapes: Sequence[tuple[int, ...]], fan_in: list[int], places: int
) -> ImageEncoderParams:
    key_place, *keys = jax.random.split(key, 1 + 2 * len(shapes))
    kernels = tuple(draw_weights(config.init, k, shape, n) for k, shape, n in zip(keys[::2], shapes, fan_in, strict=True))
    biases = tuple(draw_bias(config.init, k, config.width) for k in keys[1::2])
    return ImageEncoderParams(kernels, biases, draw_weights(config.init, key_place, (places, config.width), config.width))


def _places(params: ImageEncoderParams, x: Float[Array, "b p m"]) -> EncodedSource:
    x = x + params.place[None]
    return EncodedSource(x, jnp.ones(x.shape[:2], bool), x.mean(axis=1))


def patches_flops(config: Patches, source: int) -> float:
    """The projection."""
    return 2.0 * config.width


def patches_places(config: Patches, source: int) -> int:
    """Squares of a picture."""
    return source // config.size**2


def convolutions_flops(config: Convolutions, source: int) -> float:
    """What lies around the picture counts, it is computed."""
    side, inputs = picture_side(source), [1] + [config.width] * (config.layers - 1)
    places = [convolved_side(side, layer) ** 2 for layer in range(1, config.layers + 1)]
    return sum(2.0 * place * KERNEL**2 * channels * config.width for place, channels in zip(places, inputs, strict=True)) / side**2


def convolutions_places(config: Convolutions, source: int) -> int:
    """Pixels of the last layer."""
    return convolved_side(picture_side(source), config.layers) ** 2


def no_picture_time_steps(config: Patches | Convolutions, source: int) -> int:
    """Nothing waits for what came before."""
    return 0
