"""Every kind of data is one entry; what identifies it never changes by itself, since runs are looked up by it."""

import json
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import features
from pydantic import TypeAdapter

from research.config.data import Data
from research.config.fields import member_classes
from research.data import glyphs, pair_texts, tokenizer_cache
from research.data.loading import SOURCE_KINDS, dataset_digest
from research.data.source_kind import SourceKind

GOLDEN = Path(__file__).parent / "golden_digests.json"  # by the words of [data]; one of them changes with READER, GENERATOR or CODE_VERSION
CONTENTS = {
    **{f"{split}.txt": f"a b {split}\nc d\n" for split in ("train", "valid", "test")},
    **{f"{split}.{side}": f"a {split} {side}\n" for split in ("train", "valid", "test") for side in ("source", "target")},
    "train.tsv": "pos\tgood film\nneg\tbad film\n",
    "valid.tsv": "pos\tgood\n",
    "test.tsv": "neg\tbad\n",
    "rated.tsv": "2.5\tgood film\n-1\tbad film\n",
    "train.label": "NUM:count how many\n",
    "all.csv": "text,label,source,target,who\ngood film,pos,a,b,x\n" + "bad film,neg,c,d,y\n" * 9,
    "train.conll": "-DOCSTART- O\n\nAnn B-PER\nran O\n\nBo B-PER\n",
    "texts/pos/1.txt": "good film\n",
    "texts/neg/1.txt": "bad film\n",
}
SPLITS = ("train", "valid", "test")
TEXT = {split: f"{split}.txt" for split in SPLITS}
SENTENCES = {split: f"{split}.tsv" for split in SPLITS}
SIDES = {f"{split}_{side}": f"{split}.{side}" for split in SPLITS for side in ("source", "target")}
TABLE = {"train": "all.csv", "valid": 0.1, "test": 0.1}
RATED = {"train": "rated.tsv", "valid": 0.2, "test": "rated.tsv"}
PIECES = {"vocabulary": {"size": 300}}
TREC = {"kind": "trec", "train": "train.label", "test": "train.label"}
WORDS = (
    {"kind": "shakespeare"},
    {"kind": "shakespeare", "level": "bpe", **PIECES},
    {"kind": "files", **TEXT},
    {"kind": "files", **TEXT, "valid": 0.1},
    {"kind": "files", **TEXT, "level": "unigram", **PIECES},
    {"kind": "ptb"},
    {"kind": "wikitext2"},
    {"kind": "tinyshakespeare"},
    {"kind": "unlabelled", "of": {"kind": "sst2"}},
    {"kind": "unlabelled", "of": {"kind": "labelled_files", **SENTENCES}},
    {"kind": "unlabelled", "level": "wordpiece", **PIECES, "of": {"kind": "vader"}},
    {"kind": "copy"},
    {"kind": "reverse", "symbols": 5},
    {"kind": "recall"},
    {"kind": "agreement"},
    {"kind": "vader"},
    {"kind": "vader", "part": "nyt", "folds": 5, "fold": 0},
    {"kind": "vader", "level": "byte_bpe", **PIECES},
    {"kind": "sst2"},
    {"kind": "sst5"},
    {"kind": "mr", "path": "train.tsv"},
    {"kind": "subj", "path": "train.tsv"},
    TREC,
    TREC | {"test": "none", "folds": 2},
    {"kind": "shakespeare_speaker"},
    {"kind": "acceptability"},
    {"kind": "acceptability", "corpus": {"kind": "files", **TEXT}},
    {"kind": "labelled_files", **SENTENCES},
    {"kind": "labelled_files", **SENTENCES, "valid": 0.2},
    {"kind": "labelled_files", **TABLE},
    {"kind": "labelled_files", **TABLE, "train": "texts"},
    {"kind": "labelled_files", "train": "all.csv", "split_column": "who", "columns": {"text": "source"}},
    {"kind": "files", **TABLE, "group_column": "who"},
    {"kind": "vader_ratings"},
    {"kind": "vader_ratings", "part": "tweets", "folds": 5, "fold": 0},
    {"kind": "rated_files", **RATED},
    {"kind": "rated_files", **RATED, "test": 0.2},
    {"kind": "tagged_files", **dict.fromkeys(SPLITS, "train.conll"), "scheme": "bio"},
    {"kind": "tagged_files", **TABLE, "columns": {"words": "text", "tags": "label"}},
    {"kind": "turkish_treebanks"},
    {"kind": "turkish_treebanks", "part": "web", "tags": "xpos", "spans_of": ["NNP"]},
    {"kind": "unlabelled", "of": {"kind": "turkish_treebanks"}},
    {"kind": "numerals"},
    {"kind": "numerals", "target": "vi", "level": "bpe", **PIECES},
    {"kind": "multi30k"},
    {"kind": "multi30k", "source": "fr", "level": "bpe", **PIECES},
    {"kind": "pair_files", **SIDES},
    {"kind": "pair_files", **{key: path for key, path in SIDES.items() if "valid" not in key}, "valid": 0.5},
    {"kind": "pair_files", **SIDES, "level": "unigram", **PIECES},
    {"kind": "pair_files", **TABLE},
    {"kind": "rewrite"},
    {"kind": "rewrite", "task": "sort"},
    {"kind": "glyphs"},
    {"kind": "glyphs", "size": 8},
)
CHANGES_WITH_PYTHON = {"pydoc"}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The user's own files, no file of any pinned dataset, and the versions of a day."""
    for name, content in CONTENTS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    monkeypatch.setenv("STEPLADDER_CACHE", str(tmp_path / "empty"))
    monkeypatch.setattr(np, "__version__", "2.0")
    monkeypatch.setattr(pair_texts, "version", lambda package: f"{package} 1")
    monkeypatch.setattr(tokenizer_cache, "version", lambda package: f"{package} 1")
    monkeypatch.setattr(features, "version", lambda library: f"{library} 1")
    monkeypatch.setattr(unicodedata, "unidata_version", "15.0")
    (tmp_path / "font.ttf").write_bytes(b"font")
    monkeypatch.setattr(glyphs, "_font", lambda: tmp_path / "font.ttf")
    return tmp_path


def digests(folder):
    data = TypeAdapter(Data)
    return {json.dumps(words): dataset_digest(data.validate_python(words), folder) for words in WORDS}


def test_digests_are_those_of_the_golden_file(folder):
    assert digests(folder) == json.loads(GOLDEN.read_text())


def test_the_golden_file_holds_every_kind():
    kinds = {json.loads(words)["kind"] for words in json.loads(GOLDEN.read_text())}
    assert kinds | CHANGES_WITH_PYTHON == {kind.model_fields["kind"].annotation.__args__[0] for kind in member_classes(Data)}


def test_every_kind_is_one_whole_entry():
    assert set(SOURCE_KINDS) == set(member_classes(Data))
    assert not SourceKind._field_defaults


@pytest.mark.parametrize("kind", SOURCE_KINDS)
def test_what_is_not_read_is_a_word_with_a_default(kind):
    assert not any(kind.model_fields[word].is_required() for word in SOURCE_KINDS[kind].unread)
