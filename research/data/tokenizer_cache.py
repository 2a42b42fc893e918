"""Tokenizers that were fitted once: kept in the cache under the hash of their text, their settings and the library's version."""

import hashlib
from importlib.metadata import version

from research.config.subwords import Subword
from research.data.download import cache_dir, sha256, write_atomically
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
    key = hashlib.sha256(f"{kind} {size} {library_version(kind)}\n{text}".encode()).hexdigest()
    path = cache_dir() / "tokenizers" / f"{key}.model"
    checksum, _, model = path.read_bytes().partition(b"\n") if path.is_file() else (b"", b"", b"")
    if model and checksum == sha256(model).encode():
        return Tokenizer(kind, model)
    tokenizer = train_tokenizer(text.split("\n"), kind, size)
    write_atomically(path, sha256(tokenizer.model).encode() + b"\n" + tokenizer.model)
    return tokenizer
