"""From the words of [data] to arrays."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int32

from research.config.data import CrossValidated, Data, Labelled, SyntheticExamples, TextCorpus
from research.config.errors import StepladderError
from research.config.pairs import Glyphs, SymbolPairs, TextPairs
from research.config.subwords import NoRegularisation
from research.data.clusters import sentence_clusters, text_clusters
from research.data.dataset import Dataset, ExampleSplit, TextSplit
from research.data.download import sha256
from research.data.glyphs import glyphs_digest, load_glyphs
from research.data.labelled import classification_examples, join_words, labelled_digest, limit_training, read_sentences, symbol_numbers
from research.data.limits import checked_limit
from research.data.misspelling import misspell
from research.data.pair_dataset import load_pair_dataset
from research.data.pair_texts import pairs_digest
from research.data.split_identity import identify_examples, identify_sentences, identify_text
from research.data.synthetic import SYNTHETIC_TASKS, generate_examples, synthetic_digest
from research.data.texts import SPLITS, read_corpus, text_digest
from research.data.tokenizer_cache import fitted_tokenizer, library_version
from research.text.tokenize import LINE_END, tokenize
from research.text.vocabulary import Vocabulary, build_vocabulary, subword_vocabulary

SCORED = ("valid", "test")


def load_dataset(config: Data, data_dir: Path | None = None) -> Dataset:
    """The dataset of a config: read, checked, numbered; the same object for the same data. Arrays are read-only.

    Files are looked for in `data_dir`, then in the cache, then fetched. Raises StepladderError for what the user can mend.
    """
    if isinstance(config, TextCorpus):  # how training cuts the text is no part of the text
        config = config.model_copy(update={"length": 1, "batches": "windows", "regularisation": NoRegularisation()})
    if isinstance(config, CrossValidated) and config.folds != "off":
        return _load_fold(config, data_dir, dataset_digest(config, data_dir))
    return _load(config, data_dir, dataset_digest(config, data_dir))


def dataset_digest(config: Data, data_dir: Path | None = None) -> str:
    """What identifies the data, for a cell's identity: at a subword level, with the version of the library that learns the pieces.

    Pinned data need not be here; the user's own files are read.
    """
    if isinstance(config, Labelled):
        return _with_learner(labelled_digest(config, data_dir), library_version(config.level))
    if isinstance(config, SyntheticExamples):
        return synthetic_digest(config)
    if isinstance(config, Glyphs):
        return glyphs_digest(config)
    text = pairs_digest(config, data_dir) if isinstance(config, SymbolPairs) else text_digest(config, data_dir)
    learner = "" if isinstance(config, SymbolPairs) and not isinstance(config, TextPairs) else library_version(config.level)
    return _with_learner(text, learner)


def _with_learner(digest: str, learner: str) -> str:
    return sha256(f"{digest} {learner}".encode()) if learner else digest


@lru_cache(maxsize=64)
def _load_fold(config: CrossValidated, data_dir: Path | None, identity: str) -> Dataset:
    """The folds of a few rows, of two protocols: their words are those of one pool."""
    return _read_only(_load_sentences(config, data_dir, identity))


@lru_cache(maxsize=8)
def _load(config: Data, data_dir: Path | None, identity: str) -> Dataset:
    if isinstance(config, Labelled):
        data = _load_sentences(config, data_dir, identity)
    elif isinstance(config, Glyphs):
        data = load_glyphs(config, identity)
    elif isinstance(config, SymbolPairs):
        data = load_pair_dataset(config, data_dir, identity)
    else:
        data = _load_text(config, data_dir, identity) if isinstance(config, TextCorpus) else _load_examples(config, identity)
    return _read_only(data)


def _read_only(data: Dataset) -> Dataset:
    for split in (data.train, data.valid, data.test):
        for array in split:
            if isinstance(array, np.ndarray):
                array.setflags(write=False)
    return data


def _load_text(config: TextCorpus, data_dir: Path | None, identity: str) -> Dataset:
    texts = read_corpus(config, data_dir)
    for split in SPLITS if config.level == "word" else ():
        _refuse_line_end(split, texts[split])
    vocabulary = _vocabulary(config, texts["train"])
    tokens = {split: _limited(config, split, vocabulary.tokens(texts[split])) for split in SPLITS}
    decoded = {split: vocabulary.text(tokens[split]) for split in SPLITS}
    splits = {split: _text_split(vocabulary, tokens[split], decoded[split]) for split in SPLITS}
    identities = {split: identify_text(vocabulary, decoded[split], splits[split].tokens) for split in SCORED}
    fields = {"digest": identity, "eos": vocabulary.eos, "description": _describe_text(vocabulary, splits)}
    clusters = text_clusters(config, data_dir, decoded["test"])
    return _dataset(vocabulary, splits, **fields, test_text=decoded["test"], clusters=clusters, identities=identities)


def _dataset(vocabulary: Vocabulary, splits: Mapping[str, Any], **fields: Any) -> Dataset:
    return Dataset(vocabulary, splits["train"], splits["valid"], splits["test"], **fields)


def load_vocabulary(config: TextCorpus, data_dir: Path | None = None) -> Vocabulary:
    """The vocabulary of a text alone, as `load_dataset` has it."""
    return _vocabulary(config, read_corpus(config, data_dir)["train"])


def _vocabulary(config: TextCorpus | Labelled, text: str) -> Vocabulary:
    """The vocabulary of a training text."""
    limits = config.vocabulary
    if config.level == "word" or config.level == "char" or config.level == "byte":
        vocabulary = build_vocabulary(tokenize(text, config.level), config.level, limits.size, limits.min_count)
    else:
        assert limits.size != "all", "the schema asks for a size"
        vocabulary = subword_vocabulary(fitted_tokenizer(text, config.level, limits.size))
    return replace(vocabulary, normalisation=config.normalisation)


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


def _load_examples(config: SyntheticExamples, identity: str) -> Dataset:
    vocabulary = SYNTHETIC_TASKS[type(config)].vocabulary(config)
    splits = {split: generate_examples(config, split) for split in SPLITS}
    identities = {split: identify_examples(vocabulary, splits[split]) for split in SCORED}
    return _dataset(
        vocabulary, splits, digest=identity, eos=None, description=_describe_examples(vocabulary, splits), identities=identities
    )


def _describe_examples(vocabulary: Vocabulary, splits: dict[str, ExampleSplit]) -> dict[str, Any]:
    return {
        "types": vocabulary.size,
        "examples": {name: len(split.inputs) for name, split in splits.items()},
        "length": {name: split.inputs.shape[1] for name, split in splits.items()},
        "tokens": {name: int(split.weight.sum()) for name, split in splits.items()},
    }


def _load_sentences(config: Labelled, data_dir: Path | None, identity: str) -> Dataset:
    sentences, classes = read_sentences(config, data_dir)
    vocabulary = _vocabulary(config, "".join(join_words(words) + "\n" for words in sentences["train"].words))  # that of the same as a text
    sentences = sentences | {"train": limit_training(config, sentences["train"], classes)}
    length = config.length
    numbers = {split: symbol_numbers(vocabulary, sentences[split].words) for split in SPLITS}
    splits = {split: classification_examples(numbers[split], sentences[split].labels, length) for split in SPLITS}
    fields = {"digest": identity, "eos": None, "description": _describe_sentences(config, vocabulary, numbers, classes)}
    identities = {split: identify_sentences(sentences[split], classes) for split in SCORED if numbers[split]}
    clusters = sentence_clusters(config, data_dir, len(numbers["test"]))
    return _dataset(vocabulary, splits, **fields, classes=classes, sentences=sentences, clusters=clusters, identities=identities)


def _describe_sentences(
    config: Labelled, vocabulary: Vocabulary, numbers: dict[str, list[Int32[np.ndarray, " _"]]], classes: tuple[str, ...]
) -> dict[str, Any]:
    """Sentences, symbols, the share of sentences that are cut and of those with unknown symbols, by split."""

    def share(test: Callable[[Int32[np.ndarray, " _"]], Any], split: str) -> float:
        return float(np.mean([test(row) for row in numbers[split]] or [False]))

    unknown = -1 if vocabulary.unk is None else vocabulary.unk
    return {
        "level": vocabulary.level,
        "types": vocabulary.size,
        "classes": list(classes),
        "sentences": {split: len(numbers[split]) for split in SPLITS},
        "tokens": {split: sum(map(len, numbers[split])) for split in SPLITS},
        "length": config.length,
        "cut": {split: share(lambda row: len(row) > config.length, split) for split in SPLITS},
        "with_unknown": {split: share(lambda row: (row == unknown).any(), split) for split in SPLITS},
    }
