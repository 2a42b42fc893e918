"""Validation held out of a training file: which lines, for every kind of file; tokenized files; numbers for classes of questions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from research.config.cell_identity import cell_id
from research.config.corpora import Files
from research.config.errors import StepladderError
from research.config.merge import with_default_kinds
from research.config.pairs import PairFiles
from research.config.schema import Config
from research.config.sentences import LabelledFiles, MovieReviews, Questions
from research.data.held_out import hold_out
from research.data.loading import load_dataset
from research.plan.cell_record import file_checksums

classes = st.lists(st.sampled_from("aaaaabbc"), min_size=30, max_size=80)


@given(classes, st.one_of(st.integers(1, 20), st.floats(0.05, 0.5)))
def test_a_split_keeps_every_line_once_and_every_class_its_part(names, share):
    lines = list(range(len(names)))
    train, valid = hold_out(share, lines, names, "mine")
    assert sorted(train + valid) == lines
    assert train == sorted(train)
    assert valid == sorted(valid)
    assert len(valid) == (share if isinstance(share, int) else round(share * len(lines)))
    assert {names[i] for i in train} == set(names)
    for name in set(names):
        part = (names.count(name) - 1) * len(valid) / (len(lines) - len(set(names)))
        assert abs(sum(names[i] == name for i in valid) - part) <= 1


@pytest.mark.parametrize(("share", "count"), [(10, "10 of the 10"), (0.01, "0 of the 10"), (0.99, "10 of the 10")])
def test_nothing_left_is_told(share, count):
    with pytest.raises(StepladderError, match=f"data.valid = {share} holds out {count} lines of mine, and 1 to 9 can be"):
        hold_out(share, range(10), [""] * 10, "mine")


TRANSLATOR = {"kind": "encoder_decoder", "encoder": {"kind": "recurrent"}, "decoder": {"kind": "recurrent"}}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.txt").write_text("".join(f"line {i}, said.\n" for i in range(50)), encoding="utf-8")
    (tmp_path / "test.txt").write_text("line 3, said.\n", encoding="utf-8")
    (tmp_path / "train.tsv").write_text("".join(f"{'pn'[i % 2]}\tIt isn't line {i}, said.\n" for i in range(50)), encoding="utf-8")
    (tmp_path / "test.tsv").write_text("p\tThe line.\nn\tNo line.\n", encoding="utf-8")
    return tmp_path


def lines_of(split, data):
    return data.vocabulary.decode(getattr(data, split).tokens).splitlines()


def test_a_text_without_a_file_for_validation(folder):
    data = load_dataset(Files(kind="files", train="train.txt", valid=0.1, test="test.txt"))
    assert len(lines_of("valid", data)) == 5
    assert not set(lines_of("valid", data)) & set(lines_of("train", data))
    assert len(lines_of("test", data)) == 1
    assert len(lines_of("valid", load_dataset(Files(kind="files", train="train.txt", valid=7, test="test.txt")))) == 7


def test_labels_without_a_file_for_validation(folder):
    data = load_dataset(LabelledFiles(kind="labelled_files", train="train.tsv", valid=0.2, test="test.tsv"))
    assert data.description["sentences"] == {"train": 40, "valid": 10, "test": 2}
    assert abs(data.sentences["valid"].labels.sum() - 5) <= 1
    with pytest.raises(ValidationError, match="with folds it is validation that says so"):
        LabelledFiles(kind="labelled_files", train="train.tsv", valid=0.2, folds=5)


def test_pairs_without_files_for_validation(folder):
    words = {"kind": "pair_files", "train_source": "train.txt", "train_target": "train.tsv", "test_source": "test.txt"}
    pairs = PairFiles(**words, test_target="test.txt", valid=0.1)
    data = load_dataset(pairs)
    assert data.description["pairs"] == {"train": 45, "valid": 5, "test": 1}
    for source, target in zip(*data.pairs["valid"], strict=True):
        assert source.split()[1] in target
    assert file_checksums(
        Config.model_validate(with_default_kinds({"data": pairs.model_dump(exclude_none=True), "model": TRANSLATOR})), None
    ).keys() == {f"data.{key}" for key in ("train_source", "train_target", "test_source", "test_target")}
    with pytest.raises(ValidationError, match="valid_source and valid_target are missing"):
        PairFiles(**words, test_target="test.txt")
    with pytest.raises(ValidationError, match="leave one of them out"):
        PairFiles(**words, test_target="test.txt", valid=0.1, valid_source="test.txt", valid_target="test.txt")


def test_a_share_is_in_the_id_and_a_path_is_not():
    config = lambda valid: Config.model_validate(
        with_default_kinds({"data": {"kind": "files", "train": "a", "valid": valid, "test": "b"}, "model": {"kind": "ngram"}})
    )
    assert cell_id(config("x"), "digest") == cell_id(config("y"), "digest")
    assert len({cell_id(config(valid), "digest") for valid in ("x", 0.1, 0.2, 5)}) == 4


def test_words_of_tokenized_files_stand_between_spaces(folder):
    words = lambda data: data.sentences["test"].words[1]
    own = {"kind": "labelled_files", "train": "train.tsv", "valid": 0.1, "test": "test.tsv"}
    assert words(load_dataset(LabelledFiles(**own))) == ("no", "line", ".")
    assert words(load_dataset(LabelledFiles(**own, tokenized=True))) == ("no", "line.")
    assert words(load_dataset(LabelledFiles(**own, tokenized=True, lower=False))) == ("No", "line.")
    text = {"kind": "files", "train": "train.txt", "valid": 0.1, "test": "test.txt"}
    assert {",", "."} <= set(load_dataset(Files(**text, tokenized=False)).vocabulary.types)
    assert not {",", "."} & set(load_dataset(Files(**text)).vocabulary.types)
    with pytest.raises(ValidationError, match="level = char knows none"):
        Files(**text, tokenized=False, level="char")
    names = {f"{split}_{side}": f"{split}.txt" for split in ("train", "test") for side in ("source", "target")}
    assert "," in load_dataset(PairFiles(kind="pair_files", **names, valid=0.1, tokenized=False)).vocabulary.types


QUESTIONS = {
    "numbers": ["0 how did it develop ?", "1 what films featured it ?", "1 what is caf\u00e9 ?"],
    "names": ["DESC:manner How did it develop ?", "ENTY:cremat What films featured it ?", "ENTY:def What is caf\u00e9 ?"],
}


@pytest.mark.parametrize("form", QUESTIONS)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_questions_in_either_format_and_encoding(folder, form, encoding):
    lines = QUESTIONS[form]
    (folder / "train").write_bytes("".join(line + "\n" for line in lines * 10).encode(encoding))
    (folder / "test").write_bytes("".join(line + "\n" for line in lines).encode(encoding))
    data = load_dataset(Questions(kind="trec", train="train", test="test"))
    assert data.classes == (("0", "1") if form == "numbers" else ("DESC", "ENTY"))
    assert data.description["sentences"] == {"train": 27, "valid": 3, "test": 3}
    assert data.sentences["test"].words[2] == ("what", "is", "café", "?")
    assert load_dataset(Questions(kind="trec", train="train", valid="test", test="test")).description["sentences"]["valid"] == 3


def test_numbers_of_classes_know_no_finer_ones(folder):
    for name in ("train", "test"):
        (folder / name).write_text("0 how ?\n1 what ?\n" * 10, encoding="utf-8")
    with pytest.raises(StepladderError, match=r"train, line 1, has the label 0, one of six: leave data\.fine out"):
        load_dataset(Questions(kind="trec", train="train", test="test", fine=True))
    (folder / "train").write_text("0 how ?\nWHAT what ?\n" * 10, encoding="utf-8")
    with pytest.raises(StepladderError, match="line 2, has the label 'WHAT'"):
        load_dataset(Questions(kind="trec", train="train", test="test"))


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_reviews_as_they_are_passed_on(folder, encoding, end):
    lines = [f"{i % 2} a film\u2019s caf\u00e9 , n\u00b0 {i} ." for i in range(40)]
    (folder / "rt-polarity.all").write_bytes((end.join(lines) + end + end).encode(encoding))
    data = load_dataset(MovieReviews(kind="mr", fold=0))
    assert data.classes == ("0", "1")
    assert sum(data.description["sentences"].values()) == 40
    assert data.sentences["test"].words[0][1:3] == ("film\u2019s", "café")
