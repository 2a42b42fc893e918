"""Blocks hold every word with its own neighbours, in the proportions that are promised."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from research.config.errors import StepladderError
from research.config.word_vectors import WordVectorsConfig
from research.data.word_windows import draw_noise, epoch_blocks, keep_probability, noise_cumulative, training_sentences

texts = st.lists(st.lists(st.integers(0, 6), max_size=9), min_size=1, max_size=9)


def sentences(lines, types=7, dropped=()):
    tokens = np.array([token for line in lines for token in line], np.int32)
    lines = np.repeat(np.arange(len(lines)), [len(line) for line in lines]).astype(np.int32)
    return training_sentences(tokens, lines, ~np.isin(np.arange(types), dropped))


def pairs_of(config, blocks):
    """The (word, neighbour) pairs of blocks, by loops."""
    found = []
    for words, left, right in zip(blocks.words, blocks.left, blocks.right, strict=True):
        for i in range(config.block):
            centre = i + config.window
            found += [(words[centre], words[j]) for j in range(centre - left[i], centre + right[i] + 1) if j != centre]
    return found


@settings(deadline=None)
@given(texts, st.integers(0, 5), st.integers(1, 7), st.integers(1, 30))
def test_a_window_of_one_gives_each_pair_of_neighbours_both_ways(lines, dropped, block, chunk):
    kept = [[word for word in line if word != dropped] for line in lines]
    if len({word for line in kept for word in line}) < 2:
        return
    config = WordVectorsConfig(window=1, block=block, sample=0.0)
    blocks = epoch_blocks(config, sentences(lines, dropped=[dropped]), 0, 0, chunk)
    expected = [pair for line in kept for one, other in pairwise(line) for pair in ((one, other), (other, one))]
    assert sorted(pair for some in blocks for pair in pairs_of(config, some)) == sorted(expected)


def test_reach_is_uniform_within_the_window_and_equal_on_both_sides():
    config = WordVectorsConfig(window=4, block=50, sample=0.0)
    (blocks,) = epoch_blocks(config, sentences([[0, 1] * 10_000]), 3, 0)
    inside = slice(4, 19_996)
    left, right = blocks.left.ravel()[inside], blocks.right.ravel()[inside]
    np.testing.assert_array_equal(left, right)
    assert chisquare(np.bincount(left)[1:]).pvalue > 1e-3


def test_frequent_words_are_thinned_out_as_often_as_promised():
    line = [0] * 900 + [1] * 90 + [2] * 10
    text = sentences([line] * 50)
    config = WordVectorsConfig(window=1, block=10, sample=0.02)
    (blocks,) = epoch_blocks(config, text, 0, 0)
    inside = blocks.words[:, 1:-1].ravel()[: np.count_nonzero(blocks.left + blocks.right)]
    seen = np.bincount(inside, minlength=3)
    keep = keep_probability(text.counts[:3], 0.02)
    assert keep[2] == 1.0
    ratio = 0.02 / 0.9
    assert keep[0] == pytest.approx(ratio**0.5 + ratio)
    deviation = np.sqrt(text.counts[:3] * keep * (1 - keep))
    np.testing.assert_array_less(np.abs(seen - text.counts[:3] * keep), 4 * deviation + 3)


@pytest.mark.parametrize("power", [0.0, 0.75, 1.0])
def test_noise_follows_the_counts_to_a_power(power):
    counts = np.array([500, 0, 40, 1, 7])
    drawn = np.bincount(draw_noise(np.random.default_rng(0), noise_cumulative(counts, power), (400, 50)).ravel(), minlength=5)
    weight = np.where(counts > 0, counts**power, 0)
    assert drawn[1] == 0
    assert chisquare(drawn[counts > 0], 20_000 * (weight / weight.sum())[counts > 0]).pvalue > 1e-3


def test_the_rate_falls_in_a_straight_line_over_all_epochs_whatever_the_chunks():
    config = WordVectorsConfig(block=10, window=2, sample=0.0, epochs=3, learning_rate=0.3, final_learning_rate=0.0)
    text = sentences([[0, 1, 2, 3, 4]] * 40)
    for chunk in (1000, 50):
        rates = np.concatenate([blocks.learning_rate for epoch in range(3) for blocks in epoch_blocks(config, text, 0, epoch, chunk)])
        np.testing.assert_allclose(rates, 0.3 * (1 - np.arange(60) / 60), rtol=1e-5)


def test_blocks_are_a_function_of_seed_and_epoch():
    text = sentences([[0, 1, 2, 3], [4, 5], [6, 1, 0]] * 20)
    config = WordVectorsConfig(block=8)
    blocks = {(seed, epoch): next(epoch_blocks(config, text, seed, epoch)) for seed in (0, 1) for epoch in (0, 1)}
    again = next(epoch_blocks(config, text, 1, 0))
    assert all(np.array_equal(one, other) for one, other in zip(again, blocks[1, 0], strict=True))
    orders = {one.words.tobytes() for one in blocks.values()}
    assert len(orders) == 4


def test_a_text_of_one_type_is_refused():
    with pytest.raises(StepladderError, match="two types or more; of 4 tokens 3 are left, of 1 types"):
        sentences([[0, 0, 1, 0]], dropped=[1])
