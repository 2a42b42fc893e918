"""Each token of a split is scored once, from inputs that precede it, whatever the windows and batches; compared with a slow reading."""

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.config.corpora import Pydoc
from research.config.evaluation import Evaluation
from research.config.generated import AssociativeRecall, CopyTask
from research.data.dataset import TextSplit
from research.data.eval_batches import eval_batches, groups, items, scored_tokens
from research.data.loading import load_dataset

EOS = 0


@st.composite
def texts(draw):
    """Lines of 0 to 11 words; token i is i + 1 but for line ends, so that an input says where it comes from."""
    lengths = draw(st.lists(st.integers(0, 11), min_size=1, max_size=12))
    sentence = np.repeat(np.arange(len(lengths)), np.array(lengths) + 1)
    tokens = np.arange(1, len(sentence) + 1)
    tokens[np.flatnonzero(np.diff(sentence, append=len(lengths)))] = EOS
    return TextSplit(tokens.astype(np.int32), sentence.astype(np.int32))


@st.composite
def windows(draw):
    length = draw(st.integers(1, 9))
    return length, draw(st.integers(1, length))


def score(split, evaluation, length, stride, tokens_per_batch, batches="windows"):
    """For each scored token: its target and the inputs read up to its position, in order. Asserts that each comes once."""
    config = Pydoc(kind="pydoc", batches=batches)
    found = {}
    for stacked in eval_batches(config, evaluation, split, EOS, length, stride, tokens_per_batch):
        for batch in (jax.tree.map(lambda leaf, i=i: leaf[i], stacked) for i in range(len(stacked.inputs))):
            for row, j in zip(*np.nonzero(batch.weight), strict=True):
                position = j if batch.where is None else batch.where[row, j]
                assert batch.valid[row, position]
                assert batch.index[row, j] not in found
                seen = batch.inputs[row, : position + 1][batch.valid[row, : position + 1]]
                found[int(batch.index[row, j])] = (int(batch.targets[row, j]), seen.tolist())
            assert (batch.index[batch.weight == 0] == -1).all()
    assert sorted(found) == list(range(len(split.tokens)))
    return found


def context(split, begin, i, size):
    """The inputs of tokens begin..i, of these the last `size`."""
    before = [EOS, *split.tokens.tolist()]
    return before[max(begin, i + 1 - size) : i + 1]


def begins_of(n, segments):
    return [n * s // min(segments, n) for s in range(min(segments, n))]


@settings(max_examples=60, deadline=None)
@given(texts(), windows(), st.integers(1, 7), st.integers(1, 60))
def test_a_stream_scores_each_token_once_with_the_context_that_is_promised(split, window, segments, tokens_per_batch):
    length, stride = window
    found = score(split, Evaluation(segments=segments), length, stride, tokens_per_batch)
    begins = begins_of(len(split.tokens), segments)
    for i, (target, seen) in found.items():
        begin = max(b for b in begins if b <= i)
        assert target == split.tokens[i]
        assert seen == context(split, begin, i, len(seen))
        assert len(seen) >= min(i - begin + 1, length - stride + 1)
        assert len(seen) <= length


@settings(max_examples=40, deadline=None)
@given(texts(), st.integers(1, 5), st.integers(2, 4), st.integers(1, 4))
def test_a_longer_window_scores_the_same_tokens_with_more_context(split, stride, times, segments):
    short = score(split, Evaluation(segments=segments), stride, stride, 30)
    long = score(split, Evaluation(segments=segments), times * stride, stride, 30)
    for i in short:
        assert short[i][1] == long[i][1][-len(short[i][1]) :]


@settings(max_examples=30, deadline=None)
@given(texts(), windows(), st.integers(1, 60), st.integers(1, 60))
def test_results_do_not_follow_the_batch_size(split, window, one, other):
    for evaluation in (Evaluation(segments=3), Evaluation(context="sentence")):
        assert score(split, evaluation, *window, one) == score(split, evaluation, *window, other)


@settings(max_examples=40, deadline=None)
@given(texts(), st.integers(1, 9), st.integers(1, 7))
def test_carried_batches_are_the_segments_in_order(split, length, segments):
    config = Pydoc(kind="pydoc", batches="columns")
    (stacked,) = eval_batches(config, Evaluation(segments=segments), split, EOS, length, length)
    score(split, Evaluation(segments=segments), length, length, 60, "columns")
    n, begins = len(split.tokens), begins_of(len(split.tokens), segments)
    assert stacked.inputs.shape[1:] == (len(begins), length)
    for row, (begin, end) in enumerate(zip(begins, [*begins[1:], n], strict=True)):
        valid = stacked.valid[:, row].ravel()
        assert stacked.inputs[:, row].ravel()[valid].tolist() == [EOS, *split.tokens][begin:end]
        assert stacked.targets[:, row].ravel()[valid].tolist() == split.tokens[begin:end].tolist()
        assert valid[: end - begin].all()


@settings(max_examples=60, deadline=None)
@given(texts(), windows(), st.integers(1, 60))
def test_a_sentence_starts_anew_and_is_read_whole_where_the_window_allows(split, window, tokens_per_batch):
    length, stride = window
    found = score(split, Evaluation(context="sentence"), length, stride, tokens_per_batch)
    for i, (target, seen) in found.items():
        begin = int(np.flatnonzero(split.sentence == split.sentence[i])[0])
        assert target == split.tokens[i]
        assert seen == context(split, begin, i, len(seen))
        assert len(seen) >= min(i - begin + 1, length - stride + 1)
        if i - begin < length:
            assert len(seen) == i - begin + 1
            assert seen[0] == EOS


@settings(max_examples=20, deadline=None)
@given(texts(), st.integers(1, 40))
def test_batches_hold_the_tokens_asked_for_in_few_shapes(split, tokens_per_batch):
    batches = eval_batches(Pydoc(kind="pydoc"), Evaluation(context="sentence"), split, EOS, 8, 8, tokens_per_batch)
    assert len(batches) <= 4
    for stacked in batches:
        _, b, t = stacked.inputs.shape
        assert b == 1 or b * t <= tokens_per_batch
        assert stacked.valid.any(axis=(0, 1)).all()


@pytest.mark.parametrize(
    "config",
    [CopyTask(kind="copy", longest=4, test_examples=21), AssociativeRecall(kind="recall", pairs=3, queries=2, test_examples=21)],
    ids=lambda c: c.kind,
)
def test_examples_come_in_order_each_scored_position_once(config):
    split = load_dataset(config).test
    (stacked,) = eval_batches(config, Evaluation(), split, None, 1, 1, tokens_per_batch=64)
    index, weight = stacked.index.reshape(-1, stacked.index.shape[2]), stacked.weight.reshape(-1, stacked.weight.shape[2])
    assert index[weight > 0].tolist() == list(range(scored_tokens(split)))
    assert (index[weight == 0] == -1).all()
    np.testing.assert_array_equal(stacked.inputs.reshape(-1, split.inputs.shape[1])[:21], split.inputs)
    np.testing.assert_array_equal(weight[:21], split.weight)
    assert not weight[21:].any()
    assert not stacked.valid.reshape(-1, split.inputs.shape[1])[21:].any()


def test_items_and_groups_belong_to_scored_tokens():
    split = load_dataset(CopyTask(kind="copy", longest=4, test_examples=21)).test
    expected = [row for row in range(21) for weight in split.weight[row] if weight]
    assert items(split).tolist() == expected
    assert groups(split).tolist() == [split.group[row] for row in expected]
    text = TextSplit(np.array([3, EOS, EOS], np.int32), np.array([0, 0, 1], np.int32))
    assert (items(text).tolist(), groups(text), scored_tokens(text)) == ([0, 0, 1], None, 3)
