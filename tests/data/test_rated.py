"""Rated sentences: the numbers and their scale, splits and folds, and what is wrong with a file, said with its line."""

import json

import numpy as np
import pandas
import pytest
from pydantic import TypeAdapter

from research.config.data import Data
from research.config.errors import StepladderError
from research.data import labelled
from research.data.loading import dataset_digest, load_dataset
from research.data.rated import training_scale
from research.data.split_memory import device_arrays

DATA = TypeAdapter(Data)
RATED = [(str(i), round(4 * np.sin(i), 1), f"word{i % 7} film{i % 5}") for i in range(200)]
ROWS = [{"text": f"w{i % 7} film {i}", "rating": i * i % 23 / 2, "writer": f"w{i % 9}"} for i in range(60)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(labelled, "read_data_source", lambda kind, _: {"": b""})
    monkeypatch.setattr(labelled, "read_rated", lambda archive, part: RATED)
    return tmp_path


def load(**words):
    return load_dataset(DATA.validate_python(words))


def lines(path, text):
    path.write_text(text, encoding="utf-8")
    return str(path)


def files(folder, train, **words):
    other = lines(folder / "other.tsv", "1\ta\n2.5\tb\n")
    return {"kind": "rated_files", "train": lines(folder / "train.tsv", train), "valid": other, "test": other} | words


def test_ratings_of_vader_are_in_the_splits_of_its_classes(folder):
    ratings, classes = load(kind="vader_ratings"), load(kind="vader", neutral="keep")
    for split in ("train", "valid", "test"):
        assert ratings.sentences[split].texts == classes.sentences[split].texts
        signs = np.sign(ratings.sentences[split].labels) * (np.abs(ratings.sentences[split].labels) > labelled.NEUTRAL)
        np.testing.assert_array_equal(signs, classes.sentences[split].labels - 1)
    assert ratings.classes == ()
    assert ratings.digest != classes.digest


def test_targets_are_standard_numbers_by_the_training_split(folder):
    data = load(kind="vader_ratings", train_sentences=50)
    train, scale = data.sentences["train"].labels, data.train.scale
    assert scale == training_scale(train) == data.valid.scale == data.test.scale
    assert len(train) == 50
    for split, name in ((data.train, "train"), (data.test, "test")):
        assert split.targets.dtype == np.float32
        np.testing.assert_allclose(scale.mean + scale.deviation * split.targets[:, 0], data.sentences[name].labels, atol=1e-5)
    assert data.train.targets.mean() == pytest.approx(0, abs=1e-6)
    assert data.train.targets.std() == pytest.approx(1, abs=1e-6)
    assert device_arrays(data.train).scale == scale
    assert data.description["mean"] == scale.mean


def test_folds_have_the_spread_of_all_numbers(folder):
    folds = [load(kind="vader_ratings", folds=5, fold=i, validation="next_fold").sentences["test"].labels for i in range(5)]
    assert sorted(np.concatenate(folds)) == sorted(rating for _, rating, _ in RATED)
    means = [fold.mean() for fold in folds]
    assert np.ptp(means) < 0.2  # of fifths drawn at random: about 1


def test_a_table_is_the_same_data_as_lines(folder):
    train, test = ROWS[:40], ROWS[40:]
    paths = {}
    for split, rows in (("train", train), ("test", test)):
        lines(folder / f"{split}.tsv", "".join(f"{row['rating']}\t{row['text']}\n" for row in rows))
        pandas.DataFrame(rows).to_csv(folder / f"{split}.csv", index=False)
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        paths[split] = f"{split}.{{}}"
    found = [
        load(kind="rated_files", **{split: path.format(ending) for split, path in paths.items()}, valid=0.25)
        for ending in ("tsv", "csv", "jsonl")
    ]
    for data in found[1:]:
        assert data.sentences["train"].texts == found[0].sentences["train"].texts
        np.testing.assert_array_equal(data.sentences["test"].labels, found[0].sentences["test"].labels)
        assert data.identities == found[0].identities
    assert len(found[0].sentences["valid"].labels) == 10


def test_columns_are_named_and_groups_are_clusters(folder):
    pandas.DataFrame(ROWS).rename(columns={"rating": "stars"}).to_csv(folder / "all.csv", index=False)
    words = {"kind": "rated_files", "train": "all.csv", "valid": 0.2, "test": 0.2, "columns": {"rating": "stars"}, "group_column": "writer"}
    data = load(**words)
    writers = {row["text"]: row["writer"] for row in ROWS}
    of = {split: {writers[text] for text in data.sentences[split].texts} for split in ("train", "valid", "test")}
    assert not of["train"] & of["test"]
    assert len(np.unique(data.clusters)) == len(of["test"])


def test_another_number_is_another_dataset(folder):
    words = files(folder, "1\ta b\n2\tc\n")
    first = dataset_digest(DATA.validate_python(words))
    lines(folder / "train.tsv", "1\ta b\n3\tc\n")
    assert dataset_digest(DATA.validate_python(words)) != first


def test_equal_numbers_of_other_sentences_are_told_apart(folder):
    tests = [lines(folder / f"{number}.tsv", f"{number}\tgood\n") for number in (1, 2)]
    a, b = (load(**files(folder, "1\ta\n2\tc\n", test=test)) for test in tests)
    assert a.identities["test"].text == b.identities["test"].text
    assert a.identities["test"].targets != b.identities["test"].targets


@pytest.mark.parametrize(
    ("train", "told"),
    [
        ("1\ta\ngood\tb\n", ["train.tsv, line 2", "'good'", "finite number"]),
        ("1\ta\nnan\tb\n", ["train.tsv, line 2", "'nan'", "finite number"]),
        ("1\ta\n-inf\tb\n", ["train.tsv, line 2", "'-inf'", "finite number"]),
        ("1\ta\n\tb\n", ["train.tsv, line 2", "finite number"]),
        ("1\ta\n3,5\tb\n", ["train.tsv, line 2", "'3,5'"]),
        ("1\ta\n2\t \n", ["train.tsv, line 2", "empty `text`"]),
        ("1\ta\n2 b\n", ["train.tsv, line 2", "no tab", "number<TAB>text"]),
        ("1\ta\n\n2\tb\n", ["train.tsv, line 2", "no tab"]),
        ("2\ta\n2.0\tb\n", ["All 2 training sentences", "the number 2"]),
        ("1e200\ta\n-1e200\tb\n", ["too large", "another unit"]),
        ("", ["empty", "number<TAB>text"]),
        ("rating\ttext\n1\ta\n", ["line 1, is a header", "data.columns = {}"]),
    ],
)
def test_a_mistake_is_told_with_its_file_and_line(folder, train, told):
    with pytest.raises(StepladderError) as error:
        load(**files(folder, train))
    for words in told:
        assert words in str(error.value)


def test_a_wrong_column_names_the_nearest(folder):
    pandas.DataFrame(ROWS).to_csv(folder / "all.csv", index=False)
    with pytest.raises(StepladderError, match=r"`ratng`.*did you mean `rating`"):
        load(kind="rated_files", train="all.csv", valid=0.1, test=0.1, columns={"rating": "ratng"})


def test_a_limit_that_leaves_equal_numbers_says_so(folder):
    words = files(folder, "".join(f"{3 if i else 9}\tw{i}\n" for i in range(40)), train_sentences=2)
    with pytest.raises(StepladderError, match=r"All 2 training sentences .* raise data.train_sentences"):
        load(**words)
