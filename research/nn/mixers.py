"""Every causal mixer behind one form: adding a mixer is one line here.

    init(config, key, width, initialiser) -> params
    empty(config, batch, capacity, width) -> carry
    mix(config, params, carry, x, valid, key=None, observe=False) -> (carry, y, aux)
    flops(config, width, length) -> those of the forward pass for one token of a window of `length`

x [b t d] is a chunk of any length, y has its shape. `valid` [b t] says which inputs exist: the others leave the carry and every other
output unchanged, and their own outputs mean nothing. For every cut, mix(c, x ++ y) == mix(c, x) ++ mix(c', y), where c' is the carry
after x. `key` is for dropout; None means none. `aux` is () unless observed; then it is a dictionary of arrays, batch first.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from research.config.mixer import GRU, LSTM, ConvolutionConfig, Elman
from research.nn.attention import AttentionSpec, attention_flops, empty_attention, init_attention, mix_attention
from research.nn.convolution import convolution_flops, empty_convolution, init_convolution, mix_convolution
from research.nn.recurrent_cells import empty_recurrent, init_recurrent, mix_recurrent, recurrent_flops
from research.nn.score_functions import SCORES


class Mixer(NamedTuple):
    """The four functions of a mixer."""

    init: Callable[..., Any]
    empty: Callable[..., Any]
    mix: Callable[..., tuple[Any, Any, Any]]
    flops: Callable[..., float]
    float32: tuple[str, ...] = ()  # leaves of two axes that are no kernel of a product, so that no precision rounds them


NO_KERNELS = ("bias", *(name for score in SCORES.values() for name in score.float32))  # t5's table, and what scores keep
RECURRENT = Mixer(init_recurrent, empty_recurrent, mix_recurrent, recurrent_flops)

MIXERS: dict[type, Mixer] = {
    Elman: RECURRENT,
    GRU: RECURRENT,
    LSTM: RECURRENT,
    ConvolutionConfig: Mixer(init_convolution, empty_convolution, mix_convolution, convolution_flops),
    AttentionSpec: Mixer(
        init_attention,
        empty_attention,
        mix_attention,
        attention_flops,
        NO_KERNELS,
    ),
}
