"""The recurrent decoder is, symbol for symbol and number for number, the loop of its equations written in numpy."""

import jax
import numpy as np
import pytest
from pydantic import TypeAdapter
from translators import jit, look, noisy

from research.config.encoder_decoder import RecurrentDecoderConfig
from research.models import recurrent_decoder

B, T, S, D, M, N, V = 2, 4, 3, 4, 6, 5, 7  # rows, target, places, width, memory, summary, symbols
RNG = np.random.default_rng(0)
MEMORY, SUMMARY = RNG.standard_normal((B, S, M), np.float32), RNG.standard_normal((B, N), np.float32)
EXISTS, TOKENS = np.array([[1, 1, 1], [1, 0, 1]], bool), RNG.integers(V, size=(B, T), dtype=np.int32)

decoder = TypeAdapter(RecurrentDecoderConfig).validate_python
CASES = {
    "none, elman": {"cell": {"kind": "elman"}, "attention": {"kind": "none"}},
    "none, gru": {"cell": {"kind": "gru"}, "attention": {"kind": "none"}},
    "luong, scaled_dot": {"attention": look("luong")},
    "luong, gru, dot": {"cell": {"kind": "gru"}, "attention": look("luong", "dot")},
    "luong, bilinear": {"attention": look("luong", "bilinear")},
    "luong, cosine, input feeding": {"attention": look("luong", "cosine", input_feeding=True)},
    "luong, gru, mlp, input feeding": {"cell": {"kind": "gru"}, "attention": look("luong", "mlp", input_feeding=True)},
    "bahdanau, mlp": {"attention": look("bahdanau", "mlp")},
    "bahdanau, gru, bilinear": {"cell": {"kind": "gru"}, "attention": look("bahdanau", "bilinear")},
    "bahdanau, gru, cosine": {"cell": {"kind": "gru"}, "attention": look("bahdanau", "cosine")},
}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def elman_step(p, state, x):
    h = np.tanh(x @ p.input_kernel + state["h"] @ p.recurrent_kernel + p.bias)
    return {"h": h}


def gru_step(p, state, x):
    candidate, reset, update = np.split(x @ p.input_kernel, 3)
    of_reset, of_update, of_candidate = np.split(state["h"] @ p.recurrent_kernel, 3)
    b_candidate, b_reset, b_update, b_recurrent = np.split(p.bias, 4)
    r, z = sigmoid(reset + of_reset + b_reset), sigmoid(update + of_update + b_update)
    new = np.tanh(candidate + b_candidate + r * (of_candidate + b_recurrent))
    return {"h": (1 - z) * new + z * state["h"]}


def lstm_step(p, state, x):
    i, f, g, o = np.split(x @ p.input_kernel + state["h"] @ p.recurrent_kernel + p.bias, 4)
    c = sigmoid(f) * state["c"] + sigmoid(i) * np.tanh(g)
    return {"c": c, "h": sigmoid(o) * np.tanh(c)}


STEPS = {"elman": elman_step, "gru": gru_step, "lstm": lstm_step}
SCORES = {
    "dot": lambda p, q, k: q @ k,
    "scaled_dot": lambda p, q, k: q @ k / np.sqrt(len(q)),
    "bilinear": lambda p, q, k: q @ p[0] @ k,
    "cosine": lambda p, q, k: p[0] * (q @ k) / np.linalg.norm(q) / np.linalg.norm(k),
    "mlp": lambda p, q, k: p.v[0] @ np.tanh(q @ p.query_kernel[0] + k @ p.key_kernel[0]),
}


def look_at(config, p, h, memory):
    """The weights of the places that exist, and their mean."""
    logits = np.array([SCORES[config.attention.score.kind](p.score, h, place) for place in memory])
    weights = np.exp(logits) / np.exp(logits).sum()
    return weights, weights @ memory


def by_the_equations(config, p, memory, summary, tokens):
    """Of one row: what the output layer reads, and where it looked, at each symbol."""
    attention, fields = config.attention.kind, ("c", "h") if config.cell.kind == "lstm" else ("h",)
    parts = iter(np.split(summary @ p.first + p.first_bias, config.layers * len(fields)))
    states = [{name: next(parts) if name == "c" else np.tanh(next(parts)) for name in fields} for _ in range(config.layers)]
    out, looked, fed = [], [], np.zeros(config.width)
    for token in tokens:
        x, weights = p.embedding[token], np.zeros(len(memory))
        if attention == "bahdanau":
            weights, seen = look_at(config, p, states[-1]["h"], memory)
            x = np.concatenate([x, seen])
        if attention == "luong" and config.attention.input_feeding:
            x = np.concatenate([x, fed])
        for layer, cell in enumerate(p.cells):
            states[layer] = STEPS[config.cell.kind](cell, states[layer], x)
            x = states[layer]["h"]
        if attention == "luong":
            weights, seen = look_at(config, p, x, memory)
        fed = x if attention == "none" else np.tanh(np.concatenate([x, seen]) @ p.combine)
        out.append(fed)
        looked.append(weights)
    return np.array(out), np.array(looked)


@pytest.mark.parametrize("name", CASES)
def test_it_is_the_loop_of_its_equations(name):
    """Two layers; a place of the memory that does not exist is as if it were not there; observed or not."""
    dot = any(word in name for word in ("dot", "cosine"))
    config = decoder({"kind": "recurrent", "layers": 2, "width": M if dot else D, **CASES[name]})
    p = noisy(lambda: recurrent_decoder.init(config, jax.random.key(0), V, M, N))

    @jit
    def ours(memory, summary, tokens, exists, valid):
        carry = recurrent_decoder.begin(config, p, memory, exists, summary)
        _, h, aux = recurrent_decoder.hidden(config, p, carry, tokens, valid, None, True)
        return h, recurrent_decoder.hidden(config, p, carry, tokens, valid)[1], aux

    observed, found, aux = ours(MEMORY, SUMMARY, TOKENS, EXISTS, np.ones(TOKENS.shape, bool))
    numbers = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), p)
    for row in range(B):
        expected, weights = by_the_equations(config, numbers, MEMORY[row, EXISTS[row]], SUMMARY[row], TOKENS[row])
        for h in (found, observed):
            np.testing.assert_allclose(h[row], expected, atol=1e-5, rtol=1e-5)
        if config.attention.kind == "none":
            assert aux == {}
            continue
        np.testing.assert_allclose(aux["cross_weights"][row, 0][:, EXISTS[row]], weights, atol=1e-5, rtol=1e-5)
        assert not aux["cross_weights"][row, 0][:, ~EXISTS[row]].any()
