"""Tokenizers that were fitted once: kept in the cache under the hash of their text, their settings and the library's version."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

from research.config.subwords import Subword
from research.data.checked_files import read_checked, tell_uncached, write_checked
from research.data.download import cache_dir
from research.data.text_blocks import Blocks
from research.text.subword_tokenizers import Tokenizer, train_tokenizer

LEARNER = 1  # raised when a change in research.text.subword_tokenizers alters what is learned
LIBRARIES = {"bpe": "tokenizers", "byte_bpe": "tokenizers", "wordpiece": "tokenizers", "unigram": "sentencepiece"}


def library_version(level: str) -> str:
    """The library that learns a level's pieces, its version and that of its use here; nothing for a level that learns none."""
    return f"{LIBRARIES[level]} {version(LIBRARIES[level])} {LEARNER}" if level in LIBRARIES else ""


def fitted_tokenizer(text: str, kind: Subword, size: int) -> Tokenizer:
    """The tokenizer of a training text, read from the cache or learned.

    Raises StepladderError where `size` is too small for the text's characters.
    """
    return fitted_to_blocks(lambda: iter((text,)), kind, size)


def fitted_to_blocks(blocks: Blocks, kind: Subword, size: int) -> Tokenizer:
    """The same of a text that comes in blocks: the tokenizer is that of the text whole, and so is its place in the cache."""
    checksum = hashlib.sha256(f"{kind} {size} {library_version(kind)}\n".encode())
    for block in blocks():
        checksum.update(block.encode())
    path = cache_dir() / "tokenizers" / f"{checksum.hexdigest()}.model"
    if model := read_checked(path):
        return Tokenizer(kind, model)
    tokenizer = train_tokenizer(BlockLines(blocks), kind, size)
    try:
        write_checked(path, tokenizer.model)
    except OSError as error:
        tell_uncached(error)
    return tokenizer


@dataclass(frozen=True)
class BlockLines:
    """The lines of a text in blocks, read anew whenever they are asked for; a line that two blocks share is two."""

    blocks: Blocks

    def __iter__(self) -> Iterator[str]:
        return (line for block in self.blocks() for line in block.split("\n"))
