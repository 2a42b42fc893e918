"""Words lose nothing but white space, and only line ends are added; marks stay with their letters."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.config.unicode import lowercase, plain_punctuation
from research.text.tokenize import english_words, unicode_words
from research.text.tokenizers.bytes import join_bytes, spell_in_bytes
from research.text.tokenizers.words import cut_at_white_space, join_with_spaces

words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1).filter(
    lambda word: word.split() == [word] and word != "</s>"
)
lines = st.lists(st.lists(words), min_size=1)


@given(text=st.text())
def test_bytes_are_those_of_utf8(text):
    assert [ord(token) for token in spell_in_bytes(text)] == list(text.encode("utf-8"))


@given(lines)
def test_words_round_trip_and_every_line_has_one_end(lines):
    text = "".join(" ".join(line) + "\n" for line in lines)
    tokens = cut_at_white_space(text)
    assert tokens == [token for line in lines for token in (*line, "</s>")]
    assert join_with_spaces(tokens) == text


@given(lines)
def test_the_kind_of_white_space_does_not_matter(lines):
    spaced = "".join("\t " + " \u00a0".join(line) + " \r\n" for line in lines)
    assert cut_at_white_space(spaced) == cut_at_white_space("".join(" ".join(line) + "\n" for line in lines))


def test_a_broken_character_of_generated_bytes_is_marked_not_an_error():
    assert join_bytes(["\xc3"]) == "\ufffd"


@given(st.text())
def test_english_words_lose_only_white_space(line):
    kept = "".join(lowercase(line).replace("\u200b", " ").split())
    assert plain_punctuation("".join(english_words(line))) == plain_punctuation(kept)


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


SCRIPTS = {  # words of scripts whose letters carry marks, and how many they are
    "हिन्दी अच्छी है": 3,
    "ภาษาไทย ดีมาก": 2,
    "שָׁלוֹם עֲלֵיכֶם": 2,
    "مَرْحَبًا بِكُمْ": 2,
    "తెలుగు బాగుంది": 2,
    "বাংলা ভাষা": 2,
    "Tiếng Việt": 2,
    "ខ្មែរ ភាសា": 2,
    "தமிழ் நல்லது": 2,
    "İstanbul güzel": 2,
    "co\u00adop mi\u200dne \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 e\u2011mail": 4,
    "\u2764\ufe0f \U0001f469\U0001f3fd\u200d\U0001f680": 2,
}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("cut", [english_words, unicode_words])
@pytest.mark.parametrize("text", SCRIPTS)
def test_marks_belong_to_their_letters(text, cut, form):
    cut_hyphens = 2 if cut is unicode_words and "\u2011" in text else 0
    assert len(cut(unicodedata.normalize(form, text))) == SCRIPTS[text] + cut_hyphens


@given(st.text())
@pytest.mark.parametrize("cut", [english_words, unicode_words])
def test_both_spellings_of_a_text_have_the_same_words(cut, text):
    words = {form: cut(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}
    assert [unicodedata.normalize("NFC", word) for word in words["NFD"]] == [unicodedata.normalize("NFC", word) for word in words["NFC"]]


@given(st.text())
def test_words_of_any_script_keep_every_character(text):
    assert "".join(unicode_words(text)) == "".join(text.replace("\u200b", " ").split())


@given(st.text(st.sampled_from("ab \u0301\u093f'\u2019\u02bc-\u2011!")))
def test_apostrophes_and_hyphens_are_the_same_however_they_are_written(text):
    typed = text.replace("\u2019", "'").replace("\u02bc", "'").replace("\u2011", "-")
    assert [plain_punctuation(word) for word in english_words(text)] == english_words(typed)
    assert all("\u2019" not in word for word in english_words(text) if len(word) > 1)


def test_a_line_end_inside_a_word_is_none():
    tokens = ["<s>old</s>", "price", "</s>", "a</s>b", "</s>"]
    assert join_with_spaces(tokens) == "<s>old</s> price\na</s>b\n"
