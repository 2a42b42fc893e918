"""Sentiment by rules: its formulas by hand, every switch alone, and a defined answer for any text."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.classic.lexicon import Lexicon
from research.classic.sentiment_rules import Change, polarity, sentiment_features, sentiment_score, word_contributions
from research.config.rules import Rules

SUN = "\u2600"
LEXICON = Lexicon(
    {"good": 2.0, "fair": 1.0, "bad": -1.5, "kind": 2.4, "doubt": -1.5, "no": -1.2, "bomb": -2.2, ":)": 2.0}, {SUN: "so good"}
)
SWITCHES = [name for name, field in Rules.model_fields.items() if field.annotation is bool]
WORDS = "good fair bad GOOD BAD kind doubt no bomb :) but BUT never so this without not isn't NOT least at very VERY hardly of sort door"
VOCABULARY = [*WORDS.split(), "nor", "or", "good!", "bad??", "??", "!", SUN, SUN + "\ufe0f"]
SYMMETRIC = "good fair bad GOOD but not very so this never door least at hardly !"  # no phrase with a valence of its own
SENTENCES = st.lists(st.sampled_from(VOCABULARY), max_size=12).map(" ".join)
CONFIGS = st.fixed_dictionaries({name: st.booleans() for name in SWITCHES}).map(lambda switches: Rules(kind="rules", **switches))
ALL = Rules(kind="rules")


def without(name):
    return Rules(kind="rules", **{name: False})


def squashed(total):
    return total / math.sqrt(total**2 + 15)


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("good", 2.0),
        ("Good, bad.", 0.5),
        ("not good", -0.74 * 2.0),
        ("they don't seem bad", 0.74 * 1.5),
        ("very good", 2.293),
        ("very bad", -1.793),
        ("hardly any good", 2.0 - 0.95 * 0.293),
        ("very green door good", 2.0 + 0.9 * 0.293),
        ("VERY good", 2.0 + 0.293 + 0.733),
        ("a GOOD door", 2.733),
        ("A GOOD DOOR", 2.0),
        ("good but bad", 1.0 - 2.25),
        ("bad!!!!!!", -1.5 - 4 * 0.292),
        ("good??", 2.36),
        ("good? good? good? good?", 8.96),
        ("never so good", 1.25 * 2.293),
        ("without doubt fair", 1.0 - 1.5 * -0.74),
        ("no good", -0.74 * 2.0),
        ("no", -1.2),
        ("the least good", -0.74 * 2.0),
        ("at least good", 2.0),
        ("it is kind of good", 2.0 - 0.293),
        ("door is the bomb", 3.0),
        (SUN, 2.293),
        (":) :-?", 2.0),
        ("door!!", 0.0),
    ],
)
def test_the_sum_of_valences_is_what_one_computes_by_hand(text, total):
    assert sentiment_features(ALL, LEXICON, text).total == pytest.approx(total)
    assert sentiment_score(ALL, LEXICON, text) == pytest.approx(squashed(total))


CASES = {  # switch: a sentence that it is for, and one that looks like it
    "negation": ("this door isn't good", "the door stands good"),
    "never_so": ("never so good", "so never good"),
    "no": ("no good", "no door"),
    "least": ("the least good", "at least good"),
    "intensifiers": ("very good", "good very"),
    "idioms": ("that is the bomb", "that was a bomb"),
    "capitals": ("a GOOD door", "A GOOD DOOR"),
    "contrast": ("good but bad", "good and bad"),
    "punctuation": ("good!", "good."),
    "emoji": (f"door {SUN}", "door good"),
    "quirks": ("good but fair", "fair but good"),
}


def test_every_switch_has_a_case():
    assert list(CASES) == SWITCHES


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_changes_its_sentence_and_no_other(name):
    meant, other = CASES[name]
    assert sentiment_score(without(name), LEXICON, meant) != sentiment_score(ALL, LEXICON, meant)
    assert sentiment_score(without(name), LEXICON, other) == sentiment_score(ALL, LEXICON, other)


@pytest.mark.parametrize(
    ("text", "slip", "meant"),
    [
        ("good but fair", 0.5 * 0.5 * 2.0 + 1.0, 0.5 * 2.0 + 1.5 * 1.0),  # after halving, both are 1.0
        ("a b this good", 2.5, 2.0),
        (f"{SUN}\ufe0f", 0.0, 2.293),  # its last word is not "good", but "good" and the selector
    ],
)
def test_the_slips_are_the_packages_and_can_be_mended(text, slip, meant):
    assert sentiment_features(ALL, LEXICON, text).total == pytest.approx(slip)
    assert sentiment_features(without("quirks"), LEXICON, text).total == pytest.approx(meant)


def test_features_say_which_rule_changed_a_word():
    seen = sentiment_features(ALL, LEXICON, "Not very GOOD, but the door is fair").words
    assert [word.text for word in seen] == ["Not", "very", "GOOD", "but", "the", "door", "is", "fair"]
    assert [word.lexicon_valence for word in seen] == [None, None, 2.0, None, None, None, None, 1.0]
    assert [change.rule for change in seen[2].changes] == ["capitals", "intensifiers", "negation", "contrast"]
    assert seen[2].changes[0] == Change("capitals", 2.0, 2.733)
    assert seen[2].valence == pytest.approx(0.5 * -0.74 * (2.733 + 0.293))
    assert seen[7].changes == (Change("contrast", 1.0, 1.5),)


@given(SENTENCES, CONFIGS)
def test_the_changes_of_a_word_are_a_chain_of_rules_that_are_on(text, config):
    for word in sentiment_features(config, LEXICON, text).words:
        for before, change in zip([word.lexicon_valence, *(change.after for change in word.changes)], word.changes, strict=False):
            assert change.before == before != change.after
            assert getattr(config, change.rule)


@given(SENTENCES, CONFIGS)
def test_drivers_sum_to_the_score_the_largest_first(text, config):
    found = word_contributions(config, LEXICON, text)
    assert sum(value for _, value in found) == pytest.approx(sentiment_score(config, LEXICON, text), abs=1e-12)
    assert [abs(value) for _, value in found] == sorted((abs(value) for _, value in found), reverse=True)


@given(st.text() | SENTENCES, CONFIGS)
def test_any_text_has_a_score(text, config):
    assert -1.0 <= sentiment_score(config, LEXICON, text) <= 1.0


@given(st.text())
def test_without_a_known_word_the_score_is_zero_and_the_decision_neutral(text):
    assert sentiment_score(ALL, Lexicon({}), text) == 0.0
    assert word_contributions(ALL, Lexicon({}), text) == []
    assert polarity(ALL, 0.0) == polarity(Rules(kind="rules", threshold=0.0), 0.0) == 0


@given(st.lists(st.sampled_from(SYMMETRIC.split()), max_size=12), st.booleans())
def test_opposite_valences_give_the_opposite_score(words, quirks):
    config, text = Rules(kind="rules", quirks=quirks), " ".join(words)
    opposite = Lexicon({word: -valence for word, valence in LEXICON.valences.items()})
    assert sentiment_score(config, opposite, text) == -sentiment_score(config, LEXICON, text)


def test_ten_thousand_words_have_a_score():
    """Of one word and with the package's quirks, of all words and without."""
    assert sentiment_score(ALL, LEXICON, "good " * 10_000) == pytest.approx(1.0)
    text = " ".join(VOCABULARY * (10_000 // len(VOCABULARY)))
    mixed = sentiment_features(Rules(kind="rules", quirks=False), LEXICON, text)
    assert len(mixed.words) > 9_000
    assert math.isfinite(mixed.total)


@pytest.mark.parametrize(("value", "decision"), [(-1.0, -1), (-0.05, -1), (-0.049, 0), (0.0, 0), (0.049, 0), (0.05, 1), (1.0, 1)])
def test_the_threshold_itself_is_a_decision(value, decision):
    assert polarity(ALL, value) == decision
