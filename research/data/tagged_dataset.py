"""Tagged sentences as arrays: rows of words with a tag each, and the sentences themselves. One entry for each kind, in `TAGGED`.

Shapes: w words of a split, one sentence after another; s sentences.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int32, Int64

from research.config.errors import StepladderError
from research.config.tagged import Tagged, TaggedFiles, TurkishTreebanks
from research.config.unicode import lowercase, normalise_unicode
from research.data.dataset import SCORED, SPLITS, Dataset, ExampleSplit, TaggedSentences
from research.data.limits import checked_limit
from research.data.source_kind import Contents, SourceKind, learns_nothing, source_digest
from research.data.split_identity import identify_tags
from research.data.tagged_files import file_documents, own_tagged, read_tagged_files
from research.data.tagged_rows import TaggedRow, TaggedSplits
from research.data.training_vocabulary import training_vocabulary
from research.data.treebanks import pinned_treebank, read_turkish, turkish_documents
from research.text.vocabulary import Vocabulary


def load_tagged(config: Tagged, data_dir: Path | None, identity: str) -> Dataset:
    """The dataset of tagged sentences. The vocabulary is that of all training sentences, also of those left out.

    Raises StepladderError for what the user can mend.
    """
    sentences, tags = read_tagged(config, data_dir)
    vocabulary = training_vocabulary(config, tagged_text(sentences["train"]))
    sentences = sentences | {"train": limit_tagged(config, sentences["train"])}
    splits = {split: _split_rows(config, vocabulary, sentences[split]) for split in SPLITS}
    return Dataset(
        vocabulary,
        splits["train"],
        splits["valid"],
        splits["test"],
        digest=identity,
        eos=None,
        description=_describe_tagged(config, vocabulary, sentences, tags),
        classes=tags,
        tagged=sentences,
        scheme=config.span_scheme,
        clusters=TAGGED[type(config)].clusters(config, data_dir, [" ".join(words) for words in sentences["test"].words]),
        identities={split: identify_tags(sentences[split], tags) for split in SCORED},
    )


def read_tagged(config: Tagged, data_dir: Path | None) -> tuple[dict[str, TaggedSentences], tuple[str, ...]]:
    """The three splits, and the names of the tags. Raises StepladderError for a split without a sentence, and for one tag alone."""
    splits, tags = TAGGED[type(config)].read(config, data_dir)
    kind: str = config.kind  # type: ignore[attr-defined]
    for split in SPLITS:
        if not splits[split]:
            raise StepladderError(f"{kind} has no sentence for {split}.")
    if len(tags) < 2:
        raise StepladderError(f"All words of training of {kind} have one tag ({tags[0]}), so there is nothing to tell apart.")
    numbers = {tag: number for number, tag in enumerate(tags)}
    return {split: _sentences(config, splits[split], numbers) for split in SPLITS}, tags


def _sentences(config: Tagged, rows: Sequence[TaggedRow], numbers: dict[str, int]) -> TaggedSentences:
    words = tuple(tuple(model_word(config, word) for word in row.words) for row in rows)
    return TaggedSentences(words, np.array([numbers[tag] for row in rows for tag in row.tags], np.int32))


def model_word(config: Tagged, word: str) -> str:
    """A word as models read it."""
    word = normalise_unicode(word, config.normalisation)
    return lowercase(word) if config.lower else word


def sentence_lengths(sentences: TaggedSentences) -> Int64[np.ndarray, " s"]:
    """The words of each sentence."""
    return np.fromiter(map(len, sentences.words), np.int64, len(sentences.words))


def limit_tagged(config: Tagged, train: TaggedSentences) -> TaggedSentences:
    """The sentences to learn from: the first of a fixed shuffle, since files are often in the order of their documents."""
    n = len(train.words)
    limit = checked_limit("train_sentences", config.train_sentences, n, "training sentences")
    return train if limit == n else select_tagged(train, np.random.default_rng(0).permutation(n)[:limit])


def select_tagged(sentences: TaggedSentences, places: Sequence[int] | np.ndarray) -> TaggedSentences:
    """These sentences, in this order."""
    tags = np.split(sentences.tags, np.cumsum(sentence_lengths(sentences))[:-1])
    return TaggedSentences(tuple(sentences.words[i] for i in places), np.concatenate([tags[i] for i in places]))


def tagged_text(sentences: TaggedSentences) -> str:
    """The words with a space between, a sentence a line."""
    return "".join(" ".join(words) + "\n" for words in sentences.words)


def _split_rows(config: Tagged, vocabulary: Vocabulary, sentences: TaggedSentences) -> ExampleSplit:
    numbers = vocabulary.numbers(chain.from_iterable(sentences.words))
    return tag_rows(numbers, sentences.tags, sentence_lengths(sentences), config.length)


def tag_rows(
    numbers: Int32[np.ndarray, " w"], tags: Int32[np.ndarray, " w"], lengths: Int64[np.ndarray, " s"], length: int
) -> ExampleSplit:
    """Rows of at most `length` words, every one scored; a longer sentence goes on in further rows. The group is the sentence."""
    rows = -(-lengths // length)
    within = np.arange(len(numbers)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    row, column = np.repeat(np.cumsum(rows) - rows, lengths) + within // length, within % length
    shape = int(rows.sum()), int(min(length, lengths.max()))
    inputs, targets, valid = np.zeros(shape, np.int32), np.zeros(shape, np.int32), np.zeros(shape, bool)
    inputs[row, column], targets[row, column], valid[row, column] = numbers, tags, True
    where = np.broadcast_to(np.arange(shape[1], dtype=np.int32), shape).copy()
    sentence = np.repeat(np.arange(len(lengths)), rows).astype(np.int32)
    return ExampleSplit(inputs, valid, targets, where, valid.astype(np.float32), sentence)


def _describe_tagged(
    config: Tagged, vocabulary: Vocabulary, sentences: dict[str, TaggedSentences], tags: tuple[str, ...]
) -> dict[str, Any]:
    """Sentences, words, those that are unknown, and sentences that go on in further rows, by split."""
    unknown = {split: float(np.mean([word not in vocabulary.lookup for word in chain(*sentences[split].words)])) for split in SPLITS}
    return {
        "level": config.level,
        "types": vocabulary.size,
        "tags": list(tags),
        "scheme": config.span_scheme,
        "sentences": {split: len(sentences[split].words) for split in SPLITS},
        "words": {split: len(sentences[split].tags) for split in SPLITS},
        "length": config.length,
        "continued": {split: int((sentence_lengths(sentences[split]) > config.length).sum()) for split in SPLITS},
        "unknown": unknown,
    }


def tagged_digest(config: Tagged, data_dir: Path | None) -> str:
    """What identifies the sentences as they are."""
    return source_digest(TAGGED[type(config)], config, data_dir)


def _tagged_kind(read: Callable[..., TaggedSplits], contents: Callable[..., Contents], clusters: Callable[..., Any]) -> SourceKind:
    return SourceKind(read, contents, learns_nothing, clusters, load_tagged, unread=())


TAGGED: dict[type, SourceKind] = {
    TaggedFiles: _tagged_kind(read_tagged_files, own_tagged, file_documents),
    TurkishTreebanks: _tagged_kind(read_turkish, pinned_treebank, turkish_documents),
}
