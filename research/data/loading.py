"""From the words of [data] to arrays: each kind of data is one entry, in `SOURCE_KINDS`."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from research.config.data import AnyData
from research.data.dataset import Dataset, TextSplit
from research.data.glyphs import PICTURES
from research.data.pair_dataset import PAIRS
from research.data.sentence_dataset import SENTENCES
from research.data.source_kind import SourceKind, learned_digest
from research.data.synthetic import EXAMPLES
from research.data.tagged_dataset import TAGGED
from research.data.text_dataset import TEXTS

SOURCE_KINDS: dict[type, SourceKind] = {**TEXTS, **EXAMPLES, **SENTENCES, **TAGGED, **PAIRS, **PICTURES}


def load_dataset(config: AnyData, data_dir: Path | None = None) -> Dataset:
    """The dataset of a config: read, checked, numbered; the same object for the same data. Arrays are read-only.

    Files are looked for in `data_dir`, then in the cache, then fetched. Raises StepladderError for what the user can mend.
    """
    fields = type(config).model_fields
    config = config.model_copy(update={word: fields[word].default for word in SOURCE_KINDS[type(config)].unread})
    load = _load_fold if config.has_folds else _load
    return load(config, data_dir, dataset_digest(config, data_dir))


def dataset_digest(config: AnyData, data_dir: Path | None = None) -> str:
    """What identifies the data, for a cell's identity: at a subword level, with the version of the library that learns the pieces.

    Pinned data need not be here; the user's own files are read.
    """
    return learned_digest(SOURCE_KINDS[type(config)], config, data_dir)


@lru_cache(maxsize=64)
def _load_fold(config: AnyData, data_dir: Path | None, identity: str) -> Dataset:
    """The folds of a few rows, of two protocols: their words are those of one pool."""
    return _load_read_only(config, data_dir, identity)


@lru_cache(maxsize=8)
def _load(config: AnyData, data_dir: Path | None, identity: str) -> Dataset:
    return _load_read_only(config, data_dir, identity)


def _load_read_only(config: AnyData, data_dir: Path | None, identity: str) -> Dataset:
    data = SOURCE_KINDS[type(config)].load(config, data_dir, identity)
    for split in (data.train, data.valid, data.test):
        for array in vars(split).values() if isinstance(split, TextSplit) else split:
            if isinstance(array, np.ndarray):
                array.setflags(write=False)
    return data
