"""Closed forms: equal texts, texts without a word in common, and counts by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics.bleu import BLEU

from research.config.errors import StepladderError
from research.text.diversity import distinct, diversity, self_bleu, self_bleu_signature


def test_distinct_by_hand():
    texts = ["a b a b", "a b c"]  # 7 words; a b c; ab ba bc; aba bab abc
    assert [distinct(texts, n) for n in (1, 2, 3)] == pytest.approx([3 / 7, 3 / 7, 3 / 7])
    assert [distinct(["a a", "a"], n) for n in (1, 2, 3)] == pytest.approx([1 / 3, 1 / 3, 0])
    assert distinct(["", ""], 1) == 0


def test_equal_texts_have_self_bleu_100_and_strange_ones_0():
    assert self_bleu(["a b c d e"] * 3) == 100
    assert self_bleu(["", ""]) == 100
    assert self_bleu(["a b c d", "e f g h", "i j k l"]) == 0


def test_self_bleu_is_the_mean_of_each_against_the_others():
    texts = ["the cat sat on the mat", "the cat sat on a mat", "a dog lay on the mat"]
    bleu = BLEU(effective_order=True)
    each = [bleu.sentence_score(text, [other for other in texts if other != text]).score for text in texts]
    assert min(each) > 0
    assert self_bleu(texts) == pytest.approx(sum(each) / 3)
    assert self_bleu_signature(3) == {"self_bleu": str(bleu.get_signature())}


texts = st.lists(st.lists(st.sampled_from("abcd"), max_size=6).map(" ".join), min_size=2, max_size=4)


@given(st.lists(texts, min_size=1, max_size=3))
@settings(max_examples=40, deadline=None)
def test_a_prompt_stands_for_itself_and_the_order_of_its_texts_does_not_matter(drawn):
    found = diversity(drawn)
    reversed_found = diversity([list(reversed(texts)) for texts in reversed(drawn)])
    for name, values in found.items():
        assert values == pytest.approx(reversed_found[name][::-1])
        assert values == pytest.approx([diversity([texts])[name][0] for texts in drawn])
        assert min(values) >= 0
    assert max(found["distinct_1"]) <= 1
    assert max(found["self_bleu"]) <= 100 + 1e-9


@pytest.mark.parametrize(("drawn", "said"), [([["a", "b"], ["a"]], "prompt 1 has 1"), ([], "there is no prompt")])
def test_one_text_has_no_diversity(drawn, said):
    with pytest.raises(StepladderError, match=said):
        diversity(drawn)
