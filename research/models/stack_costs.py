"""What a stack costs: floating point operations of the forward pass, and steps that must follow each other."""

from research.config.model import StackConfig
from research.models.block import Use
from research.nn.cross_attention import cross_attention_flops
from research.nn.feed_forward import feed_forward_flops
from research.nn.mixers import bound_mixers


def stack_flops(config: StackConfig, use: Use, length: int) -> float:
    """Forward, for one token of a window of `length`, without embedding, cross-attention and output layer."""
    period = bound_mixers(config, use.masked)
    mixers = sum(mixer.kind.flops(mixer.spec, config.width, length) for mixer in period)
    return mixers * config.layers / len(period) + config.layers * feed_forward_flops(config.feed_forward, config.width)


def decoder_stack_flops(config: StackConfig, use: Use, length: int, memory: int, places: int) -> float:
    """The same of a stack with cross-attention to `places` vectors of `memory` numbers, which are prepared once for the window."""
    assert use.cross is not None
    cross = cross_attention_flops(use.cross, config.width, memory, places, length)
    return stack_flops(config, use, length) + config.layers * cross


def stack_time_steps(config: StackConfig, use: Use, length: int) -> int:
    """Steps of a scan over time in one pass over `length` tokens, over all layers."""
    serial = [mixer.kind.serial for mixer in bound_mixers(config, use.masked)]
    return length * config.layers * sum(serial) // len(serial)
