"""Training text in one spelling, valid and test in another: the same words, whoever reads them, unless the config says otherwise."""

import unicodedata

import numpy as np
import pytest

from research.classic.lexicon import load_lexicon
from research.classic.sentiment_rules import sentiment_score
from research.config.corpora import Files
from research.config.errors import StepladderError
from research.config.pairs import PairFiles
from research.config.rules import Rules
from research.config.sentences import LabelledFiles
from research.data.loading import load_dataset
from research.data.pair_dataset import encode_source
from research.data.prompts import PromptLine, PromptSet, prompt_queries, read_prompt_lines
from research.data.slices import slices
from research.text.vector_files import select_vectors

TEXT = "café naïve\nTiếng Việt\n"
FORMS = {"train": "NFC", "valid": "NFD", "test": "NFD"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for split, form in FORMS.items():
        for name, text in ((split, TEXT), (f"{split}.labels", "pos\tcafé ok\nneg\tnaïve no\n"), (f"{split}.source", TEXT)):
            (tmp_path / name).write_text(unicodedata.normalize(form, text), encoding="utf-8")
    return tmp_path


def text_data(**words):
    return load_dataset(Files(kind="files", train="train", valid="valid", test="test", **words))


@pytest.mark.parametrize("level", ["word", "char"])
def test_a_text_has_no_unknown_symbol_in_another_spelling(folder, level):
    assert text_data(level=level).description["unknown"]["test"] == 0
    assert text_data(level=level, normalisation="none").description["unknown"]["test"] > 0


@pytest.mark.parametrize("level", ["word", "char", "byte"])
def test_a_prompt_is_read_as_its_splits_are(folder, level):
    vocabulary = text_data(level=level).vocabulary
    assert np.array_equal(*(vocabulary.encode(unicodedata.normalize(form, "Tiếng café")) for form in ("NFC", "NFD")))


def test_labelled_sentences_and_pairs_alike(folder):
    data = load_dataset(LabelledFiles(kind="labelled_files", **{split: f"{split}.labels" for split in FORMS}))
    assert data.sentences["train"].words == data.sentences["test"].words
    assert data.identities["valid"] == data.identities["test"]
    sides = {f"{split}_{side}": f"{split}.source" for split in FORMS for side in ("source", "target")}
    pairs = load_dataset(PairFiles(kind="pair_files", **sides))
    assert pairs.description["unknown"]["source"]["test"] == 0
    assert pairs.pairs["test"] == pairs.pairs["train"]
    assert (encode_source(pairs.vocabulary, pairs.sides, unicodedata.normalize("NFD", "Việt")) != pairs.vocabulary.unk).all()


def test_an_apostrophe_negates_however_it_is_written(folder):
    (folder / "mine.lexicon").write_text("good\t1.9\nisn\u2019t\t0.1\n", encoding="utf-8")
    lexicon = load_lexicon("mine.lexicon")
    typed, printed, letter = (
        sentiment_score(Rules(kind="rules"), lexicon, f"The film isn{sign}t so good, it isn{sign}t") for sign in "'\u2019\u02bc"
    )
    assert typed == printed == letter != 0
    for sign in "'\u2019\u02bc":
        (folder / "quoted").write_text(f"pos\tisn{sign}t good\nneg\tgood\n", encoding="utf-8")
        data = load_dataset(LabelledFiles(kind="labelled_files", train="quoted", valid="quoted", test="quoted"))
        assert slices(data.sentences["test"], data.sentences["train"])["negation"].tolist() == [True, False]
        assert data.vocabulary.lookup["isn't"] >= 0


@pytest.mark.parametrize("header", [b"", b"3 2\n"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_vectors_of_a_marked_file_in_another_spelling(folder, header, end):
    rows = ("first 1 2", unicodedata.normalize("NFD", "café 3 4"), "other 5 6")
    (folder / "vectors").write_bytes(b"\xef\xbb\xbf" + header.replace(b"\n", end) + b"".join(row.encode() + end for row in rows))
    found = select_vectors(folder / "vectors", {"first", "café"})
    assert found.words == ("first", "café")
    assert found.table.tolist() == [[1, 2], [3, 4]]


def test_a_set_of_prompts_ends_its_lines_with_any_sign(folder):
    expected = (PromptLine("the", ("cat",)), PromptLine("a", ("dog",)))
    for end in ("\n", "\r\n", "\r"):
        (folder / "prompts").write_bytes(f"\ufeffthe\tcat{end}a\tdog{end}".encode())
        assert read_prompt_lines("prompts", "--file") == expected


def test_characters_of_a_completion_are_those_that_were_read(folder):
    vocabulary = text_data().vocabulary
    count = lambda text: prompt_queries(PromptSet((PromptLine("", (text,)),), 0, vocabulary), 0)[0].characters
    assert count("the          cat") == count("the\tcat") == count("the cat") == len("the cat")
    after = prompt_queries(PromptSet((PromptLine("the", ("cat        sat",)),), 0, vocabulary), 0)[0]
    assert after.characters == len(" cat sat")


def test_carriage_returns_end_lines_of_labels_and_lexica(folder):
    for split in FORMS:
        (folder / f"{split}.labels").write_bytes(b"pos\tgood\rneg\tbad\r")
    data = load_dataset(LabelledFiles(kind="labelled_files", **{split: f"{split}.labels" for split in FORMS}))
    assert data.description["sentences"]["test"] == 2
    (folder / "mine.lexicon").write_bytes(b"good\t1.9\rbad\t-1.9\r")
    assert load_lexicon("mine.lexicon").valences == {"good": 1.9, "bad": -1.9}


def test_labels_in_two_bytes_a_character_are_refused(folder):
    (folder / "train.labels").write_bytes("pos\tgood\nneg\tbad\n".encode("utf-16-le"))
    words = {split: f"{split}.labels" for split in FORMS}
    for encoding in ("utf-8", "latin-1", "cp1252"):
        with pytest.raises(StepladderError, match="is UTF-16LE, not"):
            load_dataset(LabelledFiles(kind="labelled_files", encoding=encoding, **words))
