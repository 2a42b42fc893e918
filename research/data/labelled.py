"""Sentences with a class each: from a config of labelled data to the labelled texts of its three splits, and what identifies them."""

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from research.config.cell_identity import file_paths
from research.config.errors import StepladderError
from research.config.sentence_data import SentenceData
from research.config.sentences import SST, Acceptability, Labelled, Questions, TenFolds, Vader, VaderSentences
from research.config.unicode import decode, decode_utf8_or_cp1252, split_lines
from research.data.corruption import TWINS, corrupted_pairs
from research.data.dataset import SCORED, SPLITS
from research.data.dataset_sources import read_data_source
from research.data.download import sha256
from research.data.held_out import hold_out
from research.data.limits import checked_limit
from research.data.sentence_files import CORPORA, read_labelled_bytes
from research.data.source_entries import SOURCES
from research.data.source_kind import Contents, Part
from research.data.vader import read_rated

READER = 2  # raised when a change here, or in what reads a pinned file, alters its sentences
NEUTRAL = 0.5  # ratings go from -4 to 4
BRACKETS = {"-LRB-": "(", "-RRB-": ")"}
Labelling = list[tuple[str, str]]  # (class, text)


class LabelledSplits(NamedTuple):
    """The splits of labelled data, and its classes in their order."""

    splits: dict[str, Labelling]
    classes: tuple[str, ...]


def parse_lines(text: str, place: str) -> Labelling:
    """`label<TAB>text`, or `label text`, a line. A label may have spaces where every line has a tab. A text may be empty.

    Blank lines at the end are none. Raises StepladderError with file and line where there is no label.
    """
    labelled_lines = []
    lines = split_lines(text.rstrip("\n"))
    separator = "\t" if all("\t" in line for line in lines) else "[\t ]"
    for number, line in enumerate(lines, start=1):
        label, words = (*re.split(separator, line, maxsplit=1), "")[:2]
        if not label.strip():
            raise StepladderError(f"{place}, line {number}, has no label: {line[:60]!r}. A line is `label<TAB>text` or `label text`.")
        labelled_lines.append((label.strip(), words.strip()))
    return labelled_lines


def parse_tree(line: str) -> list[tuple[int, tuple[str, ...]]]:
    """Every node of a bracketed tree, the root first: its label 0 .. 4 and its words.

    `(3 (2 a) (4 (2 very) (3 good)))` -> (3, a very good), (2, a), (4, very good), (2, very), (3, good).
    """
    nodes: list[tuple[int, list[str]]] = []
    opened: list[int] = []
    for token in line.replace("(", " ( ").replace(")", " ) ").split():
        if token == "(":
            opened.append(len(nodes))
            nodes.append((-1, []))
        elif token == ")":
            opened.pop()
        elif nodes[opened[-1]][0] < 0:
            nodes[opened[-1]] = (int(token), [])
        else:
            for node in opened:
                nodes[node][1].append(BRACKETS.get(token, token.replace("\\/", "/")))
    return [(label, tuple(words)) for label, words in nodes]


def read_trees(config: SST, data_dir: Path | None) -> LabelledSplits:
    """The treebank's own splits. Training on phrases takes every node of the training trees; validation and test are whole sentences."""
    contents = read_data_source("sst", data_dir)
    classes = ("0", "1", "2", "3", "4") if config.fine else ("negative", "positive")
    name = lambda label: str(label) if config.fine else classes[label > 2]

    def split(file: str, phrases: bool) -> Labelling:
        trees = (parse_tree(line) for line in split_lines(decode(contents[file], file)) if line.strip())
        nodes = (node for tree in trees for node in (tree if phrases else tree[:1]))
        return [(name(label), " ".join(words)) for label, words in nodes if config.fine or label != 2]

    splits = {"train": split("train.txt", config.phrases), "valid": split("dev.txt", False), "test": split("test.txt", False)}
    return LabelledSplits(splits, classes)


def read_vader(config: Vader, data_dir: Path | None) -> LabelledSplits:
    """The classes of the ratings that are far from zero, or of all."""
    classes = ("negative", "positive") if config.neutral == "drop" else ("negative", "neutral", "positive")

    def label(rating: float) -> str:
        return "neutral" if abs(rating) <= NEUTRAL else "positive" if rating > 0 else "negative"

    labelled = {
        split: [(label(rating), text) for rating, text in lines if label(rating) in classes]
        for split, lines in read_vader_splits(config, data_dir).items()
    }
    return LabelledSplits(labelled, classes)


def read_vader_splits(config: VaderSentences, data_dir: Path | None) -> dict[str, list[tuple[float, str]]]:
    """Rating and text of each sentence, 80 / 10 / 10 by the digest of its id, so that the splits do not depend on an order."""
    (archive,) = read_data_source("vader", data_dir).values()
    splits: dict[str, list[tuple[float, str]]] = {split: [] for split in SPLITS}
    for number, rating, text in read_rated(archive, config.part):
        splits[tenths_split(sha256(f"{config.part} {number}".encode()))].append((rating, text))
    return splits


def tenths_split(digest: str) -> str:
    """80 / 10 / 10, whatever the order."""
    tenth = int(digest[:8], 16) % 10
    return "test" if tenth == 0 else "valid" if tenth == 1 else "train"


def read_lines_of_folds(config: TenFolds, data_dir: Path | None) -> LabelledSplits:
    """One file without splits."""
    lines = parse_lines(decode_utf8_or_cp1252(read_labelled_bytes("path", config.path, data_dir), config.path), config.path)
    return LabelledSplits({"train": lines, "valid": [], "test": []}, tuple(sorted({label for label, _ in lines})))


def read_questions(config: Questions, data_dir: Path | None) -> LabelledSplits:
    """The files' own splits, or validation held out of training. Raises StepladderError with file and line."""

    def lines(key: str) -> Labelling:
        path = getattr(config, key)
        parsed = parse_lines(decode_utf8_or_cp1252(read_labelled_bytes(key, path, data_dir), path), path)
        return [(_question_class(config, label, f"{path}, line {number},"), text) for number, (label, text) in enumerate(parsed, start=1)]

    return _with_validation(config, {split: lines(split) for split in named_files(config)})


def _question_class(config: Questions, label: str, place: str) -> str:
    coarse, _, fine = label.partition(":")
    if label.isdecimal() and not config.fine:
        return label
    if label.isdecimal():
        raise StepladderError(f"{place} has the label {label}, one of six: leave data.fine out, or bring the file of `COARSE:fine` labels.")
    if not (coarse and fine):
        raise StepladderError(
            f"{place} has the label {label!r}. A line is `COARSE:fine question words`, or `0 question words` with the number of a class."
        )
    return label if config.fine else coarse


def pooled_splits(splits: dict[str, Labelling]) -> LabelledSplits:
    """What is to be dealt into folds, with all its classes."""
    return LabelledSplits({"valid": [], "test": []} | splits, tuple(sorted({label for lines in splits.values() for label, _ in lines})))


def _with_validation(config: Questions, splits: dict[str, Labelling]) -> LabelledSplits:
    """The splits that are files, and validation where it is held out. A class that training has not is an error in the others."""
    if config.folds != "off":
        return pooled_splits(splits)
    if not isinstance(config.valid, str):
        train, valid = hold_out(config.valid, splits["train"], [label for label, _ in splits["train"]], config.train)
        splits = {"train": train, "valid": valid, "test": splits["test"]}
    classes = tuple(sorted({label for label, _ in splits["train"]}))
    for split in SCORED:
        path = getattr(config, split)
        refuse_new_classes(((f"{path}, line {number}", label) for number, (label, _) in enumerate(splits[split], start=1)), classes)
    return LabelledSplits(splits, classes)


def read_acceptability(config: Acceptability, data_dir: Path | None) -> LabelledSplits:
    """Sentences of a corpus, whose splits are its own, each followed by its corrupted twin; a space between words and marks."""
    splits = {
        split: [(label, " ".join(words)) for pair in split_pairs for label, words in zip(("good", "bad"), pair, strict=True)]
        for split, split_pairs in corrupted_pairs(config, CORPORA[type(config.corpus)].read(config.corpus, data_dir)).items()
    }
    for split in SPLITS:
        if not splits[split]:
            raise StepladderError(
                f"No sentence of {split} has {config.shortest} to {config.longest} words and a twin by {config.corruption} "
                "(one that is also in train, or for test in valid, is of that split alone): "
                "change data.shortest and data.longest, or bring more text."
            )
        _check_pairs(config, split, len(splits[split]) // 2)
    return LabelledSplits(splits, ("bad", "good"))


def _check_pairs(config: Acceptability, split: str, available: int) -> None:
    """Raises StepladderError where more pairs are asked for than there are; the default is "as many as there are"."""
    key = f"{split}_pairs"
    limit: int = getattr(config, key)
    if available < limit != Acceptability.model_fields[key].default:
        checked_limit(key, limit, available, f"sentences of {split} with a twin")


def refuse_new_classes(labels: Iterable[tuple[str, str]], classes: tuple[str, ...]) -> None:
    """Raises StepladderError for a label that is none of the classes of training; `labels` are (place, label)."""
    learned = set(classes)
    for place, label in labels:
        if label not in learned:
            raise StepladderError(
                f"{place}, has the class {label!r}, which no training sentence has; the classes are "
                f"{', '.join(classes[:10])}. Mend the line, or bring training sentences of that class."
            )


def pinned_sentences(source: str) -> Callable[[SentenceData, Path | None], Contents]:
    """The checksums of the files of a pinned source, which need not be here."""
    return lambda config, data_dir: labelled_contents(config, *(file.sha256 for file in SOURCES[source].files))


def own_sentences(config: Labelled, data_dir: Path | None) -> Contents:
    """The checksums of the user's own files."""
    return labelled_contents(config, *(sha256(read_labelled_bytes(key, getattr(config, key), data_dir)) for key in named_files(config)))


def corrupted_sentences(config: Acceptability, data_dir: Path | None) -> Contents:
    """What the sentences are from, and the versions of what draws their twins."""
    return labelled_contents(config, TWINS, np.__version__, *CORPORA[type(config.corpus)].contents(config.corpus, data_dir))


def labelled_contents(config: SentenceData, *parts: Part) -> Contents:
    """What identifies labelled or rated data: the parts, with the kind and the version of its reader."""
    return [config.kind, READER, *parts]  # type: ignore[attr-defined]


def named_files(config: SentenceData) -> list[str]:
    """The words of the user's own files: validation may be a share of another, and with folds some may be left out."""
    return [key for key, path in file_paths(config).items() if path != "none"]
