"""Text drawn from a model: greedy is what the uncached model finds likeliest, padding changes nothing, chance belongs to key and row."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from whole_models import CONFIGS, FAST_COMPILATION, LENGTH, VOCABULARY, parameters, uncached

from research.models.decode import choose, furthest, prefill, proceed

PROMPT, STEPS = 5, 6
COUNT = np.array([5, 3, 1])  # tokens of each prompt
PROMPTS = np.random.default_rng(3).integers(VOCABULARY, size=(3, PROMPT), dtype=np.int32)
RIGHT = np.arange(PROMPT) < COUNT[:, None]  # padded on the right
LEFT = RIGHT[:, ::-1]
INNER = np.array([[1, 1, 1, 1, 1], [1, 0, 1, 0, 1], [0, 0, 1, 0, 0]], bool)
DECODED = pytest.mark.parametrize(
    "name", ["attention, learned", "attention, rotary", "gru + attention, t5", "convolution + window, rotary", "feed-forward, direct"]
)


def placed(valid):
    """The prompts with their tokens at the places that exist; the others hold a symbol that must not matter."""
    tokens = np.full_like(PROMPTS, 7)
    for row, exists in enumerate(valid):
        tokens[row, exists] = PROMPTS[row, : COUNT[row]]
    return tokens


@cache
def compiled(name, rows=3, prompt=PROMPT, temperature=0.0):
    config, params = CONFIGS[name], parameters(name)
    key, tokens, valid = jax.random.key(0), jnp.zeros((rows, prompt), jnp.int32), jnp.ones((rows, prompt), bool)
    words = {"capacity": LENGTH, "vocabulary": VOCABULARY, "temperature": temperature}
    first = prefill.lower(config, params, tokens, valid, key, **words)
    carry, token = jax.eval_shape(lambda: prefill(config, params, tokens, valid, key, **words))
    rest = proceed.lower(config, params, carry, token, key, steps=STEPS, temperature=temperature)
    return first.compile(FAST_COMPILATION), rest.compile(FAST_COMPILATION)


def draw(name, tokens, valid, key=0, temperature=0.0):
    first, rest = compiled(name, *tokens.shape, temperature)
    key = jax.random.key(key)
    carry, token = first(parameters(name), tokens, valid, key)
    return np.concatenate([np.asarray(token)[:, None], rest(parameters(name), carry, token, key)[1]], axis=1)


@DECODED
def test_greedy_text_is_what_the_uncached_model_finds_likeliest(name):
    text = draw(name, placed(RIGHT), RIGHT)
    whole = np.zeros((3, LENGTH), np.int32)
    for row, n in enumerate(COUNT):
        whole[row, : n + STEPS] = [*PROMPTS[row, :n], *text[row, :-1]]
    logits = uncached(name)(whole, np.arange(LENGTH) < COUNT[:, None] + STEPS)
    for row, n in enumerate(COUNT):
        np.testing.assert_array_equal(logits[row].argmax(axis=-1)[n - 1 : n + STEPS], text[row])


@DECODED
def test_where_a_prompt_is_padded_does_not_matter(name):
    expected = draw(name, placed(RIGHT), RIGHT)
    for valid in (LEFT, INNER):
        np.testing.assert_array_equal(draw(name, placed(valid), valid), expected)


def test_a_prompt_alone_gives_the_text_that_it_gives_in_a_batch():
    name, row, n = "attention, learned", 1, COUNT[1]
    alone = draw(name, PROMPTS[row : row + 1, :n], np.ones((1, n), bool))
    np.testing.assert_array_equal(alone[0], draw(name, placed(LEFT), LEFT)[row])


def test_a_drawn_text_is_a_function_of_its_prompt_key_and_row():
    name = "attention, rotary"
    sample = lambda tokens, valid, key=5: draw(name, tokens, valid, key, 1.0)
    text, others = sample(placed(RIGHT), RIGHT), placed(RIGHT)
    np.testing.assert_array_equal(text, sample(placed(LEFT), LEFT))
    others[[0, 2]] = (others[[0, 2]] + 1) % VOCABULARY
    np.testing.assert_array_equal(text[1], sample(others, RIGHT)[1])
    np.testing.assert_array_equal(text[:2], sample(placed(RIGHT)[:2], RIGHT[:2]))
    assert (text != sample(placed(RIGHT), RIGHT, key=6)).any()
    same = sample(np.broadcast_to(PROMPTS[:1], PROMPTS.shape), np.ones_like(RIGHT))
    assert (same[0] != same[1]).any(), "rows with one prompt draw their own text"


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_a_drawn_token_follows_softmax_of_logits_over_temperature(temperature):
    logits, n = jnp.array([1.0, 0.0, -1.0, 2.0, 0.5]), 20_000
    keys = jax.vmap(lambda i: jax.random.fold_in(jax.random.key(0), i))(jnp.arange(n))
    drawn = jax.jit(choose, static_argnums=2)(jnp.broadcast_to(logits, (n, 5)), keys, temperature)
    expected = n * np.asarray(jax.nn.softmax(logits / temperature), np.float64)
    found = np.bincount(drawn, minlength=5)
    assert stats.chisquare(found, expected * found.sum() / expected.sum()).pvalue > 0.01


def test_temperature_zero_is_the_likeliest_token():
    logits = jnp.array([[0.0, 3.0, 1.0], [2.0, -1.0, 1.9]])
    assert choose(logits, jax.random.split(jax.random.key(0)), 0.0).tolist() == [1, 0]


def test_learned_positions_alone_end():
    ends = {name for name, config in CONFIGS.items() if furthest(config, LENGTH) is not None}
    assert ends == {"lstm, learned, rms, silu", "attention, learned"}
    assert furthest(CONFIGS["attention, learned"], LENGTH) == LENGTH
