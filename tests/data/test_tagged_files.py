"""Tagged sentences of one's own: columns and tables are the same data, nothing is lost, and each mistake is told with its line."""

import gzip
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from research.config.data import Data
from research.config.errors import StepladderError
from research.data.formats.conll import ConllColumns, conll_sentences
from research.data.loading import load_dataset
from research.data.tagged_dataset import tag_rows

SENTENCES = [
    [("Ann", "B-PER"), ("Lee", "I-PER"), ("saw", "O"), ("Rome", "B-LOC")],
    [("It", "O"), ("rained", "O")],
    [("Rome", "B-LOC"), ("#1", "O")],
    [("Bo", "B-PER"), ("ran", "O"), (".", "O")],
]


def columns(sentences, between=" ", notes=False):
    lines = lambda sentence: "".join(f"{word}{between}{tag}\n" for word, tag in sentence)
    return "\n".join(("# a note of this sentence\n" if notes else "") + lines(sentence) for sentence in sentences)


def rows(sentences, **names):
    words, tags = names.get("words", "tokens"), names.get("tags", "tags")
    return "".join(json.dumps({words: [word for word, _ in row], tags: [tag for _, tag in row]}) + "\n" for row in sentences)


def universal(number, form, upos="X", feats="_"):
    return "\t".join([number, form, "_", upos, "_", feats, "_", "_", "_", "_"]) + "\n"


def config(folder, **words):
    paths = {split: str(folder / "train.conll") for split in ("train", "valid", "test")}
    return TypeAdapter(Data).validate_python({"kind": "tagged_files", **paths, **words})


def load(folder, **words):
    return load_dataset(config(folder, **words))


def same_data(a, b):
    assert a.vocabulary == b.vocabulary
    assert a.classes == b.classes
    assert a.identities == b.identities
    for split in ("train", "valid", "test"):
        for one, other in zip(getattr(a, split), getattr(b, split), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("form", ["tabs", "notes", "more columns", "universal", "json lines", "other names", "gzip", "crlf", "csv"])
def test_the_same_sentences_are_the_same_data_in_every_form(tmp_path, form):
    (tmp_path / "train.conll").write_text(columns(SENTENCES))
    expected = load(tmp_path, scheme="bio")
    text, name, words = columns(SENTENCES, "\t"), "other.conll", {}
    if form == "notes":
        text = "-DOCSTART- -X-\n\n" + columns(SENTENCES, notes=True)
    if form == "more columns":
        text, words = "\n".join("".join(f"x {tag}  {word} y\n" for word, tag in s) for s in SENTENCES), {"columns": {"words": 3, "tags": 2}}
    if form == "universal":
        lines = lambda s: "".join(universal(str(n), word, tag) for n, (word, tag) in enumerate(s, start=1))
        text = "\n".join("# sent_id = 1\n" + universal("1-2", "Annlee") + lines(s) + universal("1.1", "empty") for s in SENTENCES)
    if form == "json lines":
        text, name = rows(SENTENCES), "other.jsonl"
    if form == "other names":
        text, name = rows(SENTENCES, words="w", tags="ner"), "other.jsonl"
        words = {"columns": {"words": "w", "tags": "ner"}}
    if form == "csv":
        lines = (f"{' '.join(word for word, _ in s)},{' '.join(tag for _, tag in s)}\n" for s in SENTENCES)
        text, name = "tokens,tags\n" + "".join(lines), "other.csv"
    if form == "gzip":
        name = "other.conll.gz"
    content = (text.replace("\n", "\r\n") if form == "crlf" else text).encode()
    (tmp_path / name).write_bytes(gzip.compress(content) if form == "gzip" else content)
    same_data(load(tmp_path, scheme="bio", **dict.fromkeys(("train", "valid", "test"), str(tmp_path / name)), **words), expected)


def test_a_hash_may_be_a_word():
    text = "# O\n#tag O\nx O\n\n#1 O\n"
    assert [sentence.words for sentence in conll_sentences(["a O\n", "\n", *text.splitlines(keepends=True)], "f", ConllColumns())] == [
        ("a",),
        ("#", "#tag", "x"),
        ("#1",),
    ]
    noted = "# text = a note\na x y O\n\n# sent_id = 4\nb x y O\n"
    assert [s.name for s in conll_sentences(noted.splitlines(keepends=True), "f", ConllColumns())] == ["", "4"]


def test_a_feature_s_values_are_tags_and_runs_of_them_are_spans(tmp_path):
    words = [("Ann", "Case=Nom|Proper=Yes"), ("Lee", "Proper=Yes"), ("saw", "_"), ("Rome", "Case=Acc|Case=Loc|Proper=Yes")]
    text = "".join(universal(str(n), form, feats=feats) for n, (form, feats) in enumerate(words, start=1))
    (tmp_path / "train.conll").write_text(text)
    tags = lambda data: [data.classes[number] for number in data.tagged["train"].tags]
    assert tags(load(tmp_path, feature="Case")) == ["Nom", "_", "_", "Acc,Loc"]
    assert tags(load(tmp_path, feature="Proper", spans_of=["Yes"])) == ["B-Yes", "I-Yes", "O", "B-Yes"]
    with pytest.raises(StepladderError, match=r"data.feature = 'Csae': no word of .*train.conll has it; did you mean `Case`"):
        load(tmp_path, feature="Csae")


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(1, 4))
def test_no_word_is_lost_and_none_is_there_twice(lengths, length):
    numbers = np.arange(sum(lengths), dtype=np.int32)
    split = tag_rows(numbers, numbers + 100, np.array(lengths), length)
    assert split.inputs[split.valid].tolist() == numbers.tolist()
    assert split.targets[split.weight > 0].tolist() == (numbers + 100).tolist()
    assert split.group[np.nonzero(split.valid)[0]].tolist() == np.repeat(range(len(lengths)), lengths).tolist()
    assert (np.diff(split.valid.astype(int), axis=1) <= 0).all()
    assert split.inputs.shape[1] == min(length, max(lengths))


def test_documents_are_clusters_of_the_test_and_many_are_held_out_whole(tmp_path):
    document = "-DOCSTART- O\n\n" + columns(SENTENCES[:2])
    (tmp_path / "train.conll").write_text("\n".join([document] * 3))
    assert load(tmp_path).clusters.tolist() == [0, 0, 1, 1, 2, 2]
    (tmp_path / "plain.conll").write_text(columns(SENTENCES))
    assert load(tmp_path, test=str(tmp_path / "plain.conll")).clusters is None
    (tmp_path / "train.conll").write_text("\n".join(f"-DOCSTART- O\n\nd{n} O\nx B-X\n\nd{n} O\n" for n in range(40)))
    data = load(tmp_path, valid=0.1, test=0.1)
    documents = {split: {words[0] for words in data.tagged[split].words} for split in ("train", "valid", "test")}
    assert sum(map(len, documents.values())) == 40
    assert {len(documents["valid"]), len(documents["test"])} <= {3, 4, 5}


def test_a_held_out_share_leaves_every_rare_tag_to_learn_from(tmp_path):
    rare = [[("a", f"t{number}"), ("b", "common")] for number in range(8) for _ in range(2)]
    (tmp_path / "train.conll").write_text(columns([*rare, *[[("c", "common")]] * 40]))
    data = load(tmp_path, valid=0.3, test=0.1)
    assert set(data.classes) == {"common", *(f"t{number}" for number in range(8))}
    assert sum(len(data.tagged[split].words) for split in ("train", "valid", "test")) == 56


def test_nothing_of_training_depends_on_the_test_file(tmp_path):
    (tmp_path / "train.conll").write_text(columns(SENTENCES))
    (tmp_path / "test.conll").write_text(columns([[("Never", "B-PER"), ("seen", "I-LOC")] * 20]))
    a, b = load(tmp_path), None
    with pytest.raises(StepladderError, match="I-LOC"):
        load(tmp_path, test=str(tmp_path / "test.conll"))
    a, b = load(tmp_path, scheme="bio"), load(tmp_path, scheme="bio", test=str(tmp_path / "test.conll"), invalid="repair")
    assert (a.vocabulary, a.classes) == (b.vocabulary, b.classes)
    np.testing.assert_array_equal(a.train.inputs, b.train.inputs)
    assert (b.test.inputs == b.vocabulary.unk).sum() >= 40
    assert "I-LOC" in a.classes  # of a type that is known, though training has only its beginning


def test_repaired_tags_are_the_spans_that_conlleval_reads(tmp_path):
    (tmp_path / "train.conll").write_text("a I-X\nb I-X\nc I-Y\nd O\ne B-Y\n")
    data = load(tmp_path, scheme="bio", invalid="repair")
    assert [data.classes[number] for number in data.tagged["train"].tags] == ["B-X", "I-X", "B-Y", "O", "B-Y"]
    assert load(tmp_path, scheme="iob1", invalid="repair").identities == load(tmp_path, scheme="iob1", invalid="repair").identities


GOOD = columns(SENTENCES)
MISTAKES = {
    "one column": ("a\nb\n", {}, r"line 1, has one column \('a'\)"),
    "ragged": ("a O\nb O x\n", {}, r"line 2, has 3 columns apart by white space .* the lines before it have 2"),
    "ragged by tabs": ("a\tO\nb O\n", {}, "line 2, has 1 column apart by tabs"),
    "empty tag": ("a\tO\nb\t\n", {}, "line 2, has an empty tag"),
    "empty": ("\n\n", {}, "is empty: a split needs at least one line with a word and its tag"),
    "another scheme": ("a O\nb S-X\n", {"scheme": "bio"}, r"line 2, has the tag 'S-X' \('b'\), which data.scheme = bio has not"),
    "no type": ("a B\n", {"scheme": "bio"}, r"line 1, has the tag 'B'"),
    "out of place": ("a O\n\nx O\nb I-X\n", {"scheme": "bio"}, "line 4, has the tag I-X behind O, where data.scheme = bio has B-X"),
    "at the beginning": ("a E-X\nb O\n", {"scheme": "bioes"}, "line 1, has the tag E-X at the beginning of a sentence, .* has S-X"),
    "bio read as iob1": ("a B-X\nb O\n", {"scheme": "iob1"}, "line 1, has the tag B-X .* has I-X"),
    "column beyond": (GOOD, {"columns": {"tags": 5}}, r"data.columns.tags = 5, and .*line 1, has 2 columns"),
    "column of another format": (GOOD, {"columns": {"tags": "upos"}}, "data.columns.tags = 'upos' is the name of a column of CoNLL-U"),
    "no such feature's column": (GOOD, {"feature": "Case"}, "which is no list of features"),
    "no such tag": (GOOD, {"spans_of": ["B-PRE"]}, "data.spans_of has 'B-PRE', a tag that no training sentence has; did you mean `B-PER`"),
    "one tag": ("a O\nb O\n", {}, r"All words of training of tagged_files have one tag \(O\)"),
    "a table that is none": (GOOD, {"columns": {"words": "tokens"}}, "is no table with named columns"),
    "no number in universal": (universal("1", "a") + universal("x", "b"), {}, "line 2, has 'x' for the number of a word"),
    "unknown column of universal": (universal("1", "a"), {"columns": {"tags": "upos", "words": 11}}, "has 10 columns, numbered from 1"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_with_its_line(tmp_path, name):
    text, words, told = MISTAKES[name]
    (tmp_path / "train.conll").write_text(text)
    with pytest.raises(StepladderError, match=told) as error:
        load(tmp_path, **words)
    assert "train.conll" in str(error.value) or name in ("no such tag", "one tag")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"tokens": ["a", "b"], "tags": ["x"]}, "line 2, has 2 words in `tokens` and 1 tags in `tags`"),
        ({"tokens": [], "tags": []}, "line 2, has no word"),
        ({"tokens": ["a", None], "tags": ["x", "y"]}, "line 2, has no `tokens`: the cell is null"),
        ({"tokens": ["a"], "tag": ["x"]}, r"line 2, has no column `tags`; did you mean `tag`"),
        ({"tokens": 5, "tags": ["x"]}, "line 2, has 5 for `tokens`, which is not a list of texts"),
    ],
)
def test_a_mistake_in_a_row_is_told_with_its_line(tmp_path, row, told):
    (tmp_path / "t.jsonl").write_text(json.dumps({"tokens": ["a"], "tags": ["x"]}) + "\n" + json.dumps(row) + "\n")
    with pytest.raises(StepladderError, match=told):
        load(tmp_path, **dict.fromkeys(("train", "valid", "test"), str(tmp_path / "t.jsonl")))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"scheme": "bio", "spans_of": ["X"]}, "leave one out"),
        ({"invalid": "repair"}, "scheme = none has no rule"),
        ({"valid": None}, "valid is missing"),
        ({"scheme": "biluo"}, "bioes"),
    ],
)
def test_words_that_do_not_fit_are_refused(tmp_path, words, told):
    with pytest.raises(ValidationError, match=told):
        config(tmp_path, **words)


def test_the_words_of_tagged_sentences_are_a_text_of_one_vocabulary(tmp_path):
    (tmp_path / "train.conll").write_text(columns(SENTENCES))
    tagged = config(tmp_path, vocabulary={"min_count": 2})
    of = config(tmp_path).model_dump(exclude_defaults=True) | {"kind": "tagged_files"}
    text = load_dataset(TypeAdapter(Data).validate_python({"kind": "unlabelled", "vocabulary": {"min_count": 2}, "of": of}))
    assert text.vocabulary == load_dataset(tagged).vocabulary
    assert text.vocabulary.decode(text.train.tokens).split("\n")[0].split().count("<unk>") == 3
