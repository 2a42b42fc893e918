"""The bytes of UTF-8, each written as the character of that number: nothing is unknown. A line's end is the newline, 10."""

from collections.abc import Callable, Iterable

import numpy as np

from research.text.tokenizers.tokenizer_kind import Cut, NumberedTypes, Numbers, TokenizerKind, as_it_stands, learns_nothing_to_read

ALL_BYTES = tuple(map(chr, range(256)))


def spell_in_bytes(text: str) -> str:
    """The bytes of a text, each as the character of its number."""
    return text.encode("utf-8").decode("latin-1")


def join_bytes(symbols: Iterable[str]) -> str:
    """The text of bytes, or of pieces of several. Bytes that are not UTF-8, as a model may generate them, become U+FFFD."""
    return "".join(symbols).encode("latin-1").decode("utf-8", errors="replace")


def show_bytes(symbol: str) -> str:
    """Bytes as their characters, or as <0xC3> where they are a part of one."""
    try:
        return symbol.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return "".join(character if character.isascii() else f"<0x{ord(character):02X}>" for character in symbol)


def read_bytes_as_numbers(types: NumberedTypes, cut: Cut) -> Callable[[str], Numbers]:
    """What takes the bytes of a block for their numbers."""
    return lambda block: np.frombuffer(block.encode(), np.uint8)


BYTES: TokenizerKind[None] = TokenizerKind(
    line_end="\n",
    has_unknown=False,
    libraries=(),
    revision=0,
    read=learns_nothing_to_read,
    cut=lambda _, text: list(spell_in_bytes(text)),
    join=lambda _, symbols: join_bytes(symbols),
    own_types=ALL_BYTES,
    count_types=None,
    learning=None,
    merging=None,
    ranking=None,
    numbers=read_bytes_as_numbers,
    written=as_it_stands,
    shown=show_bytes,
)
