"""A text as arrays: its tokens, and the line of each. One entry for each kind, in `TEXTS`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from research.config.data import PTB, Files, Pydoc, Shakespeare, TextCorpus, TinyShakespeare, Unlabelled, WikiText2
from research.config.errors import StepladderError
from research.config.unicode import normalise_unicode
from research.data.clusters import Clusters, articles, independent, parts, scenes
from research.data.dataset import SCORED, SPLITS, Dataset, TextSplit
from research.data.limits import checked_limit
from research.data.misspelling import misspell
from research.data.own_texts import own_text, text_groups
from research.data.source_kind import Contents, SourceKind, learner_of_level
from research.data.split_identity import identify_text
from research.data.texts import (
    Texts,
    pinned_text,
    read_files,
    read_ptb,
    read_pydoc,
    read_shakespeare,
    read_tinyshakespeare,
    read_unlabelled,
    read_wikitext2,
    topics_text,
    unlabelled_text,
)
from research.data.training_vocabulary import training_vocabulary
from research.text.tokenize import LINE_END
from research.text.vocabulary import Vocabulary


def load_text(config: TextCorpus, data_dir: Path | None, identity: str) -> Dataset:
    """The dataset of a text. Raises StepladderError for what the user can mend."""
    texts = read_corpus(config, data_dir)
    for split in SPLITS if config.level == "word" else ():
        _refuse_line_end(split, texts[split])
    vocabulary = training_vocabulary(config, texts["train"])
    tokens = {split: _limited(config, split, vocabulary.tokens(texts[split])) for split in SPLITS}
    decoded = {split: vocabulary.text(tokens[split]) for split in SPLITS}
    splits = {split: _text_split(vocabulary, tokens[split], decoded[split]) for split in SPLITS}
    return Dataset(
        vocabulary,
        splits["train"],
        splits["valid"],
        splits["test"],
        digest=identity,
        eos=vocabulary.eos,
        description=_describe_text(vocabulary, splits),
        test_text=decoded["test"],
        clusters=text_clusters(config, data_dir, decoded["test"]),
        identities={split: identify_text(vocabulary, decoded[split], splits[split].tokens) for split in SCORED},
    )


def text_clusters(config: TextCorpus, data_dir: Path | None, text: str) -> Clusters | None:
    """The cluster of each line of a test text; None where each stands alone."""
    lines = text.split("\n")[: text.count("\n")]
    return TEXTS[type(config)].clusters(config, data_dir, lines) if lines else None


def load_vocabulary(config: TextCorpus, data_dir: Path | None = None) -> Vocabulary:
    """The vocabulary of a text alone, as `load_dataset` has it."""
    return training_vocabulary(config, read_corpus(config, data_dir)["train"])


def _refuse_line_end(split: str, text: str) -> None:
    end = LINE_END["word"]
    for number, line in enumerate(text.split("\n") if end in text else (), start=1):
        if end in line.split():
            raise StepladderError(
                f"Line {number} of the {split} text already has the word {end}. Every line's end becomes that word: remove it."
            )


def _limited(config: TextCorpus, split: str, tokens: list[str]) -> list[str]:
    """The whole lines that fit into the split's limit."""
    key, end = f"{split}_tokens", LINE_END[config.level]
    limit = checked_limit(key, getattr(config, key), len(tokens), f"tokens of {split} text")
    if limit == len(tokens):
        return tokens
    last = next((i for i in range(limit - 1, -1, -1) if tokens[i] == end), None)
    if last is None:
        first = tokens.index(end) + 1
        raise StepladderError(f"data.{key} = {limit} is shorter than the first line, of {first} tokens. Raise it.")
    return tokens[: last + 1]


def misspelt_test_split(data: Dataset, share: float) -> TextSplit:
    """The test text misspelt (see `misspell`), then cut into tokens; its lines and its count of characters are those of the original."""
    text = misspell(data.test_text, share)
    return _text_split(data.vocabulary, data.vocabulary.tokens(text), data.test_text)


def _text_split(vocabulary: Vocabulary, tokens: list[str], text: str) -> TextSplit:
    numbers = vocabulary.numbers(tokens)
    ends = numbers == vocabulary.eos
    return TextSplit(numbers, (np.cumsum(ends) - ends).astype(np.int32), np.array(len(text)), np.array(len(text.encode())))


def _describe_text(vocabulary: Vocabulary, splits: dict[str, TextSplit]) -> dict[str, Any]:
    """Tokens, lines and the rate of <unk> in each split, and the number of types."""
    unknown = -1 if vocabulary.unk is None else vocabulary.unk
    return {
        "level": vocabulary.level,
        "types": vocabulary.size,
        "tokens": {name: len(split.tokens) for name, split in splits.items()},
        "lines": {name: int(split.sentence[-1]) + 1 for name, split in splits.items()},
        "unknown": {name: float(np.mean(split.tokens == unknown)) for name, split in splits.items()},
    }


def read_corpus(config: TextCorpus, data_dir: Path | None) -> Texts:
    """The text of each split, in the normal form that the config asks for."""
    texts = TEXTS[type(config)].read(config, data_dir)
    return {split: normalise_unicode(text, config.normalisation) for split, text in texts.items()}


def _text_kind(read: Callable[..., Texts], contents: Callable[..., Contents], clusters: Callable[..., Clusters | None]) -> SourceKind:
    """How training cuts a text is no part of the text."""
    return SourceKind(read, contents, learner_of_level, clusters, load_text, unread=("length", "batches", "regularisation"))


TEXTS: dict[type, SourceKind] = {
    Shakespeare: _text_kind(read_shakespeare, pinned_text("shakespeare"), scenes),
    Pydoc: _text_kind(read_pydoc, topics_text, independent),
    Files: _text_kind(read_files, own_text, text_groups),
    PTB: _text_kind(read_ptb, pinned_text("ptb"), independent),
    WikiText2: _text_kind(read_wikitext2, pinned_text("wikitext2"), articles),
    TinyShakespeare: _text_kind(read_tinyshakespeare, pinned_text("tinyshakespeare"), parts),
    Unlabelled: _text_kind(read_unlabelled, unlabelled_text, independent),
}
