"""A text as arrays: its tokens, and the line of each. One entry for each kind, in `TEXTS`."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from research.config.corpora import PTB, Files, Pydoc, Shakespeare, TextCorpus, TinyShakespeare, WikiText2
from research.config.data import Unlabelled
from research.config.errors import StepladderError
from research.config.unicode import Normalisation, normalise_unicode
from research.data.clusters import Clusters, articles, independent, parts, scenes
from research.data.dataset import SCORED, SPLITS, Dataset, TextSplit
from research.data.misspelling import misspell
from research.data.own_texts import own_text, text_groups
from research.data.source_kind import Contents, SourceKind, learned_digest, learner_of_level
from research.data.text_blocks import Blocks, text_blocks, whole_lines
from research.data.text_cache import CachedSplit, cached_clusters, cached_split, cached_vocabulary, text_folder
from research.data.text_files import read_files
from research.data.text_numbers import TextFacts, numbered_blocks
from research.data.texts import (
    Texts,
    pinned_text,
    read_ptb,
    read_pydoc,
    read_shakespeare,
    read_tinyshakespeare,
    read_unlabelled,
    read_wikitext2,
    topics_text,
    unlabelled_text,
)
from research.data.training_vocabulary import vocabulary_of_blocks
from research.text.tokenizers.registry import TOKENIZERS
from research.text.vocabulary import Vocabulary


class TextSource(NamedTuple):
    """A text that may have to be read: `read` does so when it is first called."""

    config: TextCorpus
    data_dir: Path | None
    identity: str
    read: Callable[[], dict[str, Blocks]]

    @property
    def folder(self) -> Path:
        """Where the cache keeps it."""
        return text_folder(self.config, self.identity, TEXTS[type(self.config)].unread)

    def name(self, split: str) -> str:
        """Of the files of a split."""
        return f"{split}-{getattr(self.config, f'{split}_tokens')}"


def load_text(config: TextCorpus, data_dir: Path | None, identity: str) -> Dataset:
    """The dataset of a text, its tokens from the cache. Raises StepladderError for what the user can mend."""
    source = _source(config, data_dir, identity)
    vocabulary = _vocabulary(source)
    cached = {split: _cached(source, vocabulary, split) for split in SPLITS}
    train, valid, test = (cached[split].split for split in SPLITS)
    test_text, documents_word = cached["test"].text, getattr(config, "documents", "")
    clusters_path = source.folder / f"{source.name('test')}-{documents_word}.clusters"
    return Dataset(
        vocabulary,
        train,
        valid,
        test,
        digest=identity,
        eos=vocabulary.eos,
        description=_describe_text(vocabulary, {split: cached[split].facts for split in SPLITS}),
        test_text=test_text,
        clusters=cached_clusters(clusters_path, lambda: _clusters(source, test_text)),
        identities={split: cut.facts.identity for split, cut in cached.items() if cut.facts.identity},
    )


def _source(config: TextCorpus, data_dir: Path | None, identity: str) -> TextSource:
    return TextSource(config, data_dir, identity, cache(partial(read_corpus, config, data_dir)))


def _vocabulary(source: TextSource) -> Vocabulary:
    return cached_vocabulary(source.folder, lambda: vocabulary_of_blocks(source.config, partial(_checked_blocks, source, "train")))


def _cached(source: TextSource, vocabulary: Vocabulary, split: str) -> CachedSplit:
    key = f"{split}_tokens"
    blocks = lambda: numbered_blocks(vocabulary, _checked_blocks(source, split), key, getattr(source.config, key))
    return cached_split(source.folder / source.name(split), vocabulary, blocks, split in SCORED, split == "test")


def _checked_blocks(source: TextSource, split: str) -> Iterator[str]:
    """The blocks of a split, of whole lines where lines are looked at, no word of which is that of a line's end.

    Raises StepladderError at the end where own files are no longer those that were identified, before anything is kept under their name.
    """
    config, blocks = source.config, source.read()[split]()
    line_end = TOKENIZERS[config.level].line_end
    if line_end != "\n" or getattr(config, f"{split}_tokens") != "all":
        blocks = whole_lines(blocks)
    yield from _without_line_ends(split, blocks, line_end) if line_end != "\n" else blocks
    _refuse_changed_files(source)


def _refuse_changed_files(source: TextSource) -> None:
    if source.config.paths and learned_digest(TEXTS[type(source.config)], source.config, source.data_dir) != source.identity:
        raise StepladderError("The files of [data] were changed while they were read. Run the command again.")


def _clusters(source: TextSource, text: str) -> Clusters | None:
    """Those of the lines of the test text. Raises StepladderError where own files are no longer those that the text is of."""
    clusters = text_clusters(source.config, source.data_dir, text)
    _refuse_changed_files(source)
    return clusters


def text_clusters(config: TextCorpus, data_dir: Path | None, text: str) -> Clusters | None:
    """The cluster of each line of a test text; None where each stands alone."""
    lines = text.split("\n")[: text.count("\n")]
    return TEXTS[type(config)].clusters(config, data_dir, lines) if lines else None


def load_vocabulary(config: TextCorpus, data_dir: Path | None = None) -> Vocabulary:
    """The vocabulary of a text alone, as `load_dataset` has it."""
    return _vocabulary(_source(config, data_dir, learned_digest(TEXTS[type(config)], config, data_dir)))


def _without_line_ends(split: str, blocks: Iterator[str], end: str) -> Iterator[str]:
    before = 0
    for block in blocks:
        for number, line in enumerate(block.split("\n") if end in block else (), start=before + 1):
            if end in line.split():
                raise StepladderError(
                    f"Line {number} of the {split} text already has the word {end}. Every line's end becomes that word: remove it."
                )
        before += block.count("\n")
        yield block


def misspelt_test_split(data: Dataset, share: float) -> TextSplit:
    """The test text misspelt (see `misspell`), then cut into tokens; its lines and its count of characters are those of the original."""
    text = misspell(data.test_text, share)
    return TextSplit(data.vocabulary.encode(text), None, np.array(len(data.test_text)), np.array(len(data.test_text.encode())))


def _describe_text(vocabulary: Vocabulary, facts: dict[str, TextFacts]) -> dict[str, Any]:
    """Tokens, lines and the rate of <unk> in each split, and the number of types."""
    return {
        "level": vocabulary.level,
        "types": vocabulary.size,
        "tokens": {name: split.tokens for name, split in facts.items()},
        "lines": {name: split.lines for name, split in facts.items()},
        "unknown": {name: split.unknown / split.tokens for name, split in facts.items()},
    }


def read_corpus(config: TextCorpus, data_dir: Path | None) -> dict[str, Blocks]:
    """The text of each split, in the normal form that the config asks for."""
    texts: dict[str, Blocks] = TEXTS[type(config)].read(config, data_dir)
    return {split: partial(_normalise, blocks, config.normalisation) for split, blocks in texts.items()}


def _normalise(blocks: Blocks, form: Normalisation) -> Iterator[str]:
    return (normalise_unicode(block, form) for block in blocks())


def _in_blocks(read: Callable[..., Texts]) -> Callable[..., dict[str, Blocks]]:
    """A reader of texts that are in memory whole."""
    return lambda config, data_dir: {split: partial(text_blocks, text) for split, text in read(config, data_dir).items()}


def _text_kind(
    read: Callable[..., dict[str, Blocks]], contents: Callable[..., Contents], clusters: Callable[..., Clusters | None]
) -> SourceKind:
    """How training cuts a text is no part of the text."""
    return SourceKind(read, contents, learner_of_level, clusters, load_text, unread=("length", "batches", "regularisation"))


TEXTS: dict[type, SourceKind] = {
    Shakespeare: _text_kind(_in_blocks(read_shakespeare), pinned_text("shakespeare"), scenes),
    Pydoc: _text_kind(_in_blocks(read_pydoc), topics_text, independent),
    Files: _text_kind(read_files, own_text, text_groups),
    PTB: _text_kind(_in_blocks(read_ptb), pinned_text("ptb"), independent),
    WikiText2: _text_kind(_in_blocks(read_wikitext2), pinned_text("wikitext2"), articles),
    TinyShakespeare: _text_kind(_in_blocks(read_tinyshakespeare), pinned_text("tinyshakespeare"), parts),
    Unlabelled: _text_kind(_in_blocks(read_unlabelled), unlabelled_text, independent),
}
