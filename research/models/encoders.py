"""What reads a source: recurrent layers, a stack, or the regions of a picture, each to a memory that a decoder looks at.

Shapes: b batch, s source, e width of an embedding, m width of the memory.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from flax import struct
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from research.config.encoder_decoder import Convolutions, Patches, RecurrentEncoder, StackEncoderConfig
from research.models.block import Use
from research.models.encoded_source import EncodedSource
from research.models.fields import Path
from research.models.picture_encoders import (
    convolutions_flops,
    convolutions_places,
    init_convolutions,
    init_patches,
    no_picture_time_steps,
    patches_flops,
    patches_places,
    read_convolutions,
    read_patches,
)
from research.models.stack import StackParams, empty_stack, init_stack, stack_hidden
from research.models.stack_costs import stack_flops, stack_time_steps
from research.nn.dropout import dropout
from research.nn.embedding import lookup
from research.nn.initialisers import draw_weights
from research.nn.pooling import pool_words
from research.nn.positions import last_position
from research.nn.recurrent_cells import (
    CELLS,
    RecurrentParams,
    cells_flops,
    empty_recurrent,
    init_recurrent,
    mix_recurrent,
)
from research.nn.recurrent_state import RecurrentState


@struct.dataclass
class RecurrentEncoderParams:
    """For each layer the cell of each direction. `embedding` is () where the decoder's is shared."""

    embedding: Float[Array, "v e"]
    layers: tuple[tuple[RecurrentParams, ...], ...]


def init_recurrent_encoder(config: RecurrentEncoder, key: Key[Array, ""], sources: int, length: int) -> RecurrentEncoderParams:
    """A table of `sources` symbols and the cells."""
    key_embedding, *keys = jax.random.split(key, 1 + 2 * config.layers)
    directions = 2 if config.bidirectional else 1

    def init_cell(layer: int, direction: int) -> RecurrentParams:
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
    x = lookup(params.embedding, source)
    ends: tuple[Array, ...] = ()
    for cells, layer_key in zip(params.layers, keys, strict=True):
        x = dropout(layer_key, config.dropout, x)
        directions = [_run_direction(config, cell, x, valid, backwards) for cell, backwards in zip(cells, (False, True), strict=False)]
        x = jnp.concatenate([states for states, _ in directions], axis=-1)
        ends = tuple(field for _, end in directions for field in end._asdict().values())
    return EncodedSource(x, valid, jnp.concatenate(ends, axis=-1))


def _run_direction(
    config: RecurrentEncoder, cell: RecurrentParams, x: Array, valid: Array, backwards: bool
) -> tuple[Array, RecurrentState]:
    def flip(a: Array) -> Array:
        return jnp.flip(a, axis=1) if backwards else a

    start = empty_recurrent(config.cell, x.shape[0], 0, config.width)
    end, states, _ = mix_recurrent(config.cell, cell, start, flip(x), flip(valid))
    return flip(states), end


SOURCE_STACK = Use(masked=False, cross=None)  # a source is read whole


def init_stack_encoder(config: StackEncoderConfig, key: Key[Array, ""], sources: int, length: int) -> StackParams:
    """A stack and its table of `sources` symbols."""
    return init_stack(config, SOURCE_STACK, key, sources, length)


def read_stack(
    config: StackEncoderConfig,
    params: StackParams,
    source: Int[Array, "b s"],
    valid: Bool[Array, "b s"],
    key: Key[Array, ""] | None,
    levels: int,
) -> EncodedSource:
    """What an output layer would read, at every symbol; in sum their mean."""
    carry = empty_stack(config, SOURCE_STACK, source.shape[0], 0)
    _, h, _ = stack_hidden(config, SOURCE_STACK, params, carry, lookup(params.embedding, source), valid, key)
    return EncodedSource(h, valid, pool_words("mean", h, valid, ()))


def recurrent_encoder_flops(config: RecurrentEncoder, source: int) -> float:
    """The cells of every layer and direction."""
    inputs = [config.width] + [config.memory] * (config.layers - 1)
    return config.memory // config.width * cells_flops(config.cell, config.width, inputs)


def recurrent_encoder_time_steps(config: RecurrentEncoder, source: int) -> int:
    """Those of every layer and direction."""
    return config.memory // config.width * source * config.layers * CELLS[type(config.cell)].serial


def recurrent_summary_width(config: RecurrentEncoder) -> int:
    """Of the last state of each direction."""
    return config.memory * len(CELLS[type(config.cell)].fields)


def memory_width(config: StackEncoderConfig | Patches | Convolutions) -> int:
    """Of the mean of its vectors."""
    return config.memory


def stack_encoder_flops(config: StackEncoderConfig, source: int) -> float:
    """Those of its layers."""
    return stack_flops(config, SOURCE_STACK, source)


def stack_encoder_time_steps(config: StackEncoderConfig, source: int) -> int:
    """Those of its layers."""
    return stack_time_steps(config, SOURCE_STACK, source)


def stack_last_position(config: StackEncoderConfig, source: int) -> int | None:
    """Where its positions end."""
    return last_position(config.position, source)


def as_many_places(config: RecurrentEncoder | StackEncoderConfig, source: int) -> int:
    """One for each symbol."""
    return source


def no_last_position(config: RecurrentEncoder | Patches | Convolutions, source: int) -> None:
    """It has no positions, or a place for each region of the one size of picture."""


class EncoderKind(NamedTuple):
    """What a source's encoder does and costs.

    init(config, key, sources, length) -> params: for `sources` symbols (grey levels) and sources of up to `length`
    read(config, params, source, valid, key, levels) -> EncodedSource: symbols are counted from 0
    flops(config, source) -> those of the forward pass for one symbol or pixel of a source of so many
    places(config, source) -> how many places of the memory such a source has
    time_steps(config, source) -> steps of one pass that must follow each other
    last_position(config, source) -> where positions end that do not extrapolate, in training on such sources; None where nothing ends
    summary_width(config) -> how many numbers sum a source up
    outside: fields of params that are not of the model's body: embedding and positions
    """

    init: Callable[[Any, Array, int, int], PyTree]
    read: Callable[..., EncodedSource]
    flops: Callable[[Any, int], float]
    places: Callable[[Any, int], int]
    time_steps: Callable[[Any, int], int]
    last_position: Callable[[Any, int], int | None]
    summary_width: Callable[[Any], int]
    outside: tuple[Path, ...]


ENCODERS: dict[type, EncoderKind] = {
    RecurrentEncoder: EncoderKind(
        init=init_recurrent_encoder,
        read=read_recurrent,
        flops=recurrent_encoder_flops,
        places=as_many_places,
        time_steps=recurrent_encoder_time_steps,
        last_position=no_last_position,
        summary_width=recurrent_summary_width,
        outside=(("embedding",),),
    ),
    StackEncoderConfig: EncoderKind(
        init=init_stack_encoder,
        read=read_stack,
        flops=stack_encoder_flops,
        places=as_many_places,
        time_steps=stack_encoder_time_steps,
        last_position=stack_last_position,
        summary_width=memory_width,
        outside=(("embedding",), ("position",)),
    ),
    Patches: EncoderKind(
        init=init_patches,
        read=read_patches,
        flops=patches_flops,
        places=patches_places,
        time_steps=no_picture_time_steps,
        last_position=no_last_position,
        summary_width=memory_width,
        outside=(),
    ),
    Convolutions: EncoderKind(
        init=init_convolutions,
        read=read_convolutions,
        flops=convolutions_flops,
        places=convolutions_places,
        time_steps=no_picture_time_steps,
        last_position=no_last_position,
        summary_width=memory_width,
        outside=(),
    ),
}
