"""Counted taggers against plain counting, and against the sum over every sequence of tags."""

from collections import Counter, defaultdict
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.classic.tag_counts import fit_markov_chain, fit_word_tags, markov_log_probabilities, word_tag_log_probabilities
from research.config.classify import CommonestTag, HiddenMarkov

TAGS = 3
SENTENCES = st.lists(
    st.lists(st.tuples(st.sampled_from("abcde"), st.integers(0, TAGS - 1)), min_size=1, max_size=4), min_size=1, max_size=5
)
COMMONEST = CommonestTag(kind="commonest_tag")


def parts(sentences):
    words = [[word for word, _ in sentence] for sentence in sentences]
    return words, np.array([tag for sentence in sentences for _, tag in sentence])


@given(SENTENCES, st.lists(st.lists(st.sampled_from("abcdexyz"), min_size=1, max_size=5), min_size=1, max_size=3))
def test_the_commonest_tag_of_a_word_else_of_all(train, test):
    of_word, of_all = defaultdict(Counter), Counter()
    for sentence in train:
        for word, tag in sentence:
            of_word[word][tag] += 1
            of_all[tag] += 1
    expected = [max(range(TAGS), key=lambda tag: (of_word[word][tag], of_all[tag], -tag)) for words in test for word in words]
    log_p = word_tag_log_probabilities(fit_word_tags(COMMONEST, *parts(train), TAGS), test)
    assert log_p.argmax(axis=1).tolist() == expected
    np.testing.assert_allclose(np.exp(log_p).sum(axis=1), 1)
    assert np.isfinite(log_p).all()


@given(SENTENCES, st.lists(st.lists(st.sampled_from("abxy"), min_size=1, max_size=4), min_size=1, max_size=3), st.sampled_from([0.1, 1.0]))
def test_a_chain_s_tags_are_those_of_all_sequences(train, test, alpha):
    model = fit_markov_chain(HiddenMarkov(kind="hidden_markov", alpha=alpha), *parts(train), TAGS)
    np.testing.assert_allclose(model.first.sum() + 0, 1, atol=alpha)
    np.testing.assert_allclose(model.next.sum(axis=1) + model.last, 1)
    row = {word: number for number, word in enumerate(model.words.tolist())}
    expected = []
    for words in test:
        gives = [model.word[row[word]] if word in row else model.new_word for word in words]
        marginal = np.zeros((len(words), TAGS))
        for tags in product(range(TAGS), repeat=len(words)):
            p = model.first[tags[0]] * model.last[tags[-1]] * np.prod([given[tag] for given, tag in zip(gives, tags, strict=True)])
            p *= np.prod([model.next[a, b] for a, b in pairwise(tags)])
            marginal[range(len(words)), tags] += p
        expected.append(marginal / marginal.sum(axis=1, keepdims=True))
    np.testing.assert_allclose(np.exp(markov_log_probabilities(model, test)), np.concatenate(expected), rtol=1e-9, atol=1e-12)


def test_a_new_word_is_told_by_its_neighbours():
    """After `the` stands a noun, and after a noun a verb, whatever they are."""
    train = [["the", "cat", "sleeps"], ["the", "dog", "barks"], ["the", "cat", "runs"]]
    model = fit_markov_chain(HiddenMarkov(kind="hidden_markov"), train, np.array([0, 1, 2] * 3), TAGS)
    assert markov_log_probabilities(model, [["the", "zebra", "gallops"]]).argmax(axis=1).tolist() == [0, 1, 2]


@pytest.mark.parametrize("tags", [2, 5])
def test_a_tag_without_a_word_is_possible(tags):
    log_p = word_tag_log_probabilities(fit_word_tags(COMMONEST, [["a", "b"]], np.array([0, 0]), tags), [["a", "new"]])
    assert np.isfinite(log_p).all()
    assert log_p.argmax(axis=1).tolist() == [0, 0]
