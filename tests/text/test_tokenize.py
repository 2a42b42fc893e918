"""Tokens lose nothing but white space, and only line ends are added."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.text.tokenize import LINE_END, english_words, join, tokenize

words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1).filter(
    lambda word: word.split() == [word] and word != "</s>"
)
lines = st.lists(st.lists(words), min_size=1)


@pytest.mark.parametrize("level", ["char", "byte"])
@given(text=st.text())
def test_characters_and_bytes_round_trip_any_unicode(level, text):
    assert join(tokenize(text, level), level) == text


@given(text=st.text())
def test_bytes_are_those_of_utf8(text):
    assert [ord(token) for token in tokenize(text, "byte")] == list(text.encode("utf-8"))


@given(lines)
def test_words_round_trip_and_every_line_has_one_end(lines):
    text = "".join(" ".join(line) + "\n" for line in lines)
    tokens = tokenize(text, "word")
    assert tokens == [token for line in lines for token in (*line, "</s>")]
    assert join(tokens, "word") == text


@given(lines)
def test_the_kind_of_white_space_does_not_matter(lines):
    spaced = "".join("\t " + " \u00a0".join(line) + " \r\n" for line in lines)
    assert tokenize(spaced, "word") == tokenize("".join(" ".join(line) + "\n" for line in lines), "word")


@pytest.mark.parametrize("level", ["word", "char", "byte"])
def test_a_prompt_without_a_line_end_has_none(level):
    assert tokenize("a b", level)[-1] == "b"
    assert tokenize("a b\n", level)[-1] == LINE_END[level]


def test_a_broken_character_of_generated_bytes_is_marked_not_an_error():
    assert join(["\xc3"], "byte") == "\ufffd"


@given(st.text())
def test_english_words_lose_only_white_space(line):
    assert "".join(english_words(line)) == "".join(line.lower().split())


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("'Tis well-met, my Lord's son!", ["'tis", "well-met", ",", "my", "lord's", "son", "!"]),
        ("'Sweet sir,' o' the clock;--nay", ["'", "sweet", "sir", ",", "'", "o'", "the", "clock", ";", "--", "nay"]),
        ("bid 'em give't o'er: 'twas ta'en", ["bid", "'em", "give't", "o'er", ":", "'twas", "ta'en"]),
    ],
)
def test_apostrophes_belong_to_words_and_quotation_marks_do_not(line, expected):
    assert english_words(line) == expected
