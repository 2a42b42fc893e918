"""Every causal mixer behind one form: adding a mixer is one entry here.

    bind(config, context) -> the static first argument of the other functions
    init(config, key, width, initialiser) -> params
    empty(config, batch, capacity, width) -> carry
    mix(config, params, carry, x, valid, key=None, observe=False) -> (carry, y, aux)
    flops(config, width, length) -> those of the forward pass for one token of a window of `length`

x [b t d] is a chunk of any length, y has its shape. `valid` [b t] says which inputs exist: the others leave the carry and every other
output unchanged, and their own outputs mean nothing. For every cut, mix(c, x ++ y) == mix(c, x) ++ mix(c', y), where c' is the carry
after x. `key` is for dropout; None means none. `aux` is () unless observed; then it is a dictionary of arrays, batch first.

The `config` of the others is what `bind` returned.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, PyTree

from research.config.mixer import AttentionConfig, ConvolutionConfig, GatedDeltaConfig, LinearAttentionConfig, MixerConfig
from research.config.model import Initialiser, StackConfig
from research.config.position import PositionConfig
from research.nn.attention import AttentionSpec, attention_flops, empty_attention, init_attention, mix_attention
from research.nn.convolution import convolution_flops, convolution_in_numpy, empty_convolution, init_convolution, mix_convolution
from research.nn.gated_delta import empty_gated_delta, gated_delta_flops, gated_delta_in_numpy, init_gated_delta, mix_gated_delta
from research.nn.initialisers import Key
from research.nn.linear_attention import (
    empty_linear_attention,
    init_linear_attention,
    linear_attention_flops,
    linear_attention_in_numpy,
    mix_linear_attention,
)
from research.nn.recurrent_cells import CELLS, CellKind, RecurrentParams, empty_recurrent, init_recurrent, mix_recurrent, recurrent_flops
from research.nn.score_functions import SCORES, is_dot


class MixerContext(NamedTuple):
    """The words of a model that may act inside its mixers."""

    position: PositionConfig
    dropout: float  # of attention weights
    masked: bool  # causally
    mixed: bool  # whether products are of bfloat16


class MixerKind(NamedTuple):
    """A mixer's functions, and what the rest of the library must know of it. What it takes of the context, its config class states.

    serial: whether it loops over time in training, a step waiting for the one before it
    float32: fields of its parameters with two axes or more that are no kernel of a product, so that no precision rounds what they hold
    undecayed: fields of its parameters that no optimiser draws to zero though they have two axes or more
    observes: the names of what it shows
    in_blocks(config) -> whether what it computes of a large chunk is computed in blocks of keys, not all at once
    reference: (config, params, x, valid) -> y from an empty carry, in a plain loop of numpy that any reader can check, or None
    """

    bind: Callable[[Any, MixerContext], Any]
    init: Callable[[Any, Key, int, Initialiser], PyTree]
    empty: Callable[[Any, int, int, int], PyTree]
    mix: Callable[..., tuple[PyTree, Array, dict[str, Array] | tuple[()]]]
    flops: Callable[[Any, int, int], float]
    serial: bool
    float32: tuple[str, ...]
    undecayed: tuple[str, ...]
    observes: tuple[str, ...]
    in_blocks: Callable[[Any], bool]
    reference: Callable[[Any, PyTree, np.ndarray, np.ndarray], np.ndarray] | None


class BoundMixer(NamedTuple):
    """A mixer's entry, and the static first argument of its functions."""

    kind: MixerKind
    spec: Any


def bind_mixer(config: MixerConfig, context: MixerContext) -> BoundMixer:
    """A mixer in its model."""
    kind = MIXERS[type(config)]
    return BoundMixer(kind, kind.bind(config, context))


def bound_mixers(config: StackConfig, masked: bool) -> tuple[BoundMixer, ...]:
    """One period's mixers, with the words of the model that act inside them."""
    context = MixerContext(config.position, config.dropout.attention, masked, config.precision == "mixed")
    return tuple(bind_mixer(mixer, context) for mixer in config.pattern)


def _by_itself(config: MixerConfig, context: MixerContext) -> MixerConfig:
    return config


def _never(config: MixerConfig) -> bool:
    return False


def _where_score_is_no_product(config: AttentionConfig) -> bool:
    return not is_dot(config.score)


def _attention_spec(config: AttentionConfig, context: MixerContext) -> AttentionSpec:
    return AttentionSpec(config, context.position, context.dropout, context.masked, context.mixed)


def _rows_in_numpy(cell: CellKind, config: Any, params: RecurrentParams, x: np.ndarray, valid: np.ndarray) -> np.ndarray:
    """Each row over the inputs that exist."""
    y = np.zeros((*x.shape[:2], params.recurrent_kernel.shape[0]))
    for row, exists in enumerate(valid):
        y[row, exists] = cell.reference(config, params, x[row, exists].astype(np.float64))
    return y


def recurrent_mixer(cell: CellKind) -> MixerKind:
    """The mixer that scans a cell over time."""
    return MixerKind(
        bind=_by_itself,
        init=init_recurrent,
        empty=empty_recurrent,
        mix=mix_recurrent,
        flops=recurrent_flops,
        serial=cell.serial,
        float32=(),
        undecayed=(),
        observes=(*cell.fields, *cell.observes),
        in_blocks=_never,
        reference=partial(_rows_in_numpy, cell),
    )


def attention_float32() -> tuple[str, ...]:
    """The table of a position, and what each score says."""
    return "bias", *(name for score in SCORES.values() for name in score.float32)


MIXERS: dict[type, MixerKind] = {
    **{config: recurrent_mixer(cell) for config, cell in CELLS.items()},
    ConvolutionConfig: MixerKind(
        bind=_by_itself,
        init=init_convolution,
        empty=empty_convolution,
        mix=mix_convolution,
        flops=convolution_flops,
        serial=False,
        float32=(),
        undecayed=(),
        observes=("before",),
        in_blocks=_never,
        reference=convolution_in_numpy,
    ),
    LinearAttentionConfig: MixerKind(
        bind=_by_itself,
        init=init_linear_attention,
        empty=empty_linear_attention,
        mix=mix_linear_attention,
        flops=linear_attention_flops,
        serial=False,
        float32=(),
        undecayed=(),
        observes=("normaliser",),
        in_blocks=_never,
        reference=linear_attention_in_numpy,
    ),
    GatedDeltaConfig: MixerKind(
        bind=_by_itself,
        init=init_gated_delta,
        empty=empty_gated_delta,
        mix=mix_gated_delta,
        flops=gated_delta_flops,
        serial=False,
        float32=(),
        undecayed=(),
        observes=("alpha", "beta"),
        in_blocks=_never,
        reference=gated_delta_in_numpy,
    ),
    AttentionConfig: MixerKind(
        bind=_attention_spec,
        init=init_attention,
        empty=empty_attention,
        mix=mix_attention,
        flops=attention_flops,
        serial=False,
        float32=attention_float32(),
        undecayed=("bias",),
        observes=("weights", "logits_deviation"),
        in_blocks=_where_score_is_no_product,
        reference=None,
    ),
}


def undecayed_fields() -> frozenset[str]:
    """Of every mixer."""
    return frozenset(name for kind in MIXERS.values() for name in kind.undecayed)
