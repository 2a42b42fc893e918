"""Every answer of every generated task, read off its inputs by a slow reader that knows only the task's rule."""

import numpy as np
import pytest

import research.data.loading as loading
from research.config.generated import AgreementTask, AssociativeRecall, CopyTask, ReverseTask
from research.data.loading import load_dataset
from research.data.synthetic import split_rng

SMALL = {"train_examples": 200, "valid_examples": 50, "test_examples": 60}
CONFIGS = [
    CopyTask(kind="copy", symbols=5, shortest=1, longest=6, **SMALL),
    CopyTask(kind="copy", symbols=3, shortest=4, longest=4, **SMALL),
    ReverseTask(kind="reverse", symbols=5, shortest=2, longest=6, **SMALL),
    AssociativeRecall(kind="recall", keys=9, values=4, pairs=6, queries=3, **SMALL),
    AssociativeRecall(kind="recall", keys=4, values=4, pairs=4, queries=4, **SMALL),
    AgreementTask(kind="agreement", distances=(1, 3, 7), fillers=5, **SMALL),
]
EVERY = pytest.mark.parametrize("config", CONFIGS, ids=lambda config: config.kind)


def transcription(words, backwards):
    """Answers after each input from <sep> on: the next symbol of what came before it."""
    end = words.index("<sep>")
    source = words[:end][::-1] if backwards else words[:end]
    assert words[end + 1 :] == source[:-1]
    return {end + i: symbol for i, symbol in enumerate(source)}, end


def recollection(words):
    pairs, i = {}, 0
    while i + 1 < len(words) and words[i + 1].startswith("v"):
        assert words[i] not in pairs
        pairs[words[i]] = words[i + 1]
        i += 2
    assert len(set(words[i:])) == len(words) - i
    return {at: pairs[words[at]] for at in range(i, len(words))}, len(pairs)


def agreed(words):
    assert all(word.startswith("w") for word in words[1:])
    return {len(words) - 1: {"Mr.": "he", "Ms.": "she"}[words[0]]}, len(words) - 1


SLOW = {
    "copy": lambda words: transcription(words, backwards=False),
    "reverse": lambda words: transcription(words, backwards=True),
    "recall": recollection,
    "agreement": agreed,
}


def answers(split, types, row):
    return {int(w): types[t] for w, t, weight in zip(split.where[row], split.targets[row], split.weight[row], strict=True) if weight}


@EVERY
def test_every_answer_is_what_a_slow_reader_says(config):
    data = load_dataset(config)
    for split in (data.train, data.test):
        for row in range(len(split.inputs)):
            words = [data.vocabulary.types[i] for i in split.inputs[row][split.valid[row]]]
            assert (answers(split, data.vocabulary.types, row), split.group[row]) == SLOW[config.kind](words)


@EVERY
def test_padding_is_on_the_right_and_weights_are_zero_or_one(config):
    split = load_dataset(config).train
    assert (np.diff(split.valid.astype(int), axis=1) <= 0).all()
    assert not split.inputs[~split.valid].any()
    assert set(np.unique(split.weight)) <= {0.0, 1.0}
    assert (np.take_along_axis(split.valid, split.where, axis=1) | (split.weight == 0)).all()


@EVERY
def test_sizes_are_those_asked_for(config):
    data = load_dataset(config)
    assert [len(split.inputs) for split in (data.train, data.valid, data.test)] == [200, 50, 60]
    assert data.eos is None


def test_lengths_and_distances_are_spread_evenly():
    lengths = load_dataset(CopyTask(kind="copy", shortest=2, longest=5, train_examples=4000)).train.group
    np.testing.assert_allclose(np.bincount(lengths)[2:] / 4000, 0.25, atol=0.03)
    distances = load_dataset(AgreementTask(kind="agreement", distances=(2, 5, 9), train_examples=300)).train.group
    assert np.bincount(distances)[[2, 5, 9]].tolist() == [100, 100, 100]


def test_titles_and_asked_pairs_are_balanced():
    titles = load_dataset(AgreementTask(kind="agreement", train_examples=4000)).train.inputs[:, 0]
    assert abs(titles.mean() - 0.5) < 0.03
    split = load_dataset(AssociativeRecall(kind="recall", pairs=4, queries=1, train_examples=4000)).train
    asked = (split.inputs[:, 0:8:2] == split.inputs[:, 8:]).argmax(axis=1)
    np.testing.assert_allclose(np.bincount(asked) / 4000, 0.25, atol=0.03)


def test_splits_draw_from_streams_that_do_not_meet():
    drawn = [set(split_rng(split).integers(2**63, size=5000).tolist()) for split in ("train", "valid", "test")]
    assert len(set.union(*drawn)) == 15_000


def test_the_same_config_gives_the_same_examples_and_another_size_other_identity():
    config = CONFIGS[3]
    again = AssociativeRecall(**config.model_dump())
    loading._load.cache_clear()
    first = load_dataset(config)
    loading._load.cache_clear()
    np.testing.assert_array_equal(first.train.inputs, load_dataset(again).train.inputs)
    assert first.digest != load_dataset(config.model_copy(update={"test_examples": 61})).digest
