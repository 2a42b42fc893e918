"""Texts that were cut into tokens once: kept in the cache, mapped from there, and shared by processes.

A folder of `texts` is of one text and one way to cut it; its name is a digest of what identifies the text (see `SourceKind.contents`), of
the words and endings of files that say how it is read and cut, and of the versions of reader, learner and Unicode. In it are `vocabulary`,
and of each split and limit `<split>-<limit>.tokens` (eos, then the numbers, as narrow as the vocabulary allows) with a header `.json` that
has their size and checksum; of the test split also `.text`, and `.clusters` for each word of `data.documents`. What is missing, cut short
or altered is made anew. Where the folder cannot be written, or the disk is full, arrays are in memory, and one note says so.
"""

import json
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from research.config.cell_identity import file_paths
from research.config.corpora import TextCorpus
from research.data.checked_files import CountedFile, FileRecord, read_checked, record_of, replacing, tell_uncached, verified, write_checked
from research.data.clusters import Clusters
from research.data.dataset import Identity, TextSplit
from research.data.download import digest_of
from research.data.formats.compression import plain_name
from research.data.text_numbers import NumberedBlock, Numbers, TextFacts, narrowest, write_numbers
from research.data.texts import READER
from research.machine import cache_dir
from research.text.vocabulary import Vocabulary
from research.text.vocabulary_serialisation import vocabulary_from_plain, vocabulary_to_plain

FORMAT = 1  # raised when a change here, or in text_numbers, alters what a file holds
LATER = ("train_tokens", "valid_tokens", "test_tokens", "documents")  # words that make files of their own in a folder
NumberedBlocks = Callable[[], Iterator[NumberedBlock]]


class CachedSplit(NamedTuple):
    """A split, what is known of it, and its text where that is asked for."""

    split: TextSplit
    facts: TextFacts
    text: str


def text_folder(config: TextCorpus, identity: str, unread: tuple[str, ...]) -> Path:
    """The folder of a text that `identity` identifies. `unread`: words of the config on which the arrays do not depend."""
    paths = {key for key in config.paths if isinstance(getattr(config, key), str)}
    words = config.model_dump(mode="json", exclude={*unread, *LATER, *paths})
    endings = [Path(plain_name(Path(path))).suffix for path in file_paths(config).values()]  # they say what is a table, and of which format
    return cache_dir() / "texts" / digest_of([FORMAT, READER, unicodedata.unidata_version, identity, words, endings])[:32]


def cached_vocabulary(folder: Path, learn: Callable[[], Vocabulary]) -> Vocabulary:
    """The vocabulary of a folder, read or learned."""
    content = read_checked(folder / "vocabulary")
    if content is not None:
        return vocabulary_from_plain(json.loads(content))
    vocabulary = learn()
    _try_to_write(folder / "vocabulary", json.dumps(vocabulary_to_plain(vocabulary)).encode())
    return vocabulary


def cached_clusters(path: Path, compute: Callable[[], Clusters | None]) -> Clusters | None:
    """The clusters of a text's lines, read or computed; an empty file says that each line stands alone."""
    content = read_checked(path)
    if content is not None:
        return np.frombuffer(content, "<i8").astype(np.int64) if content else None
    clusters = compute()
    _try_to_write(path, b"" if clusters is None else clusters.astype("<i8").tobytes())
    return clusters


def cached_split(path: Path, vocabulary: Vocabulary, blocks: NumberedBlocks, scored: bool, with_text: bool) -> CachedSplit:
    """The split of `path`, which is a file's without its ending: mapped, or cut and then mapped."""
    if cached := _read(path, with_text):
        return cached
    try:
        _write(path, vocabulary, blocks(), scored, with_text)
    except OSError as error:
        tell_uncached(error)
    return _read(path, with_text) or _in_memory(vocabulary, blocks(), scored, with_text)


def _try_to_write(path: Path, content: bytes) -> None:
    try:
        write_checked(path, content)
    except OSError as error:
        tell_uncached(error)


def _file(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}.{ending}")


def _read(path: Path, with_text: bool) -> CachedSplit | None:
    """What was written, mapped; None where anything is missing or is not what the header says."""
    content, text = read_checked(_file(path, "json")), read_checked(_file(path, "text")) if with_text else b""
    if content is None or text is None:
        return None
    header = json.loads(content)
    size, checksum, stamp = header["file"]
    recorded = FileRecord(size, checksum, tuple(stamp))
    record = verified(_file(path, "tokens"), recorded)
    if record is None:
        return None
    if record != recorded:
        _try_to_write(_file(path, "json"), json.dumps(header | {"file": record}).encode())
    identity = header["facts"].pop("identity")
    facts = TextFacts(**header["facts"], identity=Identity(*identity) if identity else None)
    return CachedSplit(_split(np.memmap(_file(path, "tokens"), np.dtype(header["type"]), "r"), facts), facts, text.decode())


def _split(after_eos: Numbers, facts: TextFacts) -> TextSplit:
    stored = np.asarray(after_eos)[1:]
    return TextSplit(stored, None, np.array(facts.characters), np.array(facts.bytes), after_eos)


def _write(path: Path, vocabulary: Vocabulary, blocks: Iterator[NumberedBlock], scored: bool, with_text: bool) -> None:
    """The header last: what it names is there."""
    texts: list[str] = []
    with replacing(_file(path, "tokens")) as file:
        counted = CountedFile(file)

        def write(numbers: Numbers, text: str) -> None:
            counted.write(numbers.tobytes())
            if with_text:
                texts.append(text)

        counted.write(_first(vocabulary).tobytes())
        facts = write_numbers(vocabulary, blocks, write, scored)
    if with_text:
        write_checked(_file(path, "text"), "".join(texts).encode())
    header = {
        "facts": facts._asdict(),
        "type": narrowest(vocabulary.size).str,
        "file": record_of(_file(path, "tokens"), counted),
    }
    write_checked(_file(path, "json"), json.dumps(header).encode())


def _in_memory(vocabulary: Vocabulary, blocks: Iterator[NumberedBlock], scored: bool, with_text: bool) -> CachedSplit:
    parts, texts = [_first(vocabulary)], [""]

    def write(numbers: Numbers, text: str) -> None:
        parts.append(numbers)
        if with_text:
            texts.append(text)

    facts = write_numbers(vocabulary, blocks, write, scored)
    return CachedSplit(_split(np.concatenate(parts), facts), facts, "".join(texts))


def _first(vocabulary: Vocabulary) -> Numbers:
    """What stands before the first token."""
    return np.array([vocabulary.eos], narrowest(vocabulary.size))
