"""Pairs, from config words to rows: what a slow reader makes of them, what is in no two splits, and what is refused."""

import gzip
import hashlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

import research.data.loading as loading
from research.config.data import Data
from research.config.errors import StepladderError
from research.config.evaluation import Evaluation
from research.config.pairs import Numerals, Rewrite
from research.data import dataset_sources, pair_dataset, pair_texts, source_entries
from research.data.batches import host_batch, train_batch
from research.data.dataset import PairTexts
from research.data.eval_batches import eval_batches, groups
from research.data.loading import load_dataset
from research.data.numerals import draw_numbers, even_quota, spell_number
from research.data.rewrite import true_alignment
from research.data.split_memory import device_arrays, host_arrays
from research.text.sides import Side
from research.text.tokenize import unicode_words

SPLITS = ("train", "valid", "test")
FEW = {"train_pairs": 60, "valid_pairs": 12, "test_pairs": 12}
WORDS = {"train": ("ab cd\nab ef gh\n", "x y\nab x z\n"), "valid": ("ab q\n", "y cd\n"), "test": ("cd\n", "x <unk>\n")}


def config(**words):
    return TypeAdapter(Data).validate_python(words)


@pytest.fixture
def files(tmp_path):
    """A config of six small files, and their folder."""
    for split, sides in WORDS.items():
        for side, text in zip(("source", "target"), sides, strict=True):
            (tmp_path / f"{split}.{side}").write_text(text)
    names = {f"{split}_{side}": f"{split}.{side}" for split in SPLITS for side in ("source", "target")}
    return names | {"kind": "pair_files"}, tmp_path


def slow_rows(data, split):
    """The rows of a split, a symbol at a time, from its texts alone."""
    types, rows = data.vocabulary.types, getattr(data, split)
    s, width = rows.source, rows.inputs.shape[1]
    known_source, known_target = types[data.sides.first_source :], types[: data.sides.targets]
    for source, target in zip(data.pairs[split].sources, data.pairs[split].targets, strict=True):
        x = [word if word in known_source else "<unk>" for word in pair_dataset.split_symbols(data.sides.source, source)]
        y = [word if word in known_target else "<unk>" for word in pair_dataset.split_symbols(data.sides.target, target)]
        row = [None] * (s - len(x)) + x + ["<sep>"] + y
        answers = dict(enumerate([*y, "</s>"], start=s))
        yield row + [None] * (width - len(row)), answers, len(x)


EVERY = pytest.mark.parametrize(
    "words",
    [
        {"kind": "numerals", **FEW},
        {"kind": "numerals", "source": "fr", "target": "digits", "level": "char", **FEW},
        {"kind": "numerals", "source": "cs", "target": "en", "vocabulary": {"min_count": 3}, **FEW},
        {"kind": "numerals", "source": "en", "target": "th", "level": "byte", "longest": 300, "largest": 99_999, **FEW},
        {"kind": "numerals", "source": "en", "target": "de", "level": "bpe", "vocabulary": {"size": 40}, **FEW},
        {"kind": "rewrite", "task": "sort", "symbols": 4, "longest": 7, **FEW},
    ],
    ids=lambda words: f"{words['kind']}-{words.get('level', 'word')}",
)


@EVERY
def test_rows_are_what_a_slow_reader_makes_of_the_texts(words):
    data = load_dataset(config(**words))
    types = data.vocabulary.types
    for name, split in zip(SPLITS, (data.train, data.valid, data.test), strict=True):
        longest = max(int(which.valid[:, : which.source].sum(axis=1).max()) for which in (data.train, split))
        assert split.source == longest
        for row, (written, answers, length) in enumerate(slow_rows(data, name)):
            assert [types[i] if real else None for i, real in zip(split.inputs[row], split.valid[row], strict=True)] == written
            scored = zip(split.where[row], split.targets[row], split.weight[row], strict=True)
            assert {int(at): types[target] for at, target, weight in scored if weight} == answers
            assert split.group[row] == length
        assert len(data.pairs[name].sources) == len(split.inputs)
    assert data.train.source == data.train.group.max()
    assert data.train.where.shape[1] == data.train.weight.sum(axis=1).max()


@EVERY
def test_a_target_goes_to_numbers_and_back(words):
    data = load_dataset(config(**words))
    for text, row, weight in zip(data.pairs["train"].targets, data.train.targets, data.train.weight, strict=True):
        numbers = pair_dataset.encode_target(data.vocabulary, data.sides, text)
        np.testing.assert_array_equal(row[weight > 0], [*numbers, data.eos])
        if data.vocabulary.unk not in numbers:
            decoded = pair_dataset.decode_target(data.vocabulary, data.sides, row)
            assert decoded == (" ".join(unicode_words(text)) if words.get("level", "word") == "word" else text)


@EVERY
def test_the_same_words_give_the_same_arrays(words):
    first = load_dataset(config(**words))
    loading._load.cache_clear()
    again = load_dataset(config(**words))
    assert first is not again
    assert first.vocabulary.types == again.vocabulary.types
    assert first.digest == again.digest
    for one, other in zip((first.train, first.test), (again.train, again.test), strict=True):
        assert all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


@EVERY
def test_a_prompt_is_read_as_a_source_of_the_data_is(words):
    data = load_dataset(config(**words))
    for row, text in enumerate(data.pairs["test"].sources):
        s = data.test.source
        expected = data.test.inputs[row, :s][data.test.valid[row, :s]]
        np.testing.assert_array_equal(pair_dataset.encode_source(data.vocabulary, data.sides, text), expected)


def test_the_vocabulary_has_three_ranges_and_a_side_knows_its_own(files):
    words, folder = files
    data = load_dataset(config(**words), folder)
    types, sides = data.vocabulary.types, data.sides
    assert set(types[: sides.first_source]) == {"x", "y", "z"}
    assert types[sides.first_source : sides.targets] == ("<unk>", "<sep>", "</s>", "ab")
    assert set(types[sides.targets :]) == {"cd", "ef", "gh"}
    names = lambda numbers: [types[i] for i in numbers]
    assert names(pair_dataset.encode_source(data.vocabulary, sides, "ab x cd q")) == ["ab", "<unk>", "cd", "<unk>"]
    assert names(pair_dataset.encode_target(data.vocabulary, sides, "ab x cd <unk>")) == ["ab", "x", "<unk>", "<unk>"]
    assert data.description["unknown"]["target"] == {"train": 0.0, "valid": 0.5, "test": 0.5}
    assert data.description["pairs"] == {"train": 2, "valid": 1, "test": 1}


@settings(deadline=None, max_examples=30)
@given(st.lists(st.text("abcd", min_size=1, max_size=3), min_size=1), st.lists(st.text("abcd", min_size=1, max_size=3), min_size=1))
def test_every_symbol_has_one_number_in_the_range_of_its_side(source, target):
    source, target = list(dict.fromkeys(source)), list(dict.fromkeys(target))
    vocabulary, sides = pair_dataset.join_sides(Side("word"), Side("word"), source, target)
    assert len(set(vocabulary.types)) == vocabulary.size
    assert set(vocabulary.types[: sides.targets]) == {*target, *pair_dataset.SPECIAL}
    assert set(vocabulary.types[sides.first_source :]) == {*source, *pair_dataset.SPECIAL}
    assert vocabulary.types[vocabulary.eos] == "</s>"
    assert vocabulary.types[vocabulary.unk] == "<unk>"


def test_batches_carry_the_number_of_source_columns():
    words = config(kind="rewrite", longest=5, **FEW)
    data, key = load_dataset(words), jax.random.key(0)
    batch = train_batch(words, 4, device_arrays(data.train), key, jnp.int32(3))
    assert batch.source == host_batch(words, 4, host_arrays(data.train), key, 3).source == data.train.source
    (stacked,) = eval_batches(words, Evaluation(), data.test, data.eos, 1, 1, tokens_per_batch=30)
    assert stacked.source == data.test.source
    np.testing.assert_array_equal(groups(data.test), np.repeat(data.test.group, data.test.weight.sum(axis=1).astype(int)))


@settings(deadline=None, max_examples=20)
@given(st.integers(99, 30_000), st.integers(1, 9), st.integers(1, 9), st.integers(1, 60))
def test_no_number_is_in_two_splits_or_twice_in_one(largest, test, valid, train):
    words = Numerals(kind="numerals", largest=largest, train_pairs=train, valid_pairs=valid, test_pairs=test)
    drawn = {split: draw_numbers(words, split).tolist() for split in SPLITS}
    assert [len(drawn[split]) for split in SPLITS] == [train, valid, test]
    every = [number for numbers in drawn.values() for number in numbers]
    assert len(set(every)) == len(every)
    assert 0 <= min(every) <= max(every) <= largest


def test_numbers_of_few_digits_are_as_frequent_as_there_are():
    words = Numerals(kind="numerals", largest=999_999, train_pairs=4008, valid_pairs=100, test_pairs=100)
    counts = np.bincount([len(str(number)) for number in draw_numbers(words, "train")], minlength=7)
    assert counts.tolist() == [0, 8, 72, 720, 1069, 1069, 1070]


def test_a_split_with_too_few_numbers_is_refused():
    with pytest.raises(StepladderError, match=r"data.test_pairs = 11 is above the 10 numbers that test has"):
        draw_numbers(Numerals(kind="numerals", largest=99, test_pairs=11), "test")


@given(st.lists(st.integers(0, 30), min_size=1, max_size=6), st.floats(0, 1))
def test_a_quota_is_as_even_as_the_capacities_allow(capacity, share):
    capacity = np.array(capacity)
    total = int(share * capacity.sum())
    quota = even_quota(capacity, total)
    assert quota.sum() == total
    assert (quota <= capacity).all()
    free = quota[quota < capacity]
    assert not len(free) or quota.max() <= free.min() + 1


def test_numbers_are_said_in_normal_form():
    assert spell_number(21, "de") == "einundzwanzig"
    assert spell_number(21, "digits") == "21"
    data = load_dataset(config(kind="numerals", target="vi", **FEW))
    assert all(pair_dataset.split_symbols(Side("char"), text) == list(text) for text in data.pairs["train"].targets)


@pytest.mark.parametrize("language", ["deu", "xx", "am", "Digits"])
def test_an_unknown_language_is_told_with_the_known_ones(language):
    with pytest.raises(StepladderError, match=rf"There are no numerals of '{language}'.* digits or one of ar, az"):
        load_dataset(config(kind="numerals", source=language, target="en", **FEW))


def test_a_number_that_cannot_be_said_is_told(monkeypatch):
    def fail(number, lang):
        raise NotImplementedError

    monkeypatch.setattr("num2words.num2words", fail)
    with pytest.raises(StepladderError, match=r"num2words cannot say 7 in en \(NotImplementedError"):
        spell_number(7, "en")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"kind": "numerals", "target": "de"}, "writes a number as one word"),
        ({"kind": "numerals", "source": "en"}, "nothing to translate"),
        ({"kind": "multi30k", "source": "en"}, "nothing to translate"),
        ({"kind": "multi30k", "level": "bpe"}, "needs vocabulary.size"),
        ({"kind": "multi30k", "level": "byte", "vocabulary": {"size": 9}}, "there are 256 bytes"),
        ({"kind": "rewrite", "shortest": 9, "longest": 8}, "shortest = 9 is above longest = 8"),
    ],
)
def test_words_that_do_not_fit_are_refused(words, told):
    with pytest.raises(ValidationError, match=told):
        config(**words)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("train.target", "x\n", r"train_source = 'train.source' has 2 lines and data.train_target = 'train.target' has 1"),
        ("valid.source", " \n", r"data.valid_source = 'valid.source' is empty"),
        ("train.source", "ab\n\n", r"data.train_source = 'train.source', line 2, is empty"),
        ("test.target", "x <sep>\n", r"Line 1 of the test target has the word <sep>"),
        ("test.target", b"\xff", r"data.test_target = 'test.target' is not UTF-8: line 1"),
        ("test.source", "ab " * 9, r"Pair 1 of test has 9 symbols on a side.* Set data.longest = 5 or more"),
        ("train.source", "ab ab ab ab ab\n" * 2, r"No training pair has at most data.longest = 4"),
    ],
)
def test_files_that_are_no_pairs_are_told_with_their_place(files, name, content, told):
    words, folder = files
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(StepladderError, match=told):
        load_dataset(config(**words, longest=4), folder)


def test_long_training_pairs_are_left_out_and_long_test_pairs_kept_whole(files):
    words, folder = files
    (folder / "test.source").write_text("ab ab ab ab\n")
    data = load_dataset(config(**words, longest=2), folder)
    assert data.pairs["train"] == PairTexts(("ab cd",), ("x y",))
    assert data.description["left_out"] == 1
    assert data.test.group.tolist() == [4]
    assert (data.train.source, data.test.source) == (2, 4)
    assert "ef" in data.vocabulary.types


def test_training_takes_the_first_pairs_that_are_asked_for(files):
    words, folder = files
    assert load_dataset(config(**words, train_pairs=1), folder).pairs["train"].sources == ("ab cd",)


def test_the_digest_is_that_of_the_contents(files):
    words, folder = files
    before = loading.dataset_digest(config(**words), folder)
    (folder / "copy.source").write_bytes((folder / "test.source").read_bytes())
    assert loading.dataset_digest(config(**words | {"test_source": "copy.source"}), folder) == before
    (folder / "copy.source").write_text("other\n")
    assert loading.dataset_digest(config(**words | {"test_source": "copy.source"}), folder) != before


@pytest.fixture
def captions(tmp_path, monkeypatch):
    """A small multi30k of two languages, packed, in a folder; the files of the others are nowhere."""
    monkeypatch.setenv("STEPLADDER_CACHE", str(tmp_path / "cache"))
    written = {
        f"{stem}.{language}": f"Ein {language} Hut.\nZwei {stem}\n".encode()
        for stem in pair_texts.CAPTION_FILES.values()
        for language in ("de", "en")
    }
    for name, content in written.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    source = source_entries.SOURCES["multi30k"]
    pinned = tuple(
        source_entries.File(file.name, hashlib.sha256(written.get(file.name, b"")).hexdigest(), (tmp_path / f"{file.name}.gz").as_uri())
        for file in source.files
    )
    monkeypatch.setitem(source_entries.SOURCES, "multi30k", source_entries.Source("address", "", files=pinned))
    loading._load.cache_clear()
    return tmp_path


def test_of_four_languages_two_are_read(captions):
    data = load_dataset(config(kind="multi30k", lower=True), captions)
    assert data.pairs["test"] == PairTexts(("ein de hut.", "zwei test_2016_flickr"), ("ein en hut.", "zwei test_2016_flickr"))
    assert data.test.group.tolist() == [4, 6]
    with pytest.raises(StepladderError, match=r"multi30k needs train.fr"):
        load_dataset(config(kind="multi30k", source="fr"), captions)


def test_a_packed_download_is_unpacked(captions):
    assert len(load_dataset(config(kind="multi30k")).pairs["train"].sources) == 2
    (captions / "train.de.gz").write_bytes(b"no archive")
    (captions / "cache" / "multi30k" / "train.de").unlink()
    with pytest.raises(StepladderError, match=r"train.de.gz cannot be unpacked"):
        dataset_sources.read_data_source("multi30k", file_names=("train.de",))


def slow_alignment(task, source):
    """Which source symbol each target symbol is, by taking them out one by one."""
    left = list(enumerate(source))
    taken = {"copy": lambda: left[0], "reverse": lambda: left[-1], "sort": lambda: min(left, key=lambda item: item[1])}
    found = []
    while left:
        found.append(taken[task]())
        left.remove(found[-1])
    return [place for place, _ in found]


@given(st.sampled_from(["copy", "reverse", "sort"]), st.lists(st.integers(0, 4), min_size=1, max_size=9))
def test_the_true_alignment_takes_the_first_of_equal_symbols(task, source):
    assert true_alignment(task, np.array(source)).tolist() == slow_alignment(task, source)


@pytest.mark.parametrize("task", ["copy", "reverse", "sort"])
def test_a_rewritten_target_is_its_source_along_the_alignment(task):
    words = Rewrite(kind="rewrite", task=task, symbols=12, shortest=2, longest=6, **FEW)
    data = load_dataset(words)
    assert {len(text.split()) for text in data.pairs["train"].sources} == {2, 3, 4, 5, 6}
    for source, target in zip(data.pairs["train"].sources, data.pairs["train"].targets, strict=True):
        numbers = np.array([int(word[1:]) for word in source.split()])
        assert [int(word[1:]) for word in target.split()] == numbers[true_alignment(task, numbers)].tolist()


def test_words_are_apart_from_punctuation_in_any_script():
    assert unicode_words("Ein Kind, 3-jährig (ha!)") == ["Ein", "Kind", ",", "3", "-", "jährig", "(", "ha", "!", ")"]
    assert unicode_words("नमस्ते।दो") == ["नमस्ते", "।", "दो"]
