"""What a model costs, from its config alone: parameters, and floating point operations for a token.

FLOPs are of the forward pass, a multiply-add counted as two; nonlinearities, norms and sums are left out (a few in a hundred of a small
model). Training is three times the forward pass. Masked keys count: they are computed. Tested against XLA's own count.
"""

import math
from typing import Any, NamedTuple

import jax

from research.config.classify import Bag, Classifier, MaxConvolution
from research.config.mixer import GRU, LSTM, Attention, BilinearScore, Convolution, Elman, MlpScore, WindowCache
from research.config.model import FeedForward, FeedForwardLM, StackWords
from research.models import MODELS
from research.models.classifier import embedding, pooled_width
from research.nn.feed_forward import hidden_width

GATES: dict[type, int] = {Elman: 1, GRU: 3, LSTM: 4}


class Parameters(NamedTuple):
    total: int
    body: int  # without the embedding, its positions and the output layer


def parameters(config: Any, *sizes: int) -> Parameters:
    """Counted on the shapes of the real parameters. `sizes`: vocabulary, length, and classes where there are."""
    shapes = jax.eval_shape(lambda key: MODELS[type(config)].init(config, key, *sizes), jax.random.key(0))
    total = sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes))
    table = embedding(shapes) if isinstance(config, Classifier) else shapes.embedding
    outside = (table, shapes.output, shapes.output_bias, getattr(shapes, "position", ()), getattr(shapes, "direct", ()))
    return Parameters(total, total - sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(outside)))


def flops_per_token(config: Any, vocabulary: int, length: int, classes: int = 0, *, scored: float = 1.0) -> float:
    """Forward, for one token of a window of `length`; `scored` is the share of tokens that pay for the output layer."""
    if isinstance(config, Classifier):
        return _encoder_flops(config.encoder, length) + 2.0 * scored * pooled_width(config.encoder) * classes
    if isinstance(config, FeedForwardLM):
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


def _stack_flops(config: StackWords, length: int) -> float:
    body = sum(mixer_flops(mixer, config.width, length) for mixer in config.pattern) * config.layers / len(config.pattern)
    return body + config.layers * feed_forward_flops(config)


def mixer_flops(mixer: Any, width: int, length: int) -> float:
    """Forward, for one token."""
    if isinstance(mixer, Attention):
        return _attention_flops(mixer, width, length)
    if isinstance(mixer, Convolution):
        return 2.0 * mixer.window * width * width
    return 2.0 * GATES[type(mixer)] * 2 * width * width


def feed_forward_flops(config: StackWords) -> float:
    """Forward, for one token and layer."""
    if not isinstance(config.feed_forward, FeedForward):
        return 0.0
    matrices = 3 if config.feed_forward.kind == "swiglu" else 2
    return 2.0 * matrices * config.width * hidden_width(config.feed_forward, config.width)


def keys_seen(mixer: Attention, length: int) -> int:
    """The keys that a query is compared with: all of its window, masked or not, and those of a rolling cache."""
    return length + (mixer.cache.size - 1 if isinstance(mixer.cache, WindowCache) else 0)


def _attention_flops(mixer: Attention, width: int, length: int) -> float:
    seen, head = keys_seen(mixer, length), width // mixer.heads
    products = 2.0 * (4 if mixer.projections else 2) * width * width
    mixing = 2.0 * seen * width
    if isinstance(mixer.score, MlpScore):
        hidden = head if mixer.score.width == "head" else mixer.score.width
        scoring = 2.0 * mixer.heads * hidden * (2 * head + seen)
    else:
        scoring = 2.0 * seen * width + (2.0 * width * head if isinstance(mixer.score, BilinearScore) else 0.0)
    return products + scoring + mixing
