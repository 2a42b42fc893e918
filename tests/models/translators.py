"""Small encoder-decoders of every kind and choice, with parameters away from their initial values, and their functions, compiled once each.

Symbols: of the target alone 0..5 | <unk> 6, <sep> 7, </s> 8 | of the source alone 9..13.
"""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import TypeAdapter
from whole_models import FAST_COMPILATION

from research.config.encoder_decoder import EncoderDecoderConfig
from research.models import MODELS, encoder_decoder

BATCH, SOURCE, LENGTH, VOCABULARY, TARGETS, FIRST_SOURCE, SEPARATOR = 4, 6, 6, 14, 9, 6, 7
SIZES = (VOCABULARY, LENGTH, SOURCE, TARGETS, FIRST_SOURCE)

translator = TypeAdapter(EncoderDecoderConfig).validate_python
POST, NO_LAYER = {"kind": "layer", "placement": "post"}, {"kind": "none"}
RELU = {"kind": "relu", "width": 12}
ATTENTION, WINDOW = {"kind": "attention", "heads": 2}, {"kind": "window", "size": 3}


def recurrent(cell="lstm", **words):
    return {"kind": "recurrent", "cell": {"kind": cell}, **words}


def stack(mixer=ATTENTION, **words):
    """One block, or one period of a pattern, eight numbers wide."""
    layers = len(mixer) if isinstance(mixer, tuple) else 1
    return {"kind": "stack", "layers": layers, "width": 8, "feed_forward": NO_LAYER, "mixer": mixer, **words}


def decoder(mixer=ATTENTION, cross=None, **words):
    return stack(mixer, **words) | {"cross": {"heads": 2, **(cross or {})}}


def pair(encoder, decoder, **words):
    return translator({"kind": "encoder_decoder", "encoder": encoder, "decoder": decoder, **words})


def look(kind, score="scaled_dot", **words):
    return {"kind": kind, "score": {"kind": score}, **words}


BOTH_WAYS = recurrent("gru", width=4)  # a memory of eight
CONFIGS = {
    "no attention": pair(recurrent("lstm", width=4, layers=2), recurrent("gru", width=8, layers=2, attention=NO_LAYER)),
    "luong": pair(BOTH_WAYS, recurrent("lstm", width=8, layers=2, attention=look("luong", "cosine")), tie=True),
    "luong, input feeding": pair(stack(), recurrent("gru", width=6, attention=look("luong", "bilinear", input_feeding=True))),
    "bahdanau, shared, tied": pair(
        recurrent("elman", width=8, bidirectional=False),
        recurrent("lstm", width=8, layers=2, attention=look("bahdanau", "mlp")),
        embeddings="shared",
        tie=True,
    ),
    "transformer, shared": pair(
        stack(norm=POST, position={"kind": "sinusoidal"}, feed_forward=RELU),
        decoder(norm=POST, position={"kind": "sinusoidal"}, feed_forward=RELU, layers=2),
        embeddings="shared",
    ),
    "learned": pair(stack(position={"kind": "learned"}), decoder(position={"kind": "learned"})),
    "rotary": pair(stack(position={"kind": "rotary"}), decoder(position={"kind": "rotary"}, cross={"score": {"kind": "mlp"}})),
    "alibi": pair(BOTH_WAYS, decoder(position={"kind": "alibi"}, cross={"projections": False, "score": {"kind": "dot"}})),
    "t5": pair(stack({"kind": "lstm"}), decoder(position={"kind": "t5", "buckets": 6, "max_distance": 9})),
    "lstm in the stack": pair(BOTH_WAYS, decoder({"kind": "lstm"}, norm=NO_LAYER), tie=True),
    "convolution + window": pair(
        stack({"kind": "convolution"}), decoder(({"kind": "convolution"}, ATTENTION | {"cache": WINDOW}), norm={"kind": "rms"})
    ),
}


def noisy(init):
    """Noise in every leaf of what `init` makes, also where a model begins with ones or zeros, so that what reads the wrong one is seen."""
    rng = np.random.default_rng(0)
    return jax.tree.map(lambda leaf: jnp.asarray(0.5 * rng.standard_normal(leaf.shape, np.float32)), jax.eval_shape(init))


@cache
def parameters(name):
    return noisy(lambda: encoder_decoder.init(CONFIGS[name], jax.random.key(0), *SIZES))


def jit(function):
    return jax.jit(function, compiler_options=FAST_COMPILATION)


@cache
def trained(name):
    """As in training: (source, its valid, target, its valid) -> logits."""
    config, params = CONFIGS[name], parameters(name)
    return jit(lambda *pairs: _trained(config, params, *pairs))


@cache
def gradient(name):
    """Of a sum over what exists, by every parameter."""
    config, params = CONFIGS[name], parameters(name)
    mix = jnp.asarray(np.random.default_rng(3).standard_normal(TARGETS, np.float32))

    def total(params, source, exists, target, valid):
        logits = _trained(config, params, source, exists, target, valid)
        return jnp.where(valid, (jnp.tanh(logits) * mix[None, None]).sum(-1), 0).sum()

    return jit(lambda *pairs: jax.grad(total)(params, *pairs))


def _trained(config, params, source, exists, target, valid):
    kind = MODELS[EncoderDecoderConfig]
    carry = kind.read(config, params, source, exists)
    return kind.logits(config, params, kind.hidden(config, params, carry, target, valid)[1])


@cache
def cut(name):
    """The target in two chunks over a carry that has room for it: (..., which of the target's symbols are in the first) -> logits."""
    config, params, kind = CONFIGS[name], parameters(name), MODELS[EncoderDecoderConfig]

    def run(source, exists, target, valid, first):
        carry = kind.read(config, params, source, exists, None, LENGTH)
        carry, before, _ = kind.hidden(config, params, carry, target, valid & first)
        _, after, _ = kind.hidden(config, params, carry, target, valid & ~first)
        return kind.logits(config, params, jnp.where(first[..., None], before, after))

    return jit(run)


@cache
def one_by_one(name):
    """As in decoding: chunks of one symbol through the unstacked model."""
    kind, params = MODELS[EncoderDecoderConfig], parameters(name)

    def run(source, exists, target, valid):
        carry = kind.read(CONFIGS[name], params, source, exists, None, LENGTH)
        config, flat, carry = kind.unstack(CONFIGS[name], params, carry)

        def step(carry, now):
            token, exists = now
            carry, h, _ = kind.hidden(config, flat, carry, token[:, None], exists[:, None])
            return carry, kind.logits(config, flat, h)[:, 0]

        return jnp.moveaxis(jax.lax.scan(step, carry, (target.T, valid.T))[1], 0, 1)

    return jit(run)
