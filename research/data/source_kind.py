"""The form of an entry for a kind of data: what reads it, what identifies it, and what makes arrays of it.

The entries stand beside what loads them: `TEXTS` in text_dataset, `SENTENCES` in sentence_dataset, `TAGGED` in tagged_dataset, `PAIRS` in
pair_dataset, `PICTURES` in glyphs and `EXAMPLES` in synthetic. Nothing in an entry has a default: what is forgotten is an error at import.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from research.config.corpora import TextCorpus
from research.config.data_kind import DataConfig
from research.config.pairs import TextPairs
from research.config.sentence_data import SentenceData
from research.data.clusters import Clusters
from research.data.dataset import Dataset
from research.data.download import digest_of, sha256
from research.data.tokenizer_cache import library_version

Part = str | int | dict[str, Any] | None
Contents = list[Part]  # what identifies data: checksums, versions, the words of a config


class SourceKind(NamedTuple):
    """A kind of data. Each function takes the config of the data first."""

    read: Callable[[Any, Path | None], Any]  # the splits as they are, before anything is a number
    contents: Callable[[Any, Path | None], Contents]  # what identifies what is read; files that are pinned need not be here
    learner: Callable[[Any], str]  # the library that learns the symbols, and its version; "" where nothing is learned
    clusters: Callable[[Any, Path | None, Sequence[str]], Clusters | None]  # of the test texts: which are not independent of each other
    load: Callable[[Any, Path | None, str], Dataset]  # the arrays; the text is the dataset's digest
    unread: tuple[str, ...]  # the words on which the arrays do not depend


def source_digest(kind: SourceKind, config: DataConfig, data_dir: Path | None) -> str:
    """What identifies the splits as they are, before anything is learned from them."""
    return digest_of(kind.contents(config, data_dir))


def learned_digest(kind: SourceKind, config: DataConfig, data_dir: Path | None) -> str:
    """What identifies the splits and, where symbols are learned from them, what learns."""
    digest, learner = source_digest(kind, config, data_dir), kind.learner(config)
    return sha256(f"{digest} {learner}".encode()) if learner else digest


def learner_of_level(config: TextCorpus | SentenceData | TextPairs) -> str:
    """The library that learns the pieces of a subword level."""
    return library_version(config.level)


def learns_nothing(config: DataConfig) -> str:
    """Symbols that the kind itself has."""
    return ""
