"""Small models of every kind and choice, with parameters away from their initial values, and their functions, compiled once each."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from pydantic import TypeAdapter

from research.config.fields import classes_by_kind
from research.config.model import FeedForwardLMConfig, LanguageModelConfig
from research.models import MODELS
from research.nn.mixers import MIXERS
from research.nn.positions import POSITIONS
from research.nn.score_functions import SCORES

BATCH, LENGTH, VOCABULARY = 3, 12, 36
FAST_COMPILATION = {"xla_backend_optimization_level": 0}
TOKENS = np.random.default_rng(1).permutation(VOCABULARY).reshape(BATCH, LENGTH).astype(np.int32)  # each symbol once
ALL = np.ones((BATCH, LENGTH), bool)
GAPS = np.array([[1, 1, 0, 1, 1, 1, 0, 0, 1, 1, 0, 1], [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1], [1, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0]], bool)

model = TypeAdapter(LanguageModelConfig | FeedForwardLMConfig).validate_python
WINDOW = {"kind": "window", "size": 4}


def stack(mixer, **words):
    """A stack of two blocks, or of two periods of a pattern, eight numbers wide."""
    layers = 2 * len(mixer) if isinstance(mixer, tuple) else 2
    return model(
        {"kind": "language_model", "layers": layers, "width": 8, "feed_forward": {"kind": "gelu", "width": 12}, "mixer": mixer, **words}
    )


def attention(**words):
    return {"kind": "attention", "heads": 2, **words}


POST, RMS_POST = {"kind": "layer", "placement": "post"}, {"kind": "rms", "placement": "post"}
BARE = {"norm": {"kind": "none"}, "residual": False, "feed_forward": {"kind": "none"}}
SPECIAL = {
    "elman, bare, tied": stack({"kind": "elman"}, tie=True, **BARE),
    "lstm, learned, rms, silu": stack({"kind": "lstm"}, position={"kind": "learned"}, norm={"kind": "rms"}, feed_forward={"kind": "silu"}),
    "convolution, no residual, swiglu": stack({"kind": "convolution"}, residual=False, feed_forward={"kind": "swiglu", "width": 9}),
    "attention, no position": stack(attention(), tie=True),
    "attention, learned": stack(attention(score={"kind": "mlp"}), position={"kind": "learned"}, norm={"kind": "none"}),
    "attention, sinusoidal": stack(
        attention(score={"kind": "cosine"}),
        position={"kind": "sinusoidal"},
        embedding_scale="sqrt_width",
        feed_forward={"kind": "relu"},
    ),
    "attention, rotary": stack(attention(score={"kind": "bilinear"}), position={"kind": "rotary"}, norm=POST),
    "attention, alibi": stack(attention(score={"kind": "dot"}), position={"kind": "alibi"}, feed_forward={"kind": "none"}),
    "gru + attention, t5": stack(({"kind": "gru"}, attention()), norm=RMS_POST, position={"kind": "t5", "buckets": 6, "max_distance": 9}),
    "convolution + window, rotary": stack(({"kind": "convolution"}, attention(cache=WINDOW)), position={"kind": "rotary"}),
    "feed-forward": model({"kind": "feed_forward_lm", "context": 3, "width": 5, "hidden": 7}),
    "feed-forward, direct": model({"kind": "feed_forward_lm", "context": 4, "width": 5, "hidden": 7, "direct": True}),
}
PATTERNS = [(config, getattr(config, "pattern", ())) for config in SPECIAL.values()]
SEEN = {type(part) for config, pattern in PATTERNS for mixer in pattern for part in (mixer, config.position, getattr(mixer, "score", None))}


def unseen(registry):
    """The words of the kinds that no model above has."""
    return [kind for kind, node in classes_by_kind(tuple(registry)).items() if node not in SEEN]


CONFIGS = (
    SPECIAL
    | {kind: stack({"kind": kind}) for kind in unseen(MIXERS)}
    | {f"attention, {kind}": stack(attention(), position={"kind": kind}) for kind in unseen(POSITIONS)}
    | {f"attention, {kind}": stack(attention(score={"kind": kind})) for kind in unseen(SCORES)}
)


@cache
def parameters(name):
    """Noise in every leaf, also where a model begins with ones or zeros, so that what reads the wrong one is seen."""
    config, rng = CONFIGS[name], np.random.default_rng(0)
    shapes = jax.eval_shape(lambda: MODELS[type(config)].init(config, jax.random.key(0), VOCABULARY, LENGTH))
    return jax.tree.map(lambda leaf: jnp.asarray(0.5 * rng.standard_normal(leaf.shape, np.float32)), shapes)


@cache
def empty(name, batch=BATCH, capacity=LENGTH):
    config = CONFIGS[name]
    return MODELS[type(config)].empty(config, batch, capacity, VOCABULARY)


@cache
def forward(name):
    """(carry, tokens, valid) -> (carry, logits)."""
    config, params = CONFIGS[name], parameters(name)
    hidden, logits = MODELS[type(config)].hidden, MODELS[type(config)].logits

    def run(carry, tokens, valid):
        carry, h, _ = hidden(config, params, carry, tokens, valid)
        return carry, logits(config, params, h)

    return jax.jit(run, compiler_options=FAST_COMPILATION)


@cache
def uncached(name):
    """As in training, with no memory: (tokens, valid) -> logits."""
    config, params, start = CONFIGS[name], parameters(name), empty(name, capacity=0)
    hidden, logits = MODELS[type(config)].hidden, MODELS[type(config)].logits
    run = lambda tokens, valid: logits(config, params, hidden(config, params, start, tokens, valid)[1])
    return jax.jit(run, compiler_options=FAST_COMPILATION)


@cache
def influence(name):
    """As in training: the gradient of the output at (row, time) by every embedding."""
    config, params, start = CONFIGS[name], parameters(name), empty(name, capacity=0)

    def output(embedding, tokens, valid, row, time):
        h = MODELS[type(config)].hidden(config, params.replace(embedding=embedding), start, tokens, valid)[1]
        return (h[row, time] * jnp.arange(1, h.shape[-1] + 1)).sum()

    return jax.jit(lambda *args: jax.grad(output)(params.embedding, *args), compiler_options=FAST_COMPILATION)
