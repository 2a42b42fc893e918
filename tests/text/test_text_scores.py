"""Counts and their sums give sacrebleu's own scores, whatever the texts; the rest by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU
from sacrebleu.metrics.chrf import CHRF

from research.config.errors import StepladderError
from research.metrics.corpus_texts import corpus_bleu, corpus_chrf
from research.metrics.item_values import measure_groups
from research.text.spacing import advice_on_bleu, lacks_spaces
from research.text.translation_scores import check_tokenizer, metric_signatures, text_items, token_accuracy, unknown_share

words = st.sampled_from(["the", "cat", "cats", "sat", "on", "a", "mat", ".", "&amp;", "3,5", "été", "<unk>", "猫"])
sentences = st.lists(words, max_size=9).map(" ".join)
corpora = st.lists(st.tuples(sentences, sentences), min_size=1, max_size=8)
SACREBLEU = {"bleu": lambda: BLEU(force=True), "chrf": CHRF}
SCORES = {"bleu": corpus_bleu, "chrf": corpus_chrf}


@pytest.mark.parametrize("metric", SACREBLEU)
@given(corpus=corpora)
@settings(deadline=None)
def test_a_corpus_score_is_sacrebleus(metric, corpus):
    drawn, wanted = map(list, zip(*corpus, strict=True))
    sums = text_items(drawn, wanted)[metric].sum(axis=0).astype(float)
    wrong = [text.replace("<unk>", "wrongword" if metric == "bleu" else "ж") for text in drawn]
    right = [text.replace("<unk>", "otherword" if metric == "bleu" else "ω") for text in wanted]
    theirs = SACREBLEU[metric]().corpus_score(wrong, [right]).score
    assert SCORES[metric](sums) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize("metric", SACREBLEU)
@given(pair=st.tuples(st.text(max_size=40), st.text(max_size=40)))
@settings(max_examples=60, deadline=None)
def test_any_unicode_is_scored_as_sacrebleu_scores_it(metric, pair):
    sums = text_items([pair[0]], [pair[1]])[metric][0].astype(float)
    assert SCORES[metric](sums) == pytest.approx(SACREBLEU[metric]().corpus_score([pair[0]], [[pair[1]]]).score, abs=1e-9)


@pytest.mark.parametrize("metric", SACREBLEU)
def test_many_corpora_at_once_are_each_alone(metric):
    random = np.random.default_rng(0)
    vocabulary = np.array(["a", "b", "c", "d", "e", "f"])
    drawn, wanted = ([" ".join(random.choice(vocabulary, 7)) for _ in range(40)] for _ in range(2))
    counts = text_items(drawn, wanted)[metric]
    resampled = random.multinomial(40, np.full(40, 1 / 40), size=(3, 5))
    scores = SCORES[metric]((resampled @ counts).astype(float))
    assert scores.shape == (3, 5)
    for place in np.ndindex(3, 5):
        chosen = np.repeat(np.arange(40), resampled[place])
        theirs = SACREBLEU[metric]().corpus_score([drawn[i] for i in chosen], [[wanted[i] for i in chosen]]).score
        assert scores[place] == pytest.approx(theirs, abs=1e-9)


def test_a_perfect_corpus_has_the_greatest_score_and_an_empty_one_none():
    perfect, empty = (
        measure_groups(text_items(["a b c d e"] * 3, ["a b c d e"] * 3)),
        measure_groups(text_items([""] * 3, ["a b c d e"] * 3)),
    )
    assert perfect == pytest.approx({"bleu": 100, "chrf": 100, "exact_match": 1, "token_accuracy": 1})
    assert empty == {"bleu": 0, "chrf": 0, "exact_match": 0, "token_accuracy": 0}


def test_the_signature_is_that_of_a_scored_corpus():
    for metric, make in SACREBLEU.items():
        scorer = make()
        scorer.corpus_score(["a"], [["b"]])
        assert metric_signatures()[metric] == str(scorer.get_signature())
    assert "tok:13a" in metric_signatures()["bleu"]


@pytest.mark.parametrize(
    ("drawn", "wanted", "share"),
    [
        ("a b c", "a b c", 1),
        ("a x c", "a b c", 2 / 3),
        ("b c", "a b c", 0),
        ("a b c d", "a b", 1 / 2),
        ("", "a", 0),
        ("", "", 1),
        (" a ", "a", 1),
    ],
)
def test_token_accuracy_by_hand(drawn, wanted, share):
    assert token_accuracy(drawn, wanted) == pytest.approx(share)


@given(sentences, sentences)
def test_token_accuracy_takes_no_side_and_is_one_for_equal_words_alone(a, b):
    assert token_accuracy(a, b) == token_accuracy(b, a)
    assert (token_accuracy(a, b) == 1) == (a.split() == b.split())


def test_a_group_is_scored_as_if_it_were_all():
    drawn, wanted, groups = ["a b c d", "a b x d", "e f g h i"], ["a b c d", "a b c d", "e f g h i"], np.array([4, 4, 12])
    found = measure_groups(text_items(drawn, wanted), groups)
    for group in (4, 12):
        members = [i for i in range(3) if groups[i] == group]
        alone = measure_groups(text_items([drawn[i] for i in members], [wanted[i] for i in members]))
        assert {name: found[f"{name}_at_{group}"] for name in alone} == alone
    assert found["exact_match_at_4"] == 0.5
    assert set(measure_groups(text_items(drawn, wanted))) == {"bleu", "chrf", "exact_match", "token_accuracy"}


def test_a_text_without_its_reference_is_an_error():
    with pytest.raises(ValueError, match="shorter"):
        text_items(["a", "b"], ["a"])


TOKENIZERS = ("13a", "intl", "char", "none", "zh")


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
@given(corpus=st.lists(st.tuples(st.text("aé3, .!猫カ ", max_size=20), st.text("aé3, .!猫カ ", max_size=20)), min_size=1, max_size=4))
@settings(max_examples=30, deadline=None)
def test_every_tokenizer_is_sacrebleus(tokenizer, corpus):
    drawn, wanted = map(list, zip(*corpus, strict=True))
    scorer = BLEU(tokenize=tokenizer, force=True)
    theirs = scorer.corpus_score(drawn, [wanted]).score
    sums = text_items(drawn, wanted, tokenizer)["bleu"].sum(axis=0).astype(float)
    assert corpus_bleu(sums) == pytest.approx(theirs, abs=1e-9)
    assert metric_signatures(tokenizer)["bleu"] == str(scorer.get_signature())


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_an_unknown_symbol_is_one_wrong_word_and_one_wrong_character(tokenizer):
    known, unknown = (text_items([f"the {word} sat on it"], ["the cat sat on it"], tokenizer) for word in ("q", "<unk>"))
    assert (known["bleu"] == unknown["bleu"]).all()
    assert (known["chrf"] == unknown["chrf"]).all()
    both = text_items(["a <unk> b"], ["a <unk> b"], tokenizer)
    assert both["exact"][0] == 0
    assert both["token_accuracy"][0] == pytest.approx(2 / 3)
    assert both["bleu"][0, 2] == 2


def test_unknown_symbols_do_not_lengthen_a_text():
    """Three words for one would hide that a text is short: no brevity penalty."""
    short = text_items(["<unk> <unk> <unk>"], ["one two three four five six seven eight nine"])["bleu"][0]
    assert short[:2].tolist() == [3, 9]


def test_the_share_of_unknown_symbols():
    assert unknown_share(["a <unk> b", "<unk>"], "word") == 2 / 4
    assert unknown_share(["ab<unk>", "c"], "char") == 1 / 4
    assert unknown_share(["", ""], "word") == 0


def test_a_tokenizer_without_its_package_is_told(monkeypatch):
    monkeypatch.setattr("research.text.translation_scores.find_spec", lambda module: None)
    with pytest.raises(StepladderError, match=r"needs the package MeCab.*sacrebleu\[ja\]"):
        check_tokenizer("ja-mecab")


@pytest.mark.parametrize(
    ("text", "lacks"),
    [
        ("私は猫が好きです。", True),
        ("我爱你", True),
        ("ฉันรักแมวมากที่สุด และสุนัข", True),
        ("私 は 猫 が 好き です 。", False),
        ("나는 고양이를 좋아한다", False),
        ("I like cats", False),
        ("मुझे बिल्ली पसंद है", False),
        ("3 4 5", False),
    ],
)
def test_languages_without_spaces_are_told_by_their_script(text, lacks):
    assert lacks_spaces([text] * 3) == lacks
    assert bool(advice_on_bleu("13a", [text] * 3)) == lacks
    assert not advice_on_bleu("char", [text] * 3)
