"""A text that is cut anew is the same text in other pieces, and an epoch of it has the steps of the plain cut."""

from functools import cache

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.config.corpora import Pydoc
from research.config.fields import member_classes
from research.config.subwords import BPEDropout, Regularisation, SubwordSampling
from research.data.batch_arrays import TextArrays
from research.data.batches import circular_batch, steps_per_epoch
from research.data.dataset import TextSplit
from research.data.subword_regularisation import REGULARISATIONS, resegment
from research.text.tokenizers.tokenizer import train_tokenizer
from research.text.vocabulary import subword_vocabulary

LINES = ["the cat sat on the mat, unlowered", "", "a newer and lower na\u00efve cat  sat there; #7"] * 30
TEXT = "".join(line + "\n" for line in LINES)
HOW = {
    SubwordSampling: [SubwordSampling(kind="sample", alpha=0.2), SubwordSampling(kind="sample", alpha=0.5, n_best=4)],
    BPEDropout: [BPEDropout(kind="bpe_dropout", rate=0.1), BPEDropout(kind="bpe_dropout", rate=0.3)],
}
CASES = [pytest.param(level, how, id=f"{level}-{i}") for kind, words in HOW.items() for level in kind.levels for i, how in enumerate(words)]


def test_every_kind_with_levels_of_its_own_is_an_entry():
    assert set(REGULARISATIONS) == set(HOW) == {kind for kind in member_classes(Regularisation) if kind.levels}


@cache
def vocabulary(level):
    return subword_vocabulary(train_tokenizer(LINES, level, 300))


@pytest.mark.parametrize(("level", "how"), CASES)
def test_it_is_the_same_text_in_pieces_of_seed_and_epoch(level, how):
    known, plain = vocabulary(level), vocabulary(level).encode(TEXT)
    drawn = {(seed, epoch): resegment(how, known, TEXT, seed, epoch).tokens for seed in (0, 1) for epoch in (0, 1, 2)}
    for tokens in drawn.values():
        assert tokens.dtype == np.int32
        assert tokens[0] == tokens[-1] == known.eos
        assert known.decode(tokens[1:]) == TEXT
        assert (tokens == known.eos).sum() == len(LINES) + 1
    assert len({tokens.tobytes() for tokens in [*drawn.values(), np.append(known.eos, plain)]}) == 7
    np.testing.assert_array_equal(resegment(how, known, TEXT, 1, 2).tokens, drawn[1, 2])


def test_without_dropout_it_is_the_plain_cut_and_with_no_merge_the_characters():
    known = vocabulary("bpe")
    np.testing.assert_array_equal(resegment(BPEDropout(kind="bpe_dropout", rate=0.0), known, TEXT, 0, 0).tokens[1:], known.encode(TEXT))
    assert len(resegment(BPEDropout(kind="bpe_dropout", rate=1.0), known, TEXT, 0, 0).tokens) == len(TEXT) + 1


def test_each_word_of_a_regularisation_changes_the_draw():
    drawn = lambda level, how: resegment(how, vocabulary(level), TEXT, 0, 0).tokens.tobytes()
    sampled = [{}, {"alpha": 0.9}, {"n_best": 2}]
    assert len({drawn("unigram", SubwordSampling(kind="sample", **word)) for word in sampled}) == 3
    assert len({drawn("bpe", BPEDropout(kind="bpe_dropout", **word)) for word in [{}, {"rate": 0.6}]}) == 2


def words(length):
    return Pydoc(kind="pydoc", level="bpe", vocabulary={"size": 60}, length=length, regularisation={"kind": "bpe_dropout"})


def numbered(m):
    """A text whose token i is i + 1, after the last of them."""
    return TextArrays(np.r_[m, 1 : m + 1].astype(np.int32))


def an_epoch(config, batch_size, n, of_epoch, number=0):
    steps = steps_per_epoch(config, batch_size, TextSplit(np.zeros(n, np.int32), np.zeros(n, np.int32)))
    return [circular_batch(config, batch_size, n, of_epoch, jax.random.key(3), number * steps + i) for i in range(steps)]


SHAPES = st.sampled_from([(41, 1, 1), (150, 7, 4), (97, 5, 3)])  # tokens, length, rows: each is a program to compile


@settings(max_examples=10, deadline=None)
@given(shape=SHAPES, more=st.integers(-60, 150), number=st.integers(0, 5))
def test_an_epoch_goes_round_the_text_once_at_most(shape, more, number):
    n, length, batch_size = shape
    m = max(1, n + more)
    asked = []
    batches = an_epoch(words(length), batch_size, n, lambda epoch: asked.append(epoch) or numbered(m), number)
    assert set(asked) == {number}
    seen = np.concatenate([batch.targets for batch in batches])
    for batch in batches:
        np.testing.assert_array_equal(batch.targets, batch.index + 1)
        np.testing.assert_array_equal(batch.inputs, (batch.index - 1) % m + 1)
        assert batch.valid.all()
        assert (batch.weight == 1).all()
    np.testing.assert_array_equal(seen, (seen[:, :1] - 1 + np.arange(length)) % m + 1)  # each row follows the text
    assert np.unique(seen, return_counts=True)[1].max() <= -(-n // m)


def test_every_part_of_a_longer_text_is_read_in_some_epochs_and_left_out_in_others():
    read = [
        {int(token) for batch in an_epoch(words(5), 4, 100, lambda epoch: numbered(200), number) for token in batch.targets.flat}
        for number in range(40)
    ]
    often = np.array([sum(token in tokens for tokens in read) for token in range(1, 201)])
    assert often.min() > 2
    assert often.max() < 35
