"""Byte pair encoding: characters, then merges in the order of their frequency (Sennrich et al. 2016)."""

import numpy as np

from research.text.tokenizers.learned_pieces import cut_words, strange_characters
from research.text.tokenizers.library_pieces import LibraryPieces, merge_with_dropout, merges_in_order, pieces_in_order, train_merges
from research.text.tokenizers.pretokenize import WordsByLine, pretokenize
from research.text.tokenizers.random_numbers import uniform_numbers
from research.text.tokenizers.tokenizer_kind import Learning, Merging, Room, TokenizerKind, as_it_stands, look_up_symbols

BYTES_INSTEAD = "; or use data.level = byte_bpe, to which 256 bytes are every character"


def _train(words_by_line: WordsByLine, alphabet: list[str], size: int) -> bytes:
    return train_merges(words_by_line, alphabet, size - 2).to_str().encode()


def room_for_characters(alphabet: frozenset[str]) -> Room:
    """Of <unk>, the line's end, and each character."""
    needed = f"<unk>, the line's end and the {len(alphabet)} characters of the training text"
    return Room(2 + len(alphabet), needed, BYTES_INSTEAD)


def _cut_with_dropout(learned: LibraryPieces, text: str, rng: np.random.Generator, rate: float) -> list[str]:
    uniforms = uniform_numbers(rng)
    return [piece for word in pretokenize(text) for piece in merge_with_dropout(list(word), learned.ranks, uniforms, rate)]


BPE: TokenizerKind[LibraryPieces] = TokenizerKind(
    line_end="\n",
    has_unknown=True,
    libraries=("tokenizers",),
    revision=1,
    read=LibraryPieces,
    cut=cut_words,
    join=lambda _, pieces: "".join(pieces),
    own_types=None,
    count_types=None,
    learning=Learning(train=_train, room=room_for_characters, pieces=pieces_in_order, unknown_characters=strange_characters),
    merging=Merging(merges=merges_in_order, drop=_cut_with_dropout),
    ranking=None,
    numbers=look_up_symbols,
    written=as_it_stands,
    shown=as_it_stands,
)
