"""What holds for every model: the law of the chunk, validity, causality, independent rows, and decoding as in training."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from whole_models import ALL, BATCH, CONFIGS, GAPS, LENGTH, TOKENS, VOCABULARY, empty, forward, influence, parameters, uncached

from research.models import language_model

CAUSAL = ("elman, bare, tied", "attention, learned", "gru + attention, t5", "convolution + window, rotary", "feed-forward, direct")
EVERY = pytest.mark.parametrize("name", CONFIGS)
CLOSE = {"atol": 1e-5, "rtol": 1e-5}


def shown(valid, logits):
    return np.where(valid[..., None], logits, 0)


def assert_close(a, b):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, **CLOSE), a, b)


@EVERY
def test_any_cut_gives_the_same(name):
    """Cut by validity: the first chunk holds the tokens before the cut, the second the others, each with the gaps of the whole."""
    run, start = forward(name), empty(name)
    for valid in (ALL, GAPS):
        after, whole = run(start, TOKENS, valid)
        for cut in (1, 5, 11):
            before = valid & (np.arange(LENGTH) < cut)
            middle, first = run(start, TOKENS, before)
            end, second = run(middle, TOKENS, valid & ~before)
            assert_close(shown(before, first) + shown(valid & ~before, second), shown(valid, whole))
            assert_close(end, after)


@pytest.mark.parametrize("name", [name for name in CONFIGS if "attention" in name])
def test_one_token_at_a_time_gives_what_training_gives(name):
    """The cached logits of generation are the uncached ones, also of rows with gaps."""
    for valid in (ALL, GAPS):
        carry, logits = empty(name), 0
        for i in range(LENGTH):
            now = valid & (np.arange(LENGTH) == i)
            carry, found = forward(name)(carry, TOKENS, now)
            logits += shown(now, found)
        expected = uncached(name)(TOKENS, valid)
        np.testing.assert_allclose(logits, shown(valid, expected), **CLOSE)


@EVERY
def test_what_does_not_exist_changes_nothing(name):
    run, start = forward(name), empty(name)
    carry, logits = run(start, TOKENS, GAPS)
    carry_other, logits_other = run(start, np.where(GAPS, TOKENS, 0), GAPS)
    jax.tree.map(np.testing.assert_array_equal, carry, carry_other)
    np.testing.assert_array_equal(shown(GAPS, logits), shown(GAPS, logits_other))


@EVERY
def test_gaps_are_as_if_never_there(name):
    """A row with gaps, packed to the left, gives the same logits in the same order, and the same carry."""
    run, count = forward(name), GAPS.sum(axis=1)
    packed = np.stack([np.pad(row[exists], (0, LENGTH - exists.sum())) for row, exists in zip(TOKENS, GAPS, strict=True)])
    exists = np.arange(LENGTH) < count[:, None]
    carry, logits = run(empty(name), TOKENS, GAPS)
    carry_packed, expected = run(empty(name), packed, exists)
    assert_close(carry, carry_packed)
    for row in range(BATCH):
        np.testing.assert_allclose(logits[row][GAPS[row]], expected[row][exists[row]], **CLOSE)


@pytest.mark.parametrize("name", CAUSAL)
def test_no_output_depends_on_a_later_token_or_another_row(name):
    """Every symbol stands once in the batch, so the gradient by a row of the embedding is the influence of one place."""
    for time in range(LENGTH):
        found = np.abs(influence(name)(TOKENS, ALL, 1, time)).sum(axis=1)[TOKENS]  # [row, time]
        assert not found[1, time + 1 :].any(), "an output depends on a later token"
        assert not found[[0, 2]].any(), "an output depends on another row"
        assert found[1, time], "an output does not depend on its own token"


@EVERY
def test_a_row_does_not_depend_on_its_place(name):
    _, logits = forward(name)(empty(name), TOKENS, GAPS)
    _, turned = forward(name)(empty(name), TOKENS[::-1], GAPS[::-1])
    np.testing.assert_array_equal(shown(GAPS, logits), shown(GAPS, turned[::-1]))


def test_the_embedding_scale_is_that_of_the_words_alone():
    """sqrt_width is the table times sqrt(8), with the positions as they were."""
    config, params = CONFIGS["attention, sinusoidal"], parameters("attention, sinusoidal")
    unscaled, scaled = config.model_copy(update={"embedding_scale": 1.0}), params.replace(embedding=8**0.5 * params.embedding)
    start, tokens, valid = empty("attention, sinusoidal"), jnp.asarray(TOKENS), jnp.asarray(ALL)
    hidden = lambda config, params: language_model.hidden(config, params, start, tokens, valid)[1]
    np.testing.assert_allclose(hidden(config, params), hidden(unscaled, scaled), **CLOSE)


def test_every_symbol_stands_once():
    """What the causality test relies on."""
    assert sorted(np.ravel(TOKENS)) == list(range(VOCABULARY))
