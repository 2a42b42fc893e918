"""Whole models against independent implementations with the same weights: flax.linen's parts, and numpy."""

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen
from whole_models import model

from research.models import MODELS

BATCH, LENGTH, VOCABULARY, WIDTH, HEADS, HIDDEN, LAYERS = 2, 7, 11, 8, 2, 12, 2
TOKENS = np.random.default_rng(0).integers(VOCABULARY, size=(BATCH, LENGTH), dtype=np.int32)


def noisy(config, length=LENGTH):
    """Parameters of which none is at one or zero."""
    init = lambda: MODELS[type(config)].init(config, jax.random.key(0), VOCABULARY, length)
    rng = np.random.default_rng(1)
    return jax.tree.map(lambda leaf: jnp.asarray(0.4 * rng.standard_normal(leaf.shape, np.float32)), jax.eval_shape(init))


def ours(config, params):
    kind = MODELS[type(config)]

    def run(tokens):
        carry = kind.empty(config, BATCH, 0, VOCABULARY)
        return kind.logits(config, params, kind.hidden(config, params, carry, tokens, jnp.ones(tokens.shape, bool))[1])

    return jax.jit(run)(TOKENS)


class Transformer(linen.Module):
    """The block of Vaswani et al. 2017 with the norm before each part, from linen's own parts."""

    @linen.compact
    def __call__(self, tokens):
        x = linen.Embed(VOCABULARY, WIDTH, name="embedding")(tokens)
        x = x + linen.Embed(LENGTH, WIDTH, name="position")(jnp.broadcast_to(jnp.arange(LENGTH), tokens.shape))
        mask = linen.make_causal_mask(tokens)
        for i in range(LAYERS):
            y = linen.LayerNorm(epsilon=1e-5, name=f"norm_a{i}")(x)
            x = x + linen.MultiHeadDotProductAttention(HEADS, use_bias=False, name=f"attention{i}")(y, mask=mask)
            y = linen.LayerNorm(epsilon=1e-5, name=f"norm_b{i}")(x)
            y = linen.gelu(linen.Dense(HIDDEN, name=f"up{i}")(y), approximate=True)
            x = x + linen.Dense(WIDTH, name=f"down{i}")(y)
        return linen.Dense(VOCABULARY, name="output")(linen.LayerNorm(epsilon=1e-5, name="norm")(x))


def linen_norm(p):
    return {"scale": p.scale, "bias": p.shift}


def linen_block(block, i):
    """Layer i of a stack, under linen's names."""
    p = jax.tree.map(lambda leaf: leaf[i], block)
    query, key, value = (kernel.reshape(WIDTH, HEADS, -1) for kernel in np.split(p.mixer.project, 3, axis=1))
    return {
        f"norm_a{i}": linen_norm(p.mixer_norm),
        f"norm_b{i}": linen_norm(p.feed_forward_norm),
        f"attention{i}": {
            "query": {"kernel": query},
            "key": {"kernel": key},
            "value": {"kernel": value},
            "out": {"kernel": p.mixer.out.reshape(HEADS, -1, WIDTH)},
        },
        f"up{i}": {"kernel": p.feed_forward.up, "bias": p.feed_forward.up_bias},
        f"down{i}": {"kernel": p.feed_forward.down, "bias": p.feed_forward.down_bias},
    }


def test_a_pre_norm_transformer_is_that_of_linen():
    config = model(
        {
            "kind": "language_model",
            "layers": LAYERS,
            "width": WIDTH,
            "position": {"kind": "learned"},
            "mixer": {"kind": "attention", "heads": HEADS},
            "feed_forward": {"kind": "gelu", "width": HIDDEN},
        }
    )
    p = noisy(config)
    theirs = {
        "embedding": {"embedding": p.embedding},
        "position": {"embedding": p.position},
        "norm": linen_norm(p.norm),
        "output": {"kernel": p.output, "bias": p.output_bias},
    }
    for i in range(LAYERS):
        theirs |= linen_block(p.blocks[0], i)
    expected = jax.jit(Transformer().apply)({"params": theirs}, TOKENS)
    np.testing.assert_allclose(ours(config, p), expected, atol=1e-5, rtol=1e-5)


class LSTMs(linen.Module):
    """Embedding, LSTM layers one above the other, softmax (Zaremba et al. 2014)."""

    @linen.compact
    def __call__(self, tokens):
        x = linen.Embed(VOCABULARY, WIDTH, name="embedding")(tokens)
        for i in range(LAYERS):
            x = linen.RNN(linen.OptimizedLSTMCell(WIDTH, parent=None), name=f"lstm{i}")(x)
        return linen.Dense(VOCABULARY, name="output")(x)


def linen_lstm(p):
    """The gates' order is i f g o, theirs are named; one bias here, on their recurrent side."""
    split = lambda leaf: dict(zip("ifgo", np.split(leaf, 4, axis=-1), strict=True))
    kernel, recurrent, bias = split(p.input_kernel), split(p.recurrent_kernel), split(p.bias)
    inputs = {f"i{gate}": {"kernel": kernel[gate]} for gate in "ifgo"}
    return {"cell": inputs | {f"h{gate}": {"kernel": recurrent[gate], "bias": bias[gate]} for gate in "ifgo"}}


def test_two_layers_of_lstm_are_those_of_linen():
    config = model(
        {
            "kind": "language_model",
            "layers": LAYERS,
            "width": WIDTH,
            "mixer": {"kind": "lstm"},
            "norm": {"kind": "none"},
            "residual": False,
            "feed_forward": {"kind": "none"},
        }
    )
    p = noisy(config)
    theirs = {"embedding": {"embedding": p.embedding}, "output": {"kernel": p.output, "bias": p.output_bias}}
    for i in range(LAYERS):
        theirs[f"lstm{i}"] = linen_lstm(jax.tree.map(lambda leaf, i=i: leaf[i], p.blocks[0].mixer))
    expected = jax.jit(LSTMs().apply)({"params": theirs}, TOKENS)
    np.testing.assert_allclose(ours(config, p), expected, atol=1e-5, rtol=1e-5)


def test_the_feed_forward_model_is_equation_1_of_bengio():
    """y = b + W x + U tanh(d + H x), x the embeddings of the last n tokens; before the first stands a symbol of its own."""
    context = 3
    config = model({"kind": "feed_forward_lm", "context": context, "width": 4, "hidden": 5, "direct": True})
    p = jax.tree.map(np.asarray, noisy(config))
    expected = np.zeros((BATCH, LENGTH, VOCABULARY), np.float32)
    for row in range(BATCH):
        history = [VOCABULARY] * (context - 1) + list(TOKENS[row])
        for time in range(LENGTH):
            x = np.concatenate([p.embedding[symbol] for symbol in history[time : time + context]])
            expected[row, time] = p.output_bias + x @ p.direct + np.tanh(p.hidden_bias + x @ p.hidden) @ p.output
    np.testing.assert_allclose(ours(config, noisy(config)), expected, atol=1e-5, rtol=1e-5)


def test_a_rolling_window_is_full_attention_over_the_last_inputs():
    """One layer, relative position: the output at t is that of full attention on the window that ends at t, whatever came before."""
    size, words = 3, {"kind": "language_model", "layers": 1, "width": WIDTH, "position": {"kind": "rotary"}}
    rolling = model({**words, "mixer": {"kind": "attention", "heads": HEADS, "cache": {"kind": "window", "size": size}}})
    full = model({**words, "mixer": {"kind": "attention", "heads": HEADS}})
    p = noisy(full)
    row, place = np.divmod(np.arange(BATCH * LENGTH), LENGTH)
    seen = place[:, None] - np.arange(size)[::-1]
    tokens, valid = jnp.asarray(TOKENS[row[:, None], np.maximum(seen, 0)]), jnp.asarray(seen >= 0)

    @jax.jit
    def windows():
        kind = MODELS[type(full)]
        carry = kind.empty(full, len(tokens), 0, VOCABULARY)
        return kind.logits(full, p, kind.hidden(full, p, carry, tokens, valid)[1][:, -1])

    np.testing.assert_allclose(ours(rolling, p).reshape(-1, VOCABULARY), windows(), atol=1e-5, rtol=1e-5)
