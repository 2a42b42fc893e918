"""What is scored is the same whatever was trained on and however padding lies; it is another if a symbol of it is."""

import numpy as np
import pytest

from research.config.corpora import Files
from research.config.generated import AgreementTask, AssociativeRecall, CopyTask, ReverseTask
from research.config.sentences import LabelledFiles
from research.config.vocabulary import VocabularyConfig
from research.data.loading import load_dataset
from research.data.split_identity import identify_examples, identify_sentences

TEXT = {"train": "the cat sat on the mat\nthe dog sat\n" * 20, "valid": "the cat sat\n", "test": "the dog sat on the cat\na mat\n"}
LEVELS = [("char", "all"), ("byte", "all"), ("bpe", 30), ("byte_bpe", 262), ("wordpiece", 60)]


def written(folder, **changed):
    for split, text in (TEXT | changed).items():
        (folder / f"{split}.txt").write_text(text)
    return {split: str(folder / f"{split}.txt") for split in TEXT}


def of_text(folder, level, size="all", texts=None, **words):
    folder.mkdir(exist_ok=True)
    paths = written(folder, **(texts or {}))
    return load_dataset(Files(kind="files", level=level, vocabulary=VocabularyConfig(size=size), **paths, **words)).identities["test"]


def test_a_text_is_the_same_at_every_level_and_its_targets_are_not(tmp_path):
    found = {level: of_text(tmp_path, level, size) for level, size in LEVELS}
    assert len({one.text for one in found.values()}) == 1
    assert found["char"].targets == found["byte"].targets  # of ASCII they are the same symbols
    assert found["char"].targets not in {found[level].targets for level in ("bpe", "byte_bpe", "wordpiece")}


def test_a_word_that_became_unknown_is_another_target_of_the_same_text(tmp_path):
    whole, few = (of_text(tmp_path, "word", size) for size in ("all", 5))
    assert whole.text == few.text
    assert whole.targets != few.targets


def test_the_numbers_of_the_types_are_no_part_of_it(tmp_path):
    """Another training text has the same characters in another order of their counts."""
    turned = {"train": TEXT["train"] + "moon mood\n" * 30}
    assert of_text(tmp_path / "a", "char") == of_text(tmp_path / "b", "char", texts=turned)


def test_a_limit_and_one_letter_make_another_text(tmp_path):
    found = [
        of_text(tmp_path / "a", "char"),
        of_text(tmp_path / "b", "char", test_tokens=25),
        of_text(tmp_path / "c", "char", texts={"test": TEXT["test"].replace("dog", "dot")}),
    ]
    assert len({one.text for one in found}) == len({one.targets for one in found}) == 3


def labelled(folder, **words):
    lines = {
        "train": "pos\tgood film\nneg\tbad film\nneg\tworse\npos\tBetter\n",
        "valid": "pos\tgood\n",
        "test": words.pop("test", "neg\tBad one\npos\tfine\n"),
    }
    paths = written(folder, **lines)
    return load_dataset(LabelledFiles(kind="labelled_files", **paths, **words)).identities["test"]


def test_sentences_are_the_same_whatever_a_model_reads_of_them(tmp_path):
    whole = labelled(tmp_path)
    for words in ({"train_sentences": 3}, {"length": 1}, {"lower": False}, {"vocabulary": VocabularyConfig(size=3)}):
        assert labelled(tmp_path, **words) == whole
    assert labelled(tmp_path, test="neg\tBad two\npos\tfine\n").text != whole.text
    other = labelled(tmp_path, test="pos\tBad one\nneg\tfine\n")
    assert other.text == whole.text
    assert other.targets != whole.targets


def test_classes_are_compared_by_name(tmp_path):
    paths = written(tmp_path, train="pos\ta\nneg\tb\n", valid="pos\ta\n", test="neg\tb\n")
    sentences = load_dataset(LabelledFiles(kind="labelled_files", **paths)).sentences["test"]
    assert identify_sentences(sentences, ("neg", "pos")) != identify_sentences(sentences, ("bad", "good"))


SMALL = {"train_examples": 4, "valid_examples": 4, "test_examples": 8}
TASKS = [
    CopyTask(kind="copy", **SMALL),
    CopyTask(kind="copy", **SMALL, symbols=8),
    ReverseTask(kind="reverse", **SMALL),
    AssociativeRecall(kind="recall", **SMALL),
    AssociativeRecall(kind="recall", **SMALL, queries=4),
    AgreementTask(kind="agreement", **SMALL),
    AgreementTask(kind="agreement", **SMALL, distances=(1, 2)),
]


def test_equally_many_examples_of_other_tasks_are_not_the_same():
    targets = [load_dataset(task).identities["test"].targets for task in TASKS]
    assert len(set(targets)) == len(TASKS)


@pytest.mark.parametrize("task", TASKS)
def test_more_training_examples_and_more_padding_are_no_other_test(task):
    data = load_dataset(task)
    assert load_dataset(task.model_copy(update={"train_examples": 5})).identities == data.identities
    split = data.test
    wider = split._replace(
        inputs=np.pad(split.inputs, ((0, 0), (0, 2)), constant_values=1),
        valid=np.pad(split.valid, ((0, 0), (0, 2))),
        targets=np.pad(split.targets, ((0, 0), (0, 1)), constant_values=1),
        where=np.pad(split.where, ((0, 0), (0, 1))),
        weight=np.pad(split.weight, ((0, 0), (0, 1))),
    )
    assert identify_examples(data.vocabulary, wider) == data.identities["test"]
