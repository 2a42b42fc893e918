"""Shares of languages against fractions and logarithms, and fertility against a count by hand."""

from decimal import Decimal, getcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.config.errors import StepladderError
from research.data.mixing import character_coverage, characters_a_piece, draw_mix, expected_passes, fertility, proportions
from research.text.tokenizers.tokenizer import train_tokenizer

getcontext().prec = 50
counts = st.dictionaries(st.text(min_size=1, max_size=2), st.integers(1, 10**12), min_size=1, max_size=8)


@given(counts)
def test_alpha_one_is_the_texts_own_share_and_zero_an_even_one(sizes):
    own, even = proportions(sizes, 1.0), proportions(sizes, 0.0)
    for name, size in sizes.items():
        assert own[name] == pytest.approx(float(Fraction(size, sum(sizes.values()))), rel=1e-12)
        assert even[name] == pytest.approx(float(Fraction(1, len(sizes))), rel=1e-12)


@given(counts, st.floats(0, 2))
def test_between_them_shares_are_powers(sizes, alpha):
    powers = {name: (Decimal(size).ln() * Decimal(alpha)).exp() for name, size in sizes.items()}
    found = proportions(sizes, alpha)
    assert sum(found.values()) == pytest.approx(1.0, abs=1e-12)
    for name, power in powers.items():
        assert found[name] == pytest.approx(float(power / sum(powers.values())), abs=1e-12)


@given(counts, st.floats(0, 1), st.integers(1, 10**9))
def test_passes_times_sizes_are_what_is_drawn(sizes, alpha, drawn):
    passes = expected_passes(sizes, alpha, drawn)
    assert sum(passes[name] * size for name, size in sizes.items()) == pytest.approx(drawn)
    assert min(passes.values()) == pytest.approx(passes[max(sizes, key=sizes.__getitem__)])  # the largest is read the least


def test_a_language_without_text_is_named():
    with pytest.raises(StepladderError, match="de has none"):
        proportions({"en": 5, "de": 0}, 0.5)


def test_fertility_is_pieces_a_word():
    tokenizer = train_tokenizer(["low low low lower"], "bpe", 12)  # l, o, w, lo, low, " low"
    assert fertility(tokenizer, ["low low", "lower"]) == pytest.approx((1 + 1 + 3) / 3)
    with pytest.raises(StepladderError, match="no word"):
        fertility(tokenizer, ["", " "])


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.integers(1, 300), st.integers(0, 9))
def test_a_mix_has_each_language_by_its_share_and_no_line_twice_more_than_another(sizes, alpha, drawn, seed):
    texts = {str(i): [f"{i} {line}" for line in range(size)] for i, size in enumerate(sizes)}
    mix = draw_mix(texts, alpha, drawn, np.random.default_rng(seed))
    shares = proportions({name: len(lines) for name, lines in texts.items()}, alpha)
    assert sum(map(len, mix.values())) == drawn
    for name, lines in mix.items():
        assert abs(len(lines) - drawn * shares[name]) < 1 + 1e-9
        times = [lines.count(line) for line in texts[name]]
        assert sum(times) == len(lines)
        assert max(times) - min(times) <= 1


def test_as_many_lines_as_there_are_are_these_lines_at_alpha_one():
    texts = {"en": ["a", "b", "c", "d", "e"], "de": ["x", "y"]}
    assert draw_mix(texts, 1.0, 7, np.random.default_rng(0)) == texts
    with pytest.raises(StepladderError, match="de has none"):
        draw_mix({"en": ["a"], "de": []}, 0.5, 2, np.random.default_rng(0))


def test_characters_a_piece_and_coverage_by_hand():
    tokenizer = train_tokenizer(["low low low lower"], "bpe", 12)
    assert characters_a_piece(tokenizer, ["low low", "lower"]) == pytest.approx((3 + 4 + 5) / (1 + 1 + 3))
    assert character_coverage(tokenizer, ["low", "lox", "ößx"]) == pytest.approx(5 / 9)
    assert character_coverage(train_tokenizer(["a"], "byte_bpe", 258), ["ö"]) == 1.0
    for measure in (characters_a_piece, character_coverage):
        with pytest.raises(StepladderError, match="this"):
            measure(tokenizer, [""])
