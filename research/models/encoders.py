"""What reads a source: recurrent layers, a stack, or the regions of a picture, each to a memory that a decoder looks at.

Shapes: b batch, s source, p places of the memory (s of a text), e width of an embedding, m width of the memory.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key

from research.config.encoder_decoder import Convolutions, Patches, RecurrentEncoder, StackEncoderConfig
from research.config.errors import StepladderError
from research.models import language_model
from research.models.classifier import pool_words, without_output
from research.nn.dropout import dropout
from research.nn.embedding import lookup
from research.nn.initialisers import draw_bias, draw_weights
from research.nn.linear import dense
from research.nn.recurrent_cells import CELLS, empty_recurrent, init_recurrent, mix_recurrent

KERNEL = 3  # pixels of a side of a convolution


class EncodedSource(NamedTuple):
    """What an encoder makes of a source. `summary` is what a recurrent decoder begins with."""

    memory: Float[Array, "b p m"]
    exists: Bool[Array, "b p"]
    summary: Float[Array, "b n"]


@struct.dataclass
class RecurrentEncoderParams:
    """For each layer the cell of each direction. `embedding` is () where the decoder's is shared."""

    embedding: Any
    layers: tuple[tuple[Any, ...], ...]


@struct.dataclass
class ImageEncoderParams:
    """Kernels and biases of a picture's layers, and the vector of each place."""

    kernels: tuple[Float[Array, "..."], ...]
    biases: tuple[Float[Array, " m"], ...]
    place: Float[Array, "p m"]


def summary_width(config: Any) -> int:
    """How many numbers sum a source up."""
    if isinstance(config, RecurrentEncoder):
        return config.memory * len(CELLS[type(config.cell)].state._fields)
    return int(config.memory)


def init_recurrent_encoder(config: RecurrentEncoder, key: Key[Array, ""], sources: int, length: int) -> RecurrentEncoderParams:
    """A table of `sources` symbols and the cells."""
    key_embedding, *keys = jax.random.split(key, 1 + 2 * config.layers)
    directions = 2 if config.bidirectional else 1

    def init_cell(layer: int, direction: int) -> Any:
        inputs = config.memory if layer else config.width
        return init_recurrent(config.cell, keys[2 * layer + direction], config.width, config.init, inputs)

    layers = tuple(tuple(init_cell(layer, direction) for direction in range(directions)) for layer in range(config.layers))
    return RecurrentEncoderParams(draw_weights(config.init, key_embedding, (sources, config.width), config.width), layers)


def read_recurrent(
    config: RecurrentEncoder,
    params: RecurrentEncoderParams,
    source: Int[Array, "b s"],
    valid: Bool[Array, "b s"],
    key: Key[Array, ""] | None,
    levels: int,
) -> EncodedSource:
    """The states of the last layer at every symbol; in sum the last state of each direction."""
    keys = [None] * config.layers if key is None else list(jax.random.split(key, config.layers))
    x, ends = lookup(params.embedding, source), ()
    for cells, layer_key in zip(params.layers, keys, strict=True):
        x = dropout(layer_key, config.dropout, x)
        directions = [_run_direction(config, cell, x, valid, backwards) for cell, backwards in zip(cells, (False, True), strict=False)]
        x = jnp.concatenate([states for states, _ in directions], axis=-1)
        ends = tuple(field for _, end in directions for field in end)
    return EncodedSource(x, valid, jnp.concatenate(ends, axis=-1))


def _run_direction(config: RecurrentEncoder, cell: Any, x: Array, valid: Array, backwards: bool) -> tuple[Array, Any]:
    def flip(a: Array) -> Array:
        return jnp.flip(a, axis=1) if backwards else a

    start = empty_recurrent(config.cell, x.shape[0], 0, config.width)
    end, states, _ = mix_recurrent(config.cell, cell, start, flip(x), flip(valid))
    return flip(states), end


def init_stack_encoder(config: StackEncoderConfig, key: Key[Array, ""], sources: int, length: int) -> language_model.LanguageModelParams:
    """A stack without an output layer."""
    return without_output(language_model.init(config, key, sources, length))


def read_stack(
    config: StackEncoderConfig,
    params: language_model.LanguageModelParams,
    source: Int[Array, "b s"],
    valid: Bool[Array, "b s"],
    key: Key[Array, ""] | None,
    levels: int,
) -> EncodedSource:
    """What an output layer would read, at every symbol; in sum their mean."""
    carry = language_model.empty(config, source.shape[0], 0, 0)
    _, h, _ = language_model.hidden(config, params, carry, source, valid, key)
    return EncodedSource(h, valid, pool_words("mean", h, valid, ()))


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
    return -(-side // 2**layers)


def as_picture(source: Int[Array, "b s"], levels: int) -> Float[Array, "b side side"]:
    """Grey levels from 0 to 1."""
    side = picture_side(source.shape[1])
    return source.reshape(-1, side, side).astype(jnp.float32) / (levels - 1)


def _regions(config: Any, key: Key[Array, ""], shapes: list[Any], fan_in: list[int], places: int) -> ImageEncoderParams:
    key_place, *keys = jax.random.split(key, 1 + 2 * len(shapes))
    kernels = tuple(draw_weights(config.init, k, shape, n) for k, shape, n in zip(keys[::2], shapes, fan_in, strict=True))
    biases = tuple(draw_bias(config.init, k, config.width) for k in keys[1::2])
    return ImageEncoderParams(kernels, biases, draw_weights(config.init, key_place, (places, config.width), config.width))


def _places(params: ImageEncoderParams, x: Float[Array, "b p m"]) -> EncodedSource:
    x = x + params.place[None]
    return EncodedSource(x, jnp.ones(x.shape[:2], bool), x.mean(axis=1))


class EncoderKind(NamedTuple):
    """An encoder's two functions.

    init(config, key, sources, length) -> params: for `sources` symbols (grey levels) and sources of up to `length`
    read(config, params, source, valid, key, levels) -> Read: symbols are counted from 0
    """

    init: Callable[..., Any]
    read: Callable[..., EncodedSource]


ENCODERS: dict[type, EncoderKind] = {
    RecurrentEncoder: EncoderKind(init_recurrent_encoder, read_recurrent),
    StackEncoderConfig: EncoderKind(init_stack_encoder, read_stack),
    Patches: EncoderKind(init_patches, read_patches),
    Convolutions: EncoderKind(init_convolutions, read_convolutions),
}
