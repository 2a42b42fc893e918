"""Hidden tokens: as many as the words say, in spans, replaced as they say; in evaluation each once, by its number in the split alone."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.config.task import MaskedLanguageModelling
from research.tasks.masking import evaluation_groups, group_of_token, hidden_count, hide_tokens

ROWS, LENGTH, SYMBOLS = 64, 32, 50
TOKENS = jnp.asarray(np.random.default_rng(0).integers(SYMBOLS, size=(ROWS, LENGTH)), jnp.int32)


def words(**changes):
    return MaskedLanguageModelling(kind="masked_language_modelling", **changes)


@cache
def compiled(config):
    return jax.jit(lambda key: hide_tokens(config, TOKENS, key, SYMBOLS))


def hidden(config, seed=0):
    inputs, where = compiled(config)(jax.random.key(seed))
    return np.asarray(inputs), np.asarray(where)


@pytest.mark.parametrize("config", [words(), words(share=0.5, span=3), words(span=100), words(share=0.01)])
def test_as_many_of_each_row_are_hidden_and_only_they_change(config):
    inputs, where = hidden(config)
    assert where.shape == (ROWS, hidden_count(config, LENGTH))
    assert (np.diff(where, axis=1) > 0).all(), "in ascending order, none twice"
    changed = inputs != np.asarray(TOKENS)
    np.put_along_axis(changed, where, False, axis=1)
    assert not changed.any()


def test_hidden_tokens_are_masked_drawn_or_kept_as_often_as_the_words_say():
    config = words(share=0.5, masked=0.6, random=0.3)
    parts = [hidden(config, seed) for seed in range(20)]
    read = np.concatenate([np.take_along_axis(inputs, where, axis=1) for inputs, where in parts])
    true = np.concatenate([np.take_along_axis(np.asarray(TOKENS), where, axis=1) for _, where in parts])
    masked, same = (read == SYMBOLS).mean(), (read == true).mean()
    assert abs(masked - 0.6) < 4 * (0.24 / read.size) ** 0.5
    assert abs(same - (0.1 + 0.3 / SYMBOLS)) < 4 * (0.09 / read.size) ** 0.5
    assert read.max() == SYMBOLS, "what is drawn is a symbol"


def test_masked_alone_leaves_no_token_to_be_copied():
    inputs, where = hidden(words(masked=1.0, random=0.0))
    assert (np.take_along_axis(inputs, where, axis=1) == SYMBOLS).all()


def test_every_place_is_hidden_equally_often():
    counts = np.zeros(LENGTH)
    config = words(share=0.25, span=4)
    for seed in range(40):
        counts += np.bincount(hidden(config, seed)[1].ravel(), minlength=LENGTH)
    share = counts / (40 * ROWS)
    assert abs(share - 0.25).max() < 0.06


def test_neighbours_are_hidden_together():
    alone, together = (np.diff(hidden(words(share=0.25, span=span))[1], axis=1) == 1 for span in (1, 4))
    assert together.mean() > 0.55 > 0.35 > alone.mean()


@settings(max_examples=50, deadline=None)
@given(st.floats(0.01, 0.5), st.integers(1, 20), st.integers(1, 5000))
def test_in_evaluation_each_token_is_hidden_once_and_about_the_share_at_a_time(share, span, n):
    config = words(share=share, span=span)
    numbers, groups = np.arange(n), evaluation_groups(config)
    group = group_of_token(config, numbers)
    assert ((group >= 0) & (group < groups)).all()
    assert groups * share >= 1 - 1e-9
    whole = n // (span * groups) * span * groups  # spans come in rounds, each of which has every group once
    np.testing.assert_array_equal(np.bincount(group[:whole], minlength=groups), whole // groups)
    np.testing.assert_array_equal(group, group_of_token(config, numbers[::-1])[::-1])
    np.testing.assert_array_equal(group, group[numbers // span * span])


def test_probabilities_above_one_are_refused():
    with pytest.raises(ValueError, match="more than 1 together"):
        words(masked=0.8, random=0.3)
