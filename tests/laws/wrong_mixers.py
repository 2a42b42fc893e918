"""A decaying sum as a mixer, right but for one thing at a time."""

from typing import Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from flax import struct

from research.config.mixer import MixerConfig, Takes
from research.nn.initialisers import draw_weights
from research.nn.mixers import MixerKind


class Decaying(MixerConfig):
    takes: ClassVar[frozenset[Takes]] = frozenset()
    kind: Literal["decaying"] = "decaying"


@struct.dataclass
class Params:
    kernel: Any


def init(config, key, width, initialiser):
    return Params(draw_weights(initialiser, key, (width, width), width))


def empty(config, batch, capacity, width):
    return jnp.zeros((batch, width))


def decay(carry, x, valid):
    """h = h / 2 + x over the inputs that exist; the state after each."""

    def step(h, now):
        value, exists = now
        h = jnp.where(exists[:, None], 0.5 * h + value, h)
        return h, h

    carry, states = jax.lax.scan(step, carry, (x.swapaxes(0, 1), valid.T))
    return carry, states.swapaxes(0, 1)


def right(config, params, carry, x, valid, key=None, observe=False):
    carry, states = decay(carry, x, valid)
    return carry, states @ params.kernel, {} if observe else ()


def leaking(config, params, carry, x, valid, key=None, observe=False):
    """Each output also holds a little of the input one step ahead."""
    carry, y, aux = right(config, params, carry, x, valid)
    exists = valid[:, 1:, None] & valid[:, :-1, None]
    ahead = jnp.pad(jnp.where(exists, x[:, 1:], 0), ((0, 0), (0, 1), (0, 0)))
    return carry, y + ahead, {} if observe else aux


def forgetful_of_valid(config, params, carry, x, valid, key=None, observe=False):
    return right(config, params, carry, x, jnp.ones_like(valid), key, observe)


def padded(config, params, carry, x, valid, key=None, observe=False):
    """A gap fades the state as an input does."""
    return right(config, params, carry, jnp.where(valid[..., None], x, 0), jnp.ones_like(valid), key, observe)


def losing_state(config, params, carry, x, valid, key=None, observe=False):
    carry, y, aux = right(config, params, carry, x, valid, key, observe)
    return 0 * carry, y, aux


def of_the_batch(config, params, carry, x, valid, key=None, observe=False):
    carry, y, aux = right(config, params, carry, x, valid, key, observe)
    return carry, y - jnp.broadcast_to(y.mean(axis=0, keepdims=True), y.shape), aux


def flops(config, width, length):
    return 2.0 * width * width


def half_the_flops(config, width, length):
    return 1.0 * width * width


def exploding(config, params, carry, x, valid, key=None, observe=False):
    """Divides by a length: the gradient of zeros is not finite."""
    carry, y, aux = right(config, params, carry, x, valid, key, observe)
    return carry, y / jnp.sqrt(jnp.square(y).sum(axis=-1, keepdims=True)), aux


def decaying(mix=right, flops=flops):
    return MixerKind(
        bind=lambda config, context: config,
        init=init,
        empty=empty,
        mix=mix,
        flops=flops,
        serial=True,
        float32=(),
        undecayed=(),
        observes=(),
        in_blocks=lambda config: False,
        reference=None,
    )


RIGHT = decaying()
WRONG = {  # what is wrong -> the entry, the laws that do not hold, and what the first of them shows
    "leaks one step of the future": (decaying(leaking), ["causality", "padding", "chunks"], "reads 1 step ahead"),
    "forgets which inputs exist": (decaying(forgetful_of_valid), ["valid", "padding"], "what stands where none exists changes the carry"),
    "depends on padding": (decaying(padded), ["padding"], "with less padding"),
    "half the FLOPs": (decaying(flops=half_the_flops), ["FLOPs"], "XLA counts"),
    "loses its state": (decaying(losing_state), ["chunks"], "row 0 of 2 inputs, .....xx....., as chunks of 1 + 1: output 1"),
    "depends on the batch": (decaying(of_the_batch), ["rows"], "by the inputs of row 1"),
    "divides by zero": (decaying(exploding), ["finite gradients"], "of zeros"),
}
