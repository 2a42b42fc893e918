"""Which types are kept, in which order, and what becomes of the others."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.config.errors import StepladderError
from research.text.tokenizers.tokenizer import segment, unlearned
from research.text.tokenizers.words import cut_at_white_space
from research.text.vocabulary import Vocabulary, build_vocabulary, own_vocabulary

texts = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=5).map(" ".join), min_size=1).map(lambda lines: "\n".join(lines) + "\n")


@given(texts, st.integers(3, 12), st.integers(1, 3))
def test_the_commonest_are_kept_within_both_cut_offs(text, size, min_count):
    counts = Counter(text.split())
    vocabulary = build_vocabulary(cut_at_white_space(text), "word", size, min_count)
    kept = set(vocabulary.types) - {"<unk>", "</s>"}
    dropped = set(counts) - kept
    assert {"<unk>", "</s>"} <= set(vocabulary.types)
    assert vocabulary.size == min(size, 2 + sum(count >= min_count for count in counts.values()))
    assert all(counts[word] >= min_count for word in kept)
    for out in dropped:
        assert counts[out] < min_count or all((-counts[one], one) < (-counts[out], out) for one in kept)


@given(texts)
def test_numbers_follow_frequency_then_text(text):
    vocabulary = build_vocabulary(cut_at_white_space(text), "word")
    counts = Counter(cut_at_white_space(text))
    ranks = [(-counts[kind], kind) for kind in vocabulary.types]
    assert ranks == sorted(ranks)


@given(texts, texts)
def test_decoding_gives_the_text_back_but_for_unknown_words(text, other):
    vocabulary = build_vocabulary(cut_at_white_space(text), "word")
    known = set(text.split())
    expected = "".join(" ".join(word if word in known else "<unk>" for word in line.split()) + "\n" for line in other.split("\n")[:-1])
    assert vocabulary.decode(vocabulary.encode(other)) == expected
    assert vocabulary.decode(vocabulary.encode(text)) == text


def test_an_unknown_word_of_the_corpus_is_the_same_symbol():
    vocabulary = build_vocabulary(["a", "<unk>", "a", "<unk>", "<unk>", "b", "</s>"], "word", min_count=2)
    assert vocabulary.types == ("<unk>", "a", "</s>")  # <unk> stands for itself and for b
    assert vocabulary.encode("b <unk> new").tolist() == [0, 0, 0]


def test_the_unknown_symbol_is_there_when_nothing_in_training_is_unknown():
    vocabulary = build_vocabulary(["a", "a", "</s>"], "word")
    assert vocabulary.types == ("a", "</s>", "<unk>")
    assert vocabulary.encode("z").tolist() == [vocabulary.unk]


def test_bytes_are_their_own_numbers():
    vocabulary = build_vocabulary(segment(unlearned("byte"), "é\n"), "byte")
    assert (vocabulary.size, vocabulary.eos, vocabulary.unk) == (256, 10, None)
    np.testing.assert_array_equal(vocabulary.encode("é\n"), [0xC3, 0xA9, 10])
    assert vocabulary == own_vocabulary("byte")


def test_no_room_beside_the_special_symbols_is_an_error():
    with pytest.raises(StepladderError, match=r"data\.vocabulary\.size = 2 .*3 or more"):
        build_vocabulary(["a", "</s>"], "word", size=2)


def test_a_task_without_an_unknown_symbol_refuses_strange_ones():
    with pytest.raises(StepladderError, match="It knows he, she"):
        Vocabulary(("he", "she")).encode("it")
