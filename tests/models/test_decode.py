"""Text drawn from a model: greedy is what the uncached model finds likeliest, padding changes nothing, chance belongs to key and row."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_models import CONFIGS, FAST_COMPILATION, LENGTH, VOCABULARY, empty, parameters, uncached

from research.config.decoding import Greedy, TemperatureSampling
from research.models.decode import ReachablePositions, decode_chunk, generate_tokens, reachable_positions, text_lengths, without_end

PROMPT, STEPS = 5, 6
COUNT = np.array([5, 3, 1])  # tokens of each prompt
PROMPTS = np.random.default_rng(3).integers(VOCABULARY, size=(3, PROMPT), dtype=np.int32)
RIGHT = np.arange(PROMPT) < COUNT[:, None]  # padded on the right
LEFT = RIGHT[:, ::-1]
INNER = np.array([[1, 1, 1, 1, 1], [1, 0, 1, 0, 1], [0, 0, 1, 0, 0]], bool)
SAMPLE = TemperatureSampling(kind="sample")
BOTH = pytest.mark.parametrize(  # both ways to choose a symbol, and both ways to remember what was written
    ("name", "decoder"), [("attention, learned", Greedy()), ("feed-forward, direct", SAMPLE)], ids=["greedy", "sample"]
)
EVERY = pytest.mark.parametrize("name", CONFIGS)
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
def read(name, rows=3, prompt=PROMPT):
    """`advance` of a model, compiled: (tokens, valid) -> (carry, logits)."""
    tokens, valid = jnp.zeros((rows, prompt), jnp.int32), jnp.ones((rows, prompt), bool)
    made = decode_chunk.lower(CONFIGS[name], parameters(name), empty(name, rows), tokens, valid).compile(FAST_COMPILATION)
    return lambda tokens, valid: made(parameters(name), empty(name, rows), tokens, valid)


@cache
def loop(name, rows=3, decoder=Greedy(), end=None):  # noqa: B008
    """`draw` of a model, compiled: (carry, logits, key, numbers) -> texts."""
    carry, logits = read(name, rows)(np.zeros((rows, PROMPT), np.int32), np.ones((rows, PROMPT), bool))
    words = {"decoder": decoder, "steps": STEPS, "end": end}
    made = generate_tokens.lower(CONFIGS[name], parameters(name), carry, logits, jax.random.key(0), rows=jnp.arange(rows), **words)
    made = made.compile(FAST_COMPILATION)
    return lambda carry, logits, key, numbers: made(parameters(name), carry, logits, key, rows=numbers)


def texts(name, tokens, valid, key=0, decoder=None, end=None, numbers=None):
    rows = len(tokens)
    numbers = jnp.arange(rows) if numbers is None else jnp.asarray(numbers)
    carry, logits = read(name, *tokens.shape)(tokens, valid)
    return jax.device_get(loop(name, rows, decoder or Greedy(), end)(carry, logits, jax.random.key(key), numbers))


@DECODED
def test_greedy_text_is_what_the_uncached_model_finds_likeliest(name):
    text = texts(name, placed(RIGHT), RIGHT).tokens
    whole = np.zeros((3, LENGTH), np.int32)
    for row, n in enumerate(COUNT):
        whole[row, : n + STEPS] = [*PROMPTS[row, :n], *text[row]]
    logits = uncached(name)(whole, np.arange(LENGTH) < COUNT[:, None] + STEPS)
    for row, n in enumerate(COUNT):
        np.testing.assert_array_equal(logits[row].argmax(axis=-1)[n - 1 : n + STEPS - 1], text[row])


@EVERY
def test_the_logits_of_a_prompt_are_the_uncached_ones_wherever_it_is_padded(name):
    whole = np.pad(placed(RIGHT), ((0, 0), (0, LENGTH - PROMPT)))
    expected = uncached(name)(whole, np.pad(RIGHT, ((0, 0), (0, LENGTH - PROMPT))))[np.arange(3), COUNT - 1]
    for valid in (RIGHT, LEFT, INNER):
        np.testing.assert_allclose(read(name)(placed(valid), valid)[1], expected, atol=1e-5, rtol=1e-5)


@DECODED
def test_where_a_prompt_is_padded_does_not_matter(name):
    expected = texts(name, placed(RIGHT), RIGHT).tokens
    for valid in (LEFT, INNER):
        np.testing.assert_array_equal(texts(name, placed(valid), valid).tokens, expected)


@BOTH
def test_a_prompt_alone_gives_the_text_that_it_gives_in_a_batch(name, decoder):
    row, n = 1, COUNT[1]
    alone = np.zeros((1, PROMPT), np.int32)
    alone[0, :n] = PROMPTS[row, :n]
    found = texts(name, alone, RIGHT[row : row + 1], decoder=decoder, numbers=[row]).tokens[0]
    np.testing.assert_array_equal(found, texts(name, placed(LEFT), LEFT, decoder=decoder).tokens[row])


def test_a_drawn_text_is_a_function_of_its_prompt_key_and_row():
    name = "attention, rotary"
    sample = lambda tokens, valid, key=5, numbers=None: texts(name, tokens, valid, key, SAMPLE, numbers=numbers).tokens
    text, others = sample(placed(RIGHT), RIGHT), placed(RIGHT)
    np.testing.assert_array_equal(text, sample(placed(LEFT), LEFT))
    others[[0, 2]] = (others[[0, 2]] + 1) % VOCABULARY
    np.testing.assert_array_equal(text[1], sample(others, RIGHT)[1])
    turned = sample(placed(RIGHT)[::-1].copy(), RIGHT[::-1].copy(), numbers=[2, 1, 0])
    np.testing.assert_array_equal(text, turned[::-1])
    assert (text != sample(placed(RIGHT), RIGHT, key=6)).any()
    same = sample(np.broadcast_to(PROMPTS[:1], PROMPTS.shape), np.ones_like(RIGHT))
    assert (same[0] != same[1]).any(), "rows with one prompt draw their own text"


@BOTH
def test_a_row_ends_with_its_first_end_and_leaves_the_others_as_they_are(name, decoder):
    """Each symbol of the endless texts is in turn the end: a text is the endless one up to and with it, and ends behind."""
    endless = texts(name, placed(RIGHT), RIGHT, decoder=decoder)
    np.testing.assert_array_equal(endless.lengths, STEPS)
    for end in {int(endless.tokens[0, 0]), int(endless.tokens[1, 2]), int(endless.tokens[2, -1])}:
        found = texts(name, placed(RIGHT), RIGHT, decoder=decoder, end=end)
        for row in range(3):
            text = endless.tokens[row].tolist()
            n = text.index(end) + 1 if end in text else STEPS
            assert found.lengths[row] == n
            assert found.tokens[row].tolist() == text[:n] + [end] * (STEPS - n)


@BOTH
def test_rows_that_the_cores_share_have_the_texts_that_they_have_together(name, decoder):
    """Of two cores: three rows stay together, four are divided."""
    again, valid = [0, 1, 2, 0], np.asarray(RIGHT)
    end = int(texts(name, placed(RIGHT), RIGHT, decoder=decoder).tokens[1, 2])
    expected = texts(name, placed(RIGHT), RIGHT, decoder=decoder, end=end)
    found = texts(name, placed(RIGHT)[again], valid[again], decoder=decoder, end=end, numbers=again)
    np.testing.assert_array_equal(found.tokens, expected.tokens[again])
    np.testing.assert_array_equal(found.lengths, expected.lengths[again])


def test_the_loop_stops_when_every_row_has_ended():
    """A limit of millions costs nothing where the first symbol is the end."""
    name = "attention, learned"
    first = int(texts(name, placed(RIGHT)[:1], RIGHT[:1]).tokens[0, 0])
    carry, logits = read(name, 1)(placed(RIGHT)[:1], RIGHT[:1])
    limit = 1 << 22
    found = generate_tokens(CONFIGS[name], parameters(name), carry, logits, jax.random.key(0), decoder=Greedy(), steps=limit, end=first)
    assert found.lengths.tolist() == [1]


def test_prompts_of_one_shape_share_one_compiled_loop():
    name = "feed-forward, direct"
    before = (decode_chunk._cache_size(), generate_tokens._cache_size())
    for valid in (RIGHT, LEFT, INNER):
        for key in (0, 1):
            carry, logits = decode_chunk(CONFIGS[name], parameters(name), empty(name), jnp.asarray(placed(valid)), jnp.asarray(valid))
            words = {"decoder": SAMPLE, "steps": STEPS, "end": 3}
            generate_tokens(CONFIGS[name], parameters(name), carry, logits, jax.random.key(key), **words)
    assert (decode_chunk._cache_size() - before[0], generate_tokens._cache_size() - before[1]) == (1, 1)


def test_a_text_is_shown_without_its_end():
    tokens = np.array([[4, 9, 9], [4, 5, 6], [9, 9, 9], [1, 2, 9]])
    found = np.asarray(text_lengths(jnp.asarray(tokens), 9))
    assert found.tolist() == [2, 3, 1, 3]
    shown = [without_end(row, int(n), 9).tolist() for row, n in zip(tokens, found, strict=True)]
    assert shown == [[4], [4, 5, 6], [], [1, 2]]
    assert without_end(tokens[0], 3, None).tolist() == [4, 9, 9]


def test_learned_positions_alone_end():
    ends = {name for name, config in CONFIGS.items() if reachable_positions(config, LENGTH).text is not None}
    assert ends == {"lstm, learned, rms, silu", "attention, learned"}
    assert reachable_positions(CONFIGS["attention, learned"], LENGTH) == ReachablePositions(None, LENGTH)
