"""Tokenizers that were fitted once: kept in the cache under the hash of their text, their settings and the library's version."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

from research.data.checked_files import read_checked, tell_uncached, write_checked
from research.data.text_blocks import Blocks
from research.machine import cache_dir
from research.text.tokenizers.registry import TOKENIZERS
from research.text.tokenizers.tokenizer import Tokenizer, train_tokenizer


def library_version(level: str) -> str:
    """The libraries on which the symbols of a level depend, with their versions and that of their use here; nothing without any."""
    entry = TOKENIZERS[level]
    return " ".join([*(f"{library} {version(library)}" for library in entry.libraries), str(entry.revision)]) if entry.revision else ""


def fitted_tokenizer(text: str, kind: str, size: int) -> Tokenizer:
    """The tokenizer of a training text, read from the cache or learned.

    Raises StepladderError where `size` is too small for the text's characters.
    """
    return fitted_to_blocks(lambda: iter((text,)), kind, size)


def fitted_to_blocks(blocks: Blocks, kind: str, size: int) -> Tokenizer:
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
