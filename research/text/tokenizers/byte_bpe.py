"""Byte pair encoding over the bytes of UTF-8, each written as the character of that number: nothing is unknown (Radford et al. 2019)."""

import numpy as np

from research.text.tokenizers.bytes import ALL_BYTES, join_bytes, show_bytes, spell_in_bytes
from research.text.tokenizers.learned_pieces import segment_word
from research.text.tokenizers.library_pieces import LibraryPieces, merge_with_dropout, merges_in_order, pieces_in_order, train_merges
from research.text.tokenizers.pretokenize import WordsByLine, pretokenize
from research.text.tokenizers.random_numbers import uniform_numbers
from research.text.tokenizers.tokenizer_kind import Learning, Merging, Room, TokenizerKind, as_it_stands, look_up_symbols


def _train(words_by_line: WordsByLine, alphabet: list[str], size: int) -> bytes:
    return train_merges(([spell_in_bytes(word) for word in line] for line in words_by_line), ALL_BYTES, size).to_str().encode()


def _cut(learned: LibraryPieces, text: str) -> list[str]:
    return [piece for word in pretokenize(text) for piece in segment_word(learned, spell_in_bytes(word))]


def _cut_with_dropout(learned: LibraryPieces, text: str, rng: np.random.Generator, rate: float) -> list[str]:
    uniforms = uniform_numbers(rng)
    spelled = (list(spell_in_bytes(word)) for word in pretokenize(text))
    return [piece for symbols in spelled for piece in merge_with_dropout(symbols, learned.ranks, uniforms, rate)]


BYTE_BPE: TokenizerKind[LibraryPieces] = TokenizerKind(
    line_end="\n",
    has_unknown=False,
    libraries=("tokenizers",),
    revision=1,
    read=LibraryPieces,
    cut=_cut,
    join=lambda _, pieces: join_bytes(pieces),
    own_types=None,
    count_types=None,
    learning=Learning(
        train=_train,
        room=lambda alphabet: Room(len(ALL_BYTES), "the 256 bytes", ""),
        pieces=pieces_in_order,
        unknown_characters=lambda learned, text: (),
    ),
    merging=Merging(merges=merges_in_order, drop=_cut_with_dropout),
    ranking=None,
    numbers=look_up_symbols,
    written=as_it_stands,
    shown=show_bytes,
)
