"""What holds of a language model of any mixer, score and position: its FLOPs are those that XLA counts, and a short training helps."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import lax
from jaxtyping import Array, Float, Int, PyTree

from research.config.model import FeedForwardLMConfig, LanguageModelConfig, NoFeedForward
from research.laws.law import Fault
from research.laws.mixer_inputs import WIDTH, jit
from research.models import MODELS
from research.models.count import flops_per_token
from research.nn.mixers import MIXERS

VOCABULARY, ROWS, TOKENS = 256, 4, 16  # of the program whose FLOPs are counted
WIDE = 128  # its width: products outweigh sums, which no formula counts
SPARE = 0.05  # norms, softmax and sums: by so much XLA's count may be above the formula's
SYMBOLS, STEPS, RATE = 8, 60, 0.02  # of the short training
LOWERED = 0.75  # of the first loss at most is the last


def wide_model(mixer: Any, **words: Any) -> LanguageModelConfig:
    """A layer of a mixer, and no feed-forward layer, of which FLOPs are counted."""
    return LanguageModelConfig(kind="language_model", layers=1, width=WIDE, mixer=mixer, feed_forward=NoFeedForward(kind="none"), **words)


def small_model(mixer: Any, position: Any) -> LanguageModelConfig:
    """A layer of a mixer, and no feed-forward layer, that is trained for a moment."""
    none = NoFeedForward(kind="none")
    return LanguageModelConfig(kind="language_model", layers=1, width=WIDTH, mixer=mixer, position=position, feed_forward=none)


def flops_fault(config: LanguageModelConfig | FeedForwardLMConfig) -> Fault:
    """The formula is what XLA counts in the compiled forward pass, which may be up to 5% above: norms, softmax and sums are left out.

    XLA counts the body of a loop once, however often it runs. So the stack has one period, and what scans over time gets one token. The
    carry comes from outside and is kept, as in a chunk between others: XLA leaves out products with an empty one.
    """
    kind = MODELS[type(config)]
    length = 1 if any(MIXERS[type(mixer)].serial for mixer in getattr(config, "pattern", ())) else TOKENS

    def run(p: PyTree, carry: PyTree, tokens: Array, valid: Array) -> tuple[PyTree, Array]:
        carry, h, _ = kind.hidden(config, p, carry, tokens, valid)
        return carry, kind.logits(config, p, h)

    p = jax.eval_shape(lambda: kind.init(config, jax.random.key(0), VOCABULARY, length))
    carry = jax.eval_shape(lambda: kind.empty(config, ROWS, 0, VOCABULARY))
    tokens, valid = (jax.ShapeDtypeStruct((ROWS, length), dtype) for dtype in (jnp.int32, jnp.bool_))
    cost = jit(run).lower(p, carry, tokens, valid).compile().cost_analysis()
    assert cost is not None, "XLA counts what it compiled"
    counted = cost["flops"] / (ROWS * length)
    formula = flops_per_token(config, VOCABULARY, length)
    if formula <= counted <= formula * (1 + SPARE):
        return None
    return (
        f"a model of width {config.width}, one layer, {VOCABULARY} symbols, windows of {length}: the entry makes {formula:,.0f} FLOPs a "
        f"token, and XLA counts {counted:,.0f}, {counted / formula - 1:+.1%}; from 0 to {SPARE:+.0%} is left out by all formulas"
    )


def training_fault(config: LanguageModelConfig) -> Fault:
    """Adam for a few steps on texts in which each symbol says which is next: the loss is finite, and falls by a quarter."""
    losses = np.asarray(_train(config))
    if not np.isfinite(losses).all():
        return f"width {config.width}, {SYMBOLS} symbols: after {int(np.argmin(np.isfinite(losses)))} steps of Adam the loss is not finite"
    if losses[-1] <= LOWERED * losses[0]:
        return None
    return f"width {config.width}, {SYMBOLS} symbols, {STEPS} steps of Adam: the loss goes from {losses[0]:.3f} to {losses[-1]:.3f}"


def cyclic_texts() -> Int[np.ndarray, "b t"]:
    """Eight rows of nine symbols, each followed by its successor in one order of all of them, from every beginning."""
    order = np.random.default_rng(4).permutation(SYMBOLS)
    return order[(np.arange(SYMBOLS)[:, None] + np.arange(9)[None]) % SYMBOLS].astype(np.int32)


def _train(config: LanguageModelConfig) -> Float[Array, " steps"]:
    """The loss of every step."""
    kind, texts, chain = MODELS[type(config)], jnp.asarray(cyclic_texts()), optax.adam(RATE)
    inputs, targets = texts[:, :-1], texts[:, 1:]

    def loss(params: PyTree) -> Array:
        carry = kind.empty(config, len(texts), 0, SYMBOLS)
        h = kind.hidden(config, params, carry, inputs, jnp.ones(inputs.shape, bool), None, False)[1]
        nats: Array = optax.softmax_cross_entropy_with_integer_labels(kind.logits(config, params, h), targets)
        return nats.mean()

    def step(state: tuple[PyTree, PyTree], _: None) -> tuple[tuple[PyTree, PyTree], Array]:
        params, optimiser = state
        value, gradient = jax.value_and_grad(loss)(params)
        change, optimiser = chain.update(gradient, optimiser)
        return (optax.apply_updates(params, change), optimiser), value

    def run() -> Array:
        params = kind.init(config, jax.random.key(0), SYMBOLS, inputs.shape[1])
        losses: Array = lax.scan(step, (params, chain.init(params)), None, STEPS)[1]
        return losses

    return jit(run)()
