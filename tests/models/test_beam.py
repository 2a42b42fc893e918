"""Beam search: one beam is greedy, enough beams are exhaustive, scores are those of the texts, and no row depends on another."""

import itertools
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_models import CONFIGS, FAST_COMPILATION, VOCABULARY, forward, parameters

from research.config.decoding import Beam, Greedy
from research.models import MODELS
from research.models.beam import beam_search
from research.models.decode import decode_chunk, generate_tokens

COUNT = np.array([4, 2, 1])
VALID = np.arange(4) < COUNT[:, None]
PROMPTS = np.where(VALID, np.random.default_rng(5).integers(VOCABULARY, size=(3, 4)), 7).astype(np.int32)
NAMES = ("gru + attention, t5", "convolution + window, rotary", "feed-forward, direct")
EVERY = pytest.mark.parametrize("name", NAMES)
CAPACITY = 16
FOUR = Beam(kind="beam", size=4, length_penalty=0.8)


def prompted(name, rows=slice(None)):
    """The carry after the prompts, and the logits."""
    return _prompted(name, *rows.indices(len(PROMPTS))[:2])


@cache
def _prompted(name, first, end):
    rows = slice(first, end)
    tokens, valid = jnp.asarray(PROMPTS[rows]), jnp.asarray(VALID[rows])
    carry = MODELS[type(CONFIGS[name])].empty(CONFIGS[name], len(tokens), CAPACITY, VOCABULARY)
    run = decode_chunk.lower(CONFIGS[name], parameters(name), carry, tokens, valid).compile(FAST_COMPILATION)
    return run(parameters(name), carry, tokens, valid)


@cache
def compiled(name, rows, decoder, steps, end):
    carry, logits = prompted(name, slice(rows))
    words = {"decoder": decoder, "steps": steps, "end": end}
    return beam_search.lower(CONFIGS[name], parameters(name), carry, logits, **words).compile(FAST_COMPILATION)


def beams(name, decoder, steps=6, end=None, rows=slice(None)):
    carry, logits = prompted(name, rows)
    return jax.device_get(compiled(name, len(logits), decoder, steps, end)(parameters(name), carry, logits))


@cache
def greedy(name, steps, end):
    (carry, logits), key = prompted(name), jax.random.key(0)
    made = generate_tokens.lower(CONFIGS[name], parameters(name), carry, logits, key, decoder=Greedy(), steps=steps, end=end)
    return jax.device_get(made.compile(FAST_COMPILATION)(parameters(name), carry, logits, key))


def rescored(name, row, text):
    """The sum of the text's log-probabilities, from one forward pass over prompt and text."""
    prompt = PROMPTS[row][VALID[row]]
    whole = np.zeros((1, CAPACITY), np.int32)
    whole[0, : len(prompt) + len(text)] = [*prompt, *text]
    start = MODELS[type(CONFIGS[name])].empty(CONFIGS[name], 1, CAPACITY, VOCABULARY)
    logits = forward(name)(start, whole, np.arange(CAPACITY)[None] < len(prompt) + len(text))[1][0]
    log_p = np.asarray(jax.nn.log_softmax(logits, axis=-1))
    return sum(log_p[len(prompt) - 1 + i, symbol] for i, symbol in enumerate(text))


def an_end(name, row=0, place=2):
    """A symbol with which a greedy text ends in the middle."""
    return int(greedy(name, 6, None).tokens[row, place])


@pytest.mark.parametrize(("name", "length_penalty"), [(NAMES[1], 0.6), (NAMES[2], 5.0)])
def test_one_beam_is_greedy(name, length_penalty):
    end = an_end(name)
    found, expected = beams(name, Beam(kind="beam", size=1, length_penalty=length_penalty), end=end), greedy(name, 6, end)
    np.testing.assert_array_equal(found.tokens[:, 0], expected.tokens)
    np.testing.assert_array_equal(found.lengths[:, 0], expected.lengths)


def test_rows_that_the_cores_share_have_the_texts_that_they_have_together():
    """Of two cores: three rows stay together, two are divided."""
    name, decoder = NAMES[1], FOUR
    end = an_end(name)
    expected, found = beams(name, decoder, end=end), beams(name, decoder, end=end, rows=slice(2))
    np.testing.assert_array_equal(found.tokens, expected.tokens[:2])
    np.testing.assert_allclose(found.scores, expected.scores[:2], rtol=1e-5)


@EVERY
def test_a_score_is_the_log_probability_of_its_text_over_the_penalty(name):
    """Also where the beams were reordered under way: each text read again at once has the score that the search gave it."""
    end, alpha = an_end(name), FOUR.length_penalty
    found = beams(name, FOUR, end=end)
    assert np.isfinite(found.scores).all()
    assert (np.diff(found.scores, axis=1) <= 0).all(), "the best first"
    for row, beam in np.ndindex(found.lengths.shape):
        n = int(found.lengths[row, beam])
        text = found.tokens[row, beam, :n].tolist()
        assert end not in text[:-1]
        assert n == 6 or text[-1] == end
        assert found.tokens[row, beam, n:].tolist() == [end] * (6 - n)
        np.testing.assert_allclose(found.scores[row, beam], rescored(name, row, text) / ((5 + n) / 6) ** alpha, rtol=1e-4)
    for row in range(3):
        assert len({tuple(text) for text in found.tokens[row].tolist()}) == 4, "a text was found twice"


@pytest.mark.parametrize(("end", "length_penalty"), [(None, 0.0), (2, 1.0)])
def test_enough_beams_find_the_best_of_all_texts(end, length_penalty):
    """Every text of at most three symbols is scored by itself, with logits cut to four symbols, as a translator's may be fewer than its
    vocabulary."""
    symbols, steps, size = 4, 3, 64
    config, params, (carry, logits) = CONFIGS["attention, rotary"], parameters("attention, rotary"), prompted("attention, rotary")
    kind = MODELS[type(config)]
    narrow = lambda config, params: jax.tree.map(lambda leaf: leaf[..., :symbols], kind.output(config, params))
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(MODELS, type(config), kind._replace(output=narrow))
        decoder = Beam(kind="beam", size=size, length_penalty=length_penalty)
        run = jax.jit(beam_search.__wrapped__, static_argnames=("config", "decoder", "steps", "end"))
        patch.setattr("research.models.beam.decode_chunk", decode_chunk.__wrapped__)
        found = jax.device_get(run(config, params, carry, logits[:, :symbols], decoder=decoder, steps=steps, end=end))
    ended = lambda text: end in text
    every = [text for n in (1, 2, 3) for text in itertools.product(range(symbols), repeat=n)]
    every = [text for text in every if not ended(text[:-1]) and (len(text) == steps or ended(text))]
    for row in range(3):
        scores = {text: narrow_score(row, text, symbols) / ((5 + len(text)) / 6) ** length_penalty for text in every}
        best = sorted(scores, key=lambda text: -scores[text])
        shown = [tuple(text[:n].tolist()) for text, n in zip(found.tokens[row], found.lengths[row], strict=True)]
        assert shown[: len(best)] == best
        np.testing.assert_allclose(found.scores[row, : len(best)], [scores[text] for text in best], rtol=1e-4, atol=1e-5)
        assert np.isneginf(found.scores[row, len(best) :]).all(), "there are no other texts"


@cache
def narrow_score(row, text, symbols):
    prompt = PROMPTS[row][VALID[row]]
    whole = np.zeros((1, CAPACITY), np.int32)
    whole[0, : len(prompt) + len(text)] = [*prompt, *text]
    start = MODELS[type(CONFIGS["attention, rotary"])].empty(CONFIGS["attention, rotary"], 1, CAPACITY, VOCABULARY)
    logits = forward("attention, rotary")(start, whole, np.arange(CAPACITY)[None] < len(prompt) + len(text))[1][0, :, :symbols]
    log_p = np.asarray(jax.nn.log_softmax(logits, axis=-1))
    return float(sum(log_p[len(prompt) - 1 + i, symbol] for i, symbol in enumerate(text)))


def test_a_row_alone_gives_what_it_gives_in_a_batch():
    """Also where the others stop later."""
    name, decoder = NAMES[1], FOUR
    end = an_end(name)
    together = beams(name, decoder, end=end)
    assert len({*together.lengths.max(axis=1)} | {*together.lengths.min(axis=1)}) > 1
    for row in range(3):
        alone = beams(name, decoder, end=end, rows=slice(row, row + 1))
        np.testing.assert_array_equal(alone.tokens[0], together.tokens[row])
        np.testing.assert_allclose(alone.scores[0], together.scores[row], rtol=1e-5)


def test_more_beams_than_symbols_are_no_texts():
    name = "feed-forward, direct"
    found = beams(name, Beam(kind="beam", size=VOCABULARY + 4), steps=1)
    assert np.isfinite(found.scores[:, :VOCABULARY]).all()
    assert np.isneginf(found.scores[:, VOCABULARY:]).all()


@pytest.mark.parametrize("name", ["lstm, learned, rms, silu", *NAMES])
def test_rows_of_a_carry_are_the_carry_of_those_rows(name):
    """Stacked and unstacked alike; a row may come twice."""
    kind, config, index = MODELS[type(CONFIGS[name])], CONFIGS[name], jnp.array([2, 0, 2])
    carry, _ = prompted(name)
    tokens, valid = jnp.asarray(PROMPTS)[index], jnp.asarray(VALID)[index]
    expected, _ = forward(name)(kind.empty(config, 3, CAPACITY, VOCABULARY), tokens, valid)
    unstacked = lambda carry: kind.unstack(config, parameters(name), carry)[2]
    for of in (lambda carry: carry, unstacked):
        jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), kind.rows(of(carry), index), of(expected))
