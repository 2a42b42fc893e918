"""The rules against the package whose scores they reproduce; also on the rated sentences where STEPLADDER_TEST_DATA holds them."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.classic.closed_classes import DEGREE_PHRASES, DEGREES, IDIOMS, NEGATIONS
from research.classic.lexicon import Lexicon, read_emoji, read_lexicon
from research.classic.sentiment_rules import sentiment_score
from research.config.rules import Rules
from research.data import dataset_sources, vader

package = pytest.importorskip("vaderSentiment.vaderSentiment")
ANALYZER = package.SentimentIntensityAnalyzer()
LEXICON = Lexicon(read_lexicon(ANALYZER.lexicon_full_filepath), read_emoji(ANALYZER.emoji_full_filepath))
ROUNDING = 5.1e-5  # the package rounds to four digits

PLAIN = "the a this so door river Tuesday 42 walks of at very or nor never without doubt least most kind sort just enough 3.5"
COMMON = "good bad great terrible love hate no kind lol :) :( :-D ok"
DEGREE_WORDS = sorted(DEGREES) + sorted(DEGREE_PHRASES)
WORDS = st.one_of(
    st.sampled_from(sorted(LEXICON.valences)),
    st.sampled_from(COMMON.split()),  # so that valences meet again
    st.sampled_from(sorted(NEGATIONS)) | st.sampled_from(["isn't", "n't", "don't"]),
    st.sampled_from(DEGREE_WORDS),
    st.sampled_from(["but", "But", "BUT", "but,", "butter"]),
    st.sampled_from(PLAIN.split()),
    st.sampled_from(sorted(IDIOMS)),
    st.sampled_from(sorted(LEXICON.emoji)) | st.sampled_from(["\u2764", "\u2764\ufe0f", "\U0001f618"]),
)
MARKED = st.builds(
    lambda word, case, before, after: before + case(word) + after,
    WORDS,
    st.sampled_from([str, str, str, str.upper, str.capitalize]),
    st.sampled_from(["", "", "", '"', "("]),
    st.sampled_from(["", "", "", "", "!", "!!", "?", "???", ",", ".", ")", "..."]),
)
SENTENCES = st.lists(st.tuples(MARKED, st.sampled_from([" ", " ", " ", " ", "", "\n", "\t", "\u00a0"])), max_size=14).map(
    lambda parts: "".join(word + gap for word, gap in parts)
)


def test_the_words_of_the_rules_are_the_packages():
    assert DEGREES | DEGREE_PHRASES == package.BOOSTER_DICT
    assert {word for word in package.NEGATE if "n't" not in word} == NEGATIONS
    assert {phrase: value for phrase, value in package.SPECIAL_CASES.items() if " " in phrase} == IDIOMS


def test_lexicon_and_emoji_are_the_packages():
    assert LEXICON.valences == ANALYZER.lexicon
    assert LEXICON.emoji == {sign: words for sign, words in ANALYZER.emojis.items() if len(sign) == 1}


@settings(max_examples=250)
@given(SENTENCES | st.text())
def test_the_score_is_the_packages(text):
    assert sentiment_score(Rules(kind="rules"), LEXICON, text) == pytest.approx(ANALYZER.polarity_scores(text)["compound"], abs=ROUNDING)


@pytest.mark.slow
@pytest.mark.parametrize(("part", "correlation"), [("movie", 0.4274), ("tweets", 0.8722), ("amazon", 0.5896), ("nyt", 0.5029)])
def test_the_rated_sentences_have_the_packages_scores(part, correlation):
    folder = Path(os.environ.get("STEPLADDER_TEST_DATA", "absent"))
    if not any((folder / place / vader.SDIST).is_file() for place in ("vader", ".")):
        pytest.skip(f"STEPLADDER_TEST_DATA names no folder with vader/{vader.SDIST}")
    _, ratings, texts = zip(*vader.read_rated(dataset_sources.read_data_source("vader", folder)[vader.SDIST], part), strict=True)
    ours = np.array([sentiment_score(Rules(kind="rules"), LEXICON, text) for text in texts])
    np.testing.assert_allclose(ours, [ANALYZER.polarity_scores(text)["compound"] for text in texts], rtol=0, atol=ROUNDING)
    assert np.corrcoef(ours, ratings)[0, 1] == pytest.approx(correlation, abs=5e-5)
