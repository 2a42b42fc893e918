"""Folds: every sentence is in one, they are of equal size and keep the classes' shares, and no seed moves them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from research.config.data import Unlabelled
from research.config.errors import StepladderError
from research.config.sentences import LabelledFiles, MovieReviews, Questions
from research.data.folds import assign_folds
from research.data.loading import load_dataset


@given(labels=st.lists(st.integers(0, 3), min_size=1, max_size=90), folds=st.integers(2, 12))
def test_folds_are_a_partition_of_equal_sizes_and_shares(labels, folds):
    numbers = np.array(labels)
    order, ends = assign_folds(numbers, folds)
    parts = np.split(order, ends[:-1])
    assert sorted(order.tolist()) == list(range(len(labels)))
    assert len(parts) == folds
    for of_class in (range(4), *([c] for c in range(4))):
        sizes = [int(np.isin(numbers[part], of_class).sum()) for part in parts]
        assert max(sizes) - min(sizes) <= 1


def reviews(folder, **words: Any):
    """The format of MR: `1 some words`, positive first."""
    lines = [f"{int(i < 23)} {'good' if i < 23 else 'bad'} film number{i}\n" for i in range(44)]
    (folder / "rt-polarity.all").write_text("".join(lines))
    return MovieReviews(kind="mr", path=str(folder / "rt-polarity.all"), **words)


@pytest.mark.parametrize(("validation", "valid"), [("none", 0), ("next_fold", 1)])
def test_a_fold_is_the_test_and_the_others_are_training_or_validation(tmp_path, validation, valid):
    texts = [load_dataset(reviews(tmp_path, folds=4, fold=k, validation=validation)).sentences for k in range(4)]
    whole = load_dataset(reviews(tmp_path, folds=4))
    assert tuple(text for split in texts for text in split["test"].texts) == whole.sentences["test"].texts
    for k, splits in enumerate(texts):
        parts = [set(splits[name].texts) for name in ("train", "valid", "test")]
        assert len(set.union(*parts)) == sum(map(len, parts)) == 44
        assert [len(part) // 11 for part in parts] == [3 - valid, valid, 1]
        assert parts[1] == (set(texts[(k + 1) % 4]["test"].texts) if valid else set())
    assert len(whole.valid.inputs) == 0


def test_the_vocabulary_of_a_fold_is_that_of_its_training_sentences(tmp_path):
    data = load_dataset(reviews(tmp_path, fold=3, validation="none"))
    assert {*data.vocabulary.types} == {"<unk>", "</s>", *(word for words in data.sentences["train"].words for word in words)}
    assert data.description["sentences"] == {"train": 39, "valid": 0, "test": 5}


def test_files_of_several_splits_are_put_together_and_one_is_enough(tmp_path):
    (tmp_path / "a").write_text("pos\tone\nneg\ttwo\n" * 4)
    (tmp_path / "b").write_text("odd\tthree\n" * 4)
    paths = {"train": str(tmp_path / "a"), "test": str(tmp_path / "b")}
    both = load_dataset(LabelledFiles(kind="labelled_files", folds=2, **paths))
    assert (both.classes, len(both.test.inputs)) == (("neg", "odd", "pos"), 12)
    alone = load_dataset(LabelledFiles(kind="labelled_files", folds=2, train=paths["train"]))
    assert (alone.classes, len(alone.test.inputs)) == (("neg", "pos"), 8)
    assert alone.digest != both.digest
    (tmp_path / "q").write_text("A:a what ?\nB:b who ?\n" * 3)
    questions = Questions(kind="trec", train=str(tmp_path / "q"), test="none", folds=3, fold=1)
    assert len(load_dataset(questions).test.inputs) == 2
    with pytest.raises(ValidationError, match=r"test needs a file; or set folds"):
        Questions(kind="trec", test="none")
    with pytest.raises(StepladderError, match=r"data.folds = 9 are more than the 6 sentences"):
        load_dataset(questions.model_copy(update={"folds": 9}))


def test_words_of_folds_that_say_nothing_are_errors(tmp_path):
    with pytest.raises(ValidationError, match=r"fold = 10 is beyond the last of 10 folds, which is 9"):
        reviews(tmp_path, fold=10)
    with pytest.raises(ValidationError, match=r"fold and validation are words of cross-validation"):
        LabelledFiles(kind="labelled_files", train="a", valid="b", test="c", fold=1)
    with pytest.raises(ValidationError, match=r"of.folds are several texts"):
        Unlabelled(kind="unlabelled", of=reviews(tmp_path))
