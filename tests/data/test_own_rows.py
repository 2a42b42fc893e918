"""Data of one's own as tables: the same arrays from every format, which rows are which split, and what identifies them."""

import gzip
import json
from itertools import product

import numpy as np
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from research.config.corpora import Files
from research.config.data import Unlabelled
from research.config.errors import StepladderError
from research.config.pairs import PairFiles
from research.config.schema import Config
from research.config.sentences import LabelledFiles
from research.data.clusters import DOCUMENTS
from research.data.dataset import TextSplit
from research.data.held_out import hold_out, hold_out_groups
from research.data.loading import dataset_digest, load_dataset
from research.plan.cell_record import file_checksums

WORDS = ["the", "a", "film", "play", "scene", "was", "is", "so", "very", "quite", "good", "bad", "dull", "fine", "long", "short"]
LABELS = ("pos", "neg", "so so")
ROWS = [
    {
        "text": f"{WORDS[i % 7]} {WORDS[i % 5 + 3]}, {WORDS[i % 11 + 4]} é{i % 13}",
        "label": LABELS[i * i % 7 % 3],
        "author": f"author {i * i % 17}",
        "split": ("train", "train", "Validation", "TEST", "train")[i % 5],
        "source": f"{WORDS[i % 7]} {i}",
        "target": f"{i} {WORDS[i % 7]}",
    }
    for i in range(60)
]


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def write_lines(path, rows):
    path.write_text("".join(f"{row['label']}\t{row['text']}\n" for row in rows), encoding="utf-8")


def write_saved(path, rows):
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    datasets.Dataset.from_list(rows).save_to_disk(path)


WRITERS = {
    "csv": lambda path, rows: pandas.DataFrame(rows).to_csv(path, index=False),
    "csv.gz": lambda path, rows: pandas.DataFrame(rows).to_csv(path, index=False),
    "tsv": lambda path, rows: pandas.DataFrame(rows).to_csv(path, index=False, sep="\t"),
    "jsonl": write_jsonl,
    "jsonl.zst": lambda path, rows: pandas.DataFrame(rows).to_json(path, orient="records", lines=True),
    "parquet": lambda path, rows: pandas.DataFrame(rows).to_parquet(path),
    "saved": write_saved,
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(folder, rows, name="all.jsonl"):
    WRITERS[name.split(".", 1)[1]](folder / name, rows)
    return name


def labelled(train, **words):
    return LabelledFiles.model_validate({"kind": "labelled_files", "train": train} | words)


def values(split):
    return vars(split).values() if isinstance(split, TextSplit) else split


def arrays(data):
    return [array for split in (data.train, data.valid, data.test) for array in values(split) if isinstance(array, np.ndarray)]


def same(first, second):
    return (
        first.vocabulary.types == second.vocabulary.types
        and first.classes == second.classes
        and first.identities == second.identities
        and all(np.array_equal(one, other) for one, other in zip(arrays(first), arrays(second), strict=True))
    )


@pytest.mark.parametrize("ending", WRITERS)
def test_labelled_texts_are_the_same_from_every_format_and_from_lines(folder, ending):
    write_lines(folder / "train.txt", ROWS[:40])
    write_lines(folder / "test.txt", ROWS[40:])
    for split, rows in (("train", ROWS[:40]), ("test", ROWS[40:])):
        table(folder, rows, f"{split}.{ending}")
    lines = load_dataset(labelled("train.txt", valid=0.2, test="test.txt"))
    rows = load_dataset(labelled(f"train.{ending}", valid=0.2, test=f"test.{ending}", columns={}))
    assert same(lines, rows)
    assert [*rows.sentences["test"].texts] == [row["text"] for row in ROWS[40:]]


def test_a_folder_of_texts_by_class_is_the_same_as_its_lines_in_that_order(folder):
    ordered = sorted(ROWS[:20], key=lambda row: row["label"])
    for number, row in enumerate(ordered):
        (folder / "texts" / row["label"]).mkdir(parents=True, exist_ok=True)
        (folder / "texts" / row["label"] / f"{number:02}.txt").write_text(f"{row['text']}\n", encoding="utf-8")
    write_lines(folder / "all.txt", ordered)
    shares = {"valid": 0.2, "test": 0.2}
    assert same(load_dataset(labelled("texts", **shares)), load_dataset(labelled("all.txt", **shares)))


@pytest.mark.parametrize("ending", WRITERS)
def test_texts_and_pairs_are_the_same_from_every_format_and_from_lines(folder, ending):
    for column in ("text", "source", "target"):
        (folder / f"{column}.txt").write_text("".join(f"{row[column]}\n" for row in ROWS), encoding="utf-8")
    name = table(folder, ROWS, f"all.{ending}")
    shares = {"valid": 0.1, "test": 0.1}
    text = load_dataset(Files(kind="files", train=name, columns={}, **shares))
    assert same(text, load_dataset(Files(kind="files", train="text.txt", **shares)))
    pairs = load_dataset(PairFiles(kind="pair_files", train=name, columns={}, **shares))
    assert same(pairs, load_dataset(PairFiles(kind="pair_files", train_source="source.txt", train_target="target.txt", **shares)))
    assert pairs.description["pairs"] == {"train": 48, "valid": 6, "test": 6}


def test_a_run_knows_the_folder_that_it_read(folder):
    for split, label in (("train", "pos"), ("train", "neg"), ("test", "pos")):
        (folder / "texts" / split / label).mkdir(parents=True)
        (folder / "texts" / split / label / "1.txt").write_text(f"{split} {label}", encoding="utf-8")
    data = labelled("texts/train", valid="texts/train", test="texts/test")
    config = Config.model_validate({"data": data.model_dump(exclude_defaults=True), "model": {"kind": "bag_of_words"}})
    before = file_checksums(config, None)
    assert before.keys() == {"data.train", "data.valid", "data.test"}
    (folder / "texts" / "test" / "pos" / "1.txt").write_text("changed", encoding="utf-8")
    assert {key for key, checksum in file_checksums(config, None).items() if checksum != before[key]} == {"data.test"}


def test_columns_have_the_names_that_the_config_says(folder):
    other = [{"review": row["text"], "stars": i % 3, "text": "nothing", "label": "none"} for i, row in enumerate(ROWS)]
    data = load_dataset(labelled(table(folder, other), valid=6, test=6, columns={"text": "review", "label": "stars"}))
    assert data.classes == ("0", "1", "2")
    assert {*data.sentences["test"].texts} <= {row["text"] for row in ROWS}
    language = Unlabelled(kind="unlabelled", of=labelled("all.jsonl", valid=6, test=6, columns={"text": "review", "label": "stars"}))
    assert "nothing" not in load_dataset(language).vocabulary.types


def test_a_column_says_the_split_under_any_of_its_names(folder):
    name = table(folder, ROWS, "all.csv")
    data = load_dataset(labelled(name, split_column="split"))
    for split, written in (("train", "train"), ("valid", "Validation"), ("test", "TEST")):
        assert [*data.sentences[split].texts] == [row["text"] for row in ROWS if row["split"] == written]
    pairs = load_dataset(PairFiles(kind="pair_files", train=name, split_column="split"))
    assert pairs.description["pairs"] == {"train": 36, "valid": 12, "test": 12}
    text = load_dataset(Files(kind="files", train=name, split_column="split"))
    assert text.description["lines"] == {"train": 36, "valid": 12, "test": 12}


def test_a_column_may_say_the_test_and_a_share_validation(folder):
    name = table(folder, [row for row in ROWS if row["split"] != "Validation"])
    data = load_dataset(labelled(name, split_column="split", valid=0.25))
    assert data.description["sentences"] == {"train": 27, "valid": 9, "test": 12}
    with pytest.raises(StepladderError, match=r"says of no row that it is valid: set data.valid = 0.1"):
        load_dataset(labelled(name, split_column="split"))
    with pytest.raises(StepladderError, match=r"says which rows are test, and data.test holds others out"):
        load_dataset(labelled(name, split_column="split", valid=0.25, test=0.25))
    with pytest.raises(StepladderError, match=r"all.jsonl, record 1|all.jsonl, line 1, has 'pos' for `label`, which is no split"):
        load_dataset(labelled(name, split_column="label", valid=0.2))


def test_a_split_that_is_nearly_one_is_told(folder):
    with pytest.raises(StepladderError, match=r"all.jsonl, line 60, has 'tset' for `split`.*did you mean `test`\?.*valid"):
        load_dataset(labelled(table(folder, [*ROWS[:-1], ROWS[-1] | {"split": "tset"}]), split_column="split"))


def test_shares_are_of_the_whole_file_and_of_every_class(folder):
    data = load_dataset(labelled(table(folder, ROWS), valid=0.2, test=0.1))
    assert data.description["sentences"] == {"train": 42, "valid": 12, "test": 6}
    texts = [text for split in data.sentences.values() for text in split.texts]
    assert sorted(texts) == sorted(row["text"] for row in ROWS)
    shares = {label: sum(row["label"] == label for row in ROWS) / 60 for label in LABELS}
    for split, count in (("valid", 12), ("test", 6)):
        for number, label in enumerate(data.classes):
            assert abs((data.sentences[split].labels == number).sum() - count * shares[label]) < 2


grouped = st.lists(st.tuples(st.sampled_from("aab"), st.integers(0, 12).map(str)), min_size=20, max_size=60)


@settings(max_examples=40)
@given(grouped, st.one_of(st.floats(0.1, 0.4), st.integers(2, 8)), st.randoms())
def test_no_group_is_in_two_splits_and_the_order_of_rows_says_nothing(rows, share, random):
    def held_out(rows):
        classes, groups = zip(*rows, strict=True)
        try:
            return hold_out_groups(share, rows, classes, groups, "mine")
        except StepladderError:
            return None

    parts = held_out(rows)
    shuffled = held_out(random.sample(rows, len(rows)))
    assert (parts is None) == (shuffled is None)
    if parts is None:
        return
    train, held = parts
    assert sorted(train + held) == sorted(rows)
    assert not {group for _, group in train} & {group for _, group in held}
    assert {name for name, _ in train} == {name for name, _ in rows}
    assert sorted(held) == sorted(shuffled[1])


def test_groups_that_are_single_rows_come_as_near_as_rows():
    rows = list(range(200))
    classes = ["ab"[number % 4 == 0] for number in rows]
    train, held = hold_out_groups(0.2, rows, classes, [str(number) for number in rows], "mine")
    assert len(held) == len(hold_out(0.2, rows, classes, "mine")[1]) == 40
    assert sum(classes[number] == "b" for number in held) == 10
    assert sorted(train + held) == rows


def test_groups_stay_together_and_are_the_clusters_of_the_test(folder):
    author = {row["text"]: row["author"] for row in ROWS}
    assert len(author) == len(ROWS)
    name = table(folder, ROWS, "all.csv")
    data = load_dataset(labelled(name, valid=0.2, test=0.2, group_column="author"))
    authors = {split: [author[text] for text in sentences.texts] for split, sentences in data.sentences.items()}
    for one, other in (("train", "valid"), ("train", "test"), ("valid", "test")):
        assert not {*authors[one]} & {*authors[other]}
    together = [[one == other for other in authors["test"]] for one in authors["test"]]
    assert np.array_equal(data.clusters[:, None] == data.clusters, together)
    pairs = load_dataset(PairFiles(kind="pair_files", train=name, valid=0.2, test=0.2, group_column="author"))
    assert len(pairs.clusters) == pairs.description["pairs"]["test"]
    text = load_dataset(Files(kind="files", train=name, split_column="split", group_column="author"))
    assert len(set(text.clusters)) == len({row["author"] for row in ROWS if row["split"] == "TEST"})
    assert load_dataset(Files(kind="files", train=name, split_column="split")).clusters is None


def test_lines_of_a_row_are_one_cluster(folder):
    rows = [{"text": f"one {i}\n\nthree" if i % 2 else f"one {i}\n"} for i in range(8)]
    name = table(folder, rows)
    data = load_dataset(Files(kind="files", train=name, valid=2, test=name))
    assert data.test_text.split("\n")[:5] == ["one 0", "one 1", "", "three", "one 2"]
    assert data.clusters.tolist() == [0, 1, 1, 1, 2, 3, 3, 3, 4, 5, 5, 5, 6, 7, 7, 7]


def test_documents_of_a_table_end_where_the_data_say(folder):
    name = table(folder, [{"text": text} for text in ("a\nb", "", "c", "d")])
    clusters = {word: load_dataset(Files(kind="files", train=name, valid=1, test=name, documents=word)).clusters for word in DOCUMENTS}
    assert clusters["unknown"].tolist() == [0, 0, 1, 2, 3]  # its rows, since one has two lines
    assert clusters["blank_line"].tolist() == [0, 0, 0, 1, 1]
    assert clusters["line"] is None


def test_the_same_bytes_are_other_texts_under_another_ending(folder):
    """A quote is one of CSV's, or a character of a TSV that has a lone one."""
    for name in ("a.csv", "a.tsv"):
        (folder / name).write_text('text\n"x"\ny "z\nx\n' * 3, encoding="utf-8")
    csv, tsv = (load_dataset(Files(kind="files", train=name, columns={}, valid=name, test=name)) for name in ("a.csv", "a.tsv"))
    assert csv.digest == tsv.digest
    assert '"x"' in tsv.vocabulary.types
    assert '"x"' not in csv.vocabulary.types


def test_too_few_groups_are_told(folder):
    one = [row | {"author": "one"} for row in ROWS]
    with pytest.raises(StepladderError, match=r"data.test = 0.1 holds whole groups out, and none of the 1 groups of all.jsonl can be"):
        load_dataset(labelled(table(folder, one), valid=0.1, test=0.1, group_column="author"))


def test_the_digest_knows_the_bytes_and_the_words_that_select(folder):
    name = table(folder, ROWS, "all.jsonl")
    table(folder, ROWS, "same.jsonl.zst")
    (folder / "same.jsonl").write_bytes((folder / name).read_bytes())
    table(folder, [*ROWS[:-1], ROWS[-1] | {"text": "other"}], "other.jsonl")
    shares = {"valid": 0.1, "test": 0.1}
    words = (
        {},
        {"columns": {"text": "source"}},
        {"columns": {"label": "author"}},
        {"group_column": "author"},
        {"valid": "none", "test": "none", "split_column": "split"},
    )
    digests = [dataset_digest(labelled(file, **(shares | more))) for file, more in product((name, "other.jsonl"), words)]
    assert len(set(digests)) == len(digests)
    assert dataset_digest(labelled("same.jsonl", **shares)) == digests[0]
    assert dataset_digest(labelled(name, columns={}, **shares)) == digests[0]
    assert dataset_digest(Files(kind="files", train=name, **shares)) not in digests


def test_an_encoding_is_that_of_lines_and_tables(folder):
    for column in ("text", "source", "target"):
        (folder / f"{column}.txt").write_text("".join(f"{row['text']} {i}\n" for i, row in enumerate(ROWS)), encoding="latin-1")
    pandas.DataFrame(ROWS).to_csv("all.csv", index=False, encoding="latin-1")
    words = {"valid": 0.1, "test": 0.1, "encoding": "latin-1"}
    datasets = (
        load_dataset(Files(kind="files", train="text.txt", **words)),
        load_dataset(PairFiles(kind="pair_files", train_source="source.txt", train_target="target.txt", **words)),
        load_dataset(Files(kind="files", train="all.csv", **words)),
        load_dataset(labelled("all.csv", **words)),
    )
    assert all("é1" in data.vocabulary.types for data in datasets)
    with pytest.raises(StepladderError, match=r"text.txt.* is not UTF-8: line 1 .*Set data.encoding"):
        load_dataset(Files(kind="files", train="text.txt", valid=0.1, test=0.1))


def test_packed_lines_are_the_same_data(folder):
    write_lines(folder / "all.txt", ROWS)

    (folder / "all.txt.gz").write_bytes(gzip.compress((folder / "all.txt").read_bytes()))
    plain, packed = (load_dataset(labelled(name, valid=0.1, test=0.1)) for name in ("all.txt", "all.txt.gz"))
    assert same(plain, packed)
    assert plain.digest == packed.digest


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"columns": {"text": "reviews"}}, [r"no column `reviews`", r"did you mean `review`", "review, label"]),
        ({"train": "lines.txt", "columns": {}}, ["lines.txt is no table", "leave data.columns out"]),
        ({"train": "lines.txt", "group_column": "author"}, ["lines.txt is no table"]),
        ({"train": "lines.txt", "test": "headed.tsv"}, ["headed.tsv, line 1, looks like a header (text, label)", "set data.columns"]),
        ({"train": "blank.csv"}, ["blank.csv, line 3, has an empty `text`"]),
        ({"train": "nowhere.csv"}, ["'nowhere.csv'", "no file"]),
    ],
)
def test_mistakes_of_labelled_tables(folder, words, told):
    write_lines(folder / "lines.txt", ROWS)
    (folder / "headed.tsv").write_text("text\tlabel\ngood\tpos\n")
    (folder / "all.csv").write_text("review,label\n" + "good,pos\nbad,neg\n" * 5)
    (folder / "blank.csv").write_text("text,label\ngood,pos\n ,neg\n")
    with pytest.raises(StepladderError) as error:
        load_dataset(labelled(**({"train": "all.csv", "valid": 0.2, "test": 0.2} | words)))
    assert all(word in str(error.value) for word in told), error.value


def test_mistakes_of_tables_of_pairs(folder):
    table(folder, [*ROWS[:30], ROWS[30] | {"target": " "}])
    pairs = lambda **words: PairFiles.model_validate({"kind": "pair_files", "train": "all.jsonl", "valid": 0.1, "test": 0.1} | words)
    with pytest.raises(StepladderError, match=r"all.jsonl, line 31, has an empty `target`"):
        load_dataset(pairs())
    with pytest.raises(StepladderError, match=r"no column `german`.*Its columns are text, label"):
        load_dataset(pairs(columns={"target": "german"}))
    with pytest.raises(StepladderError, match=r"data.train = 'none.csv' does not exist.*a table with named columns"):
        load_dataset(pairs(train="none.csv"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"kind": "files"}, "valid and test are missing"),
        ({"kind": "files", "valid": 0.1}, r"test is missing: .* as test = 0.1"),
        ({"kind": "files", "valid": 0.1, "test": 0.1, "documents": "blank_line"}, "documents = blank_line needs a test file"),
        ({"kind": "files", "valid": 0.1, "test": 0.1, "documents": "line", "group_column": "g"}, "and documents says it too"),
        ({"kind": "labelled_files", "valid": 0.1}, "test needs a file"),
        ({"kind": "labelled_files", "valid": "a", "test": "b", "split_column": "s"}, "split_column says which rows of train are valid"),
        ({"kind": "labelled_files", "folds": 5, "test": 0.1}, "folds deal all rows into splits, each by itself, so test says nothing"),
        ({"kind": "labelled_files", "folds": 5, "group_column": "a"}, "group_column says nothing"),
        ({"kind": "pair_files", "train_source": "a"}, "train says where its pairs are from, and train_source and train_target name files"),
        (
            {"kind": "pair_files", "valid": 0.1},
            "test_source and test_target are missing; write both, or test, a table of pairs; or test = 0.1",
        ),
    ],
)
def test_words_of_splits_that_do_not_fit_are_errors(words, told):
    kinds = {"files": Files, "labelled_files": LabelledFiles, "pair_files": PairFiles}
    with pytest.raises(ValidationError, match=told):
        kinds[words["kind"]].model_validate({"train": "x"} | words)
