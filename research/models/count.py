"""What a model costs, from its config alone: parameters, and floating point operations for a token.

FLOPs are of the forward pass, a multiply-add counted as two; nonlinearities, norms and sums are left out (a few in a hundred of a small
model). Training is three times the forward pass. Masked keys count: they are computed. Tested against XLA's own count.
"""

import math
from typing import Any, NamedTuple

import jax

from research.config.classify import Bag, ClassifierConfig, MaxConvolution
from research.config.encoder_decoder import (
    Bahdanau,
    Convolutions,
    EncoderDecoderConfig,
    NoAttention,
    Patches,
    RecurrentDecoderConfig,
    RecurrentEncoder,
    StackDecoder,
)
from research.config.model import FeedForward, FeedForwardLMConfig, StackConfig
from research.models import MODELS
from research.models.classifier import classifier_embedding, pooled_width
from research.models.encoders import KERNEL, convolved_side, picture_side, summary_width
from research.models.language_model import bound_mixers
from research.nn.recurrent_cells import CELLS, recurrent_flops
from research.nn.score_functions import score_flops


class ParameterCounts(NamedTuple):
    total: int
    body: int  # without the embedding, its positions and the output layer


def count_parameters(config: Any, *sizes: int) -> ParameterCounts:
    """Counted on the shapes of the real parameters. `sizes`: those of `language_modelling.init_sizes`."""
    return count_parameters_in(config, jax.eval_shape(lambda key: MODELS[type(config)].init(config, key, *sizes), jax.random.key(0)))


def count_parameters_in(config: Any, shapes: Any) -> ParameterCounts:
    """Counted in a model's parameters, or in their shapes."""
    total = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes))
    outside = [shapes.output, shapes.output_bias, *(getattr(shapes, name, ()) for name in ("embedding", "position", "direct"))]
    if isinstance(config, ClassifierConfig):
        outside.append(classifier_embedding(shapes))
    if isinstance(config, EncoderDecoderConfig):
        outside += [getattr(side, name, ()) for side in (shapes.encoder, shapes.decoder) for name in ("embedding", "position")]
    return ParameterCounts(total, total - sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(outside)))


def flops_per_token(config: Any, vocabulary: int, length: int, *more: int, scored: float = 1.0) -> float:
    """Forward, for one token of a window of `length`; `scored` is the share of tokens that pay for the output layer.

    Sizes are those of `language_modelling.init_sizes`. Of an encoder-decoder the tokens of a window are its source's and its target's.
    """
    if isinstance(config, EncoderDecoderConfig):
        source, targets, _ = more
        source_flops = source * _source_flops(config.encoder, source) + _source_summary_flops(config)
        target_flops = length * (_target_flops(config, length, source) + 2.0 * config.decoder.width * targets)
        return (source_flops + target_flops) / (source + length)
    if isinstance(config, ClassifierConfig):
        return _encoder_flops(config.encoder, length) + 2.0 * scored * pooled_width(config.encoder) * more[0]
    if isinstance(config, FeedForwardLMConfig):
        window = config.context * config.width
        return 2.0 * (window * config.hidden + scored * vocabulary * (config.hidden + (window if config.direct else 0)))
    return _stack_flops(config, length) + 2.0 * scored * config.width * vocabulary


def _encoder_flops(encoder: Any, length: int) -> float:
    """Forward, for one word of a sentence of `length`; what is done once for a sentence is shared by its words."""
    if isinstance(encoder, Bag):
        return 2.0 * encoder.layers * encoder.width**2 / length
    if isinstance(encoder, MaxConvolution):
        return sum(2.0 * window * encoder.width * encoder.maps * (length + window - 1) / length for window in encoder.windows)
    pooling = 4.0 * pooled_width(encoder) if encoder.pooling == "attention" else 0.0
    return _stack_flops(encoder, length) * (2 if encoder.bidirectional else 1) + pooling


def _source_flops(encoder: Any, source: int) -> float:
    """Forward, for one symbol or pixel of a source."""
    if isinstance(encoder, RecurrentEncoder):
        directions = encoder.memory // encoder.width
        return directions * _cells_flops(encoder.cell, encoder.width, [encoder.width] + [encoder.memory] * (encoder.layers - 1))
    if isinstance(encoder, Patches):
        return 2.0 * encoder.width
    return _convolutions_flops(encoder, picture_side(source)) if isinstance(encoder, Convolutions) else _stack_flops(encoder, source)


def _convolutions_flops(encoder: Convolutions, side: int) -> float:
    """Forward, for one pixel; what lies around the picture counts, it is computed."""
    inputs = [1] + [encoder.width] * (encoder.layers - 1)
    places = [convolved_side(side, layer) ** 2 for layer in range(1, encoder.layers + 1)]
    return sum(2.0 * place * KERNEL**2 * channels * encoder.width for place, channels in zip(places, inputs, strict=True)) / side**2


def _cells_flops(cell: Any, width: int, inputs: list[int]) -> float:
    """Forward, for one step of layers whose inputs have these widths."""
    return sum(recurrent_flops(cell, width, 1, input_width) for input_width in inputs)


def _source_summary_flops(config: EncoderDecoderConfig) -> float:
    """Once for a source: the first states of a recurrent decoder, or keys and values for every layer of a stack, added by its place."""
    decoder = config.decoder
    if isinstance(decoder, StackDecoder):
        return 0.0
    return 2.0 * summary_width(config.encoder) * decoder.layers * len(CELLS[type(decoder.cell)].state._fields) * decoder.width


def _target_flops(config: EncoderDecoderConfig, length: int, source: int) -> float:
    """Forward, for one symbol of a target, without the output layer. Of a picture `source` counts pixels, of which a place has many."""
    decoder, memory, places = config.decoder, config.encoder.memory, _places(config.encoder, source)
    if isinstance(decoder, RecurrentDecoderConfig):
        return _recurrent_decoder_flops(decoder, memory, places, length)
    cross, width = decoder.cross, decoder.width
    memory_products = 2.0 * (2 if cross.projections else 1) * memory * width * places / length
    products = 2.0 * (2 if cross.projections else 1) * width * width
    head = width // cross.heads
    return _stack_flops(decoder, length) + decoder.layers * (
        memory_products + products + cross.heads * score_flops(cross.score, head, head, places, places / length) + 2.0 * places * width
    )


def _recurrent_decoder_flops(decoder: RecurrentDecoderConfig, memory: int, places: int, length: int) -> float:
    attention, width = decoder.attention, decoder.width
    extra_inputs = memory if isinstance(attention, Bahdanau) else width if getattr(attention, "input_feeding", False) else 0
    cells = _cells_flops(decoder.cell, width, [width + extra_inputs] + [width] * (decoder.layers - 1))
    if isinstance(attention, NoAttention):
        return cells
    memory_flops = score_flops(attention.score, width, memory, places, places / length) + 2.0 * places * memory
    return cells + memory_flops + 2.0 * (width + memory) * width


def _places(encoder: Any, source: int) -> int:
    """How many places of the memory a source has."""
    if isinstance(encoder, Patches):
        return source // encoder.size**2
    return convolved_side(picture_side(source), encoder.layers) ** 2 if isinstance(encoder, Convolutions) else source


def _stack_flops(config: StackConfig, length: int) -> float:
    period = bound_mixers(config)
    mixers = sum(mixer.kind.flops(mixer.spec, config.width, length) for mixer in period)
    return mixers * config.layers / len(period) + config.layers * feed_forward_flops(config)


def feed_forward_flops(config: StackConfig) -> float:
    """Forward, for one token and layer."""
    if not isinstance(config.feed_forward, FeedForward):
        return 0.0
    matrices = 3 if config.feed_forward.kind == "swiglu" else 2
    return 2.0 * matrices * config.width * config.feed_forward.hidden(config.width)
