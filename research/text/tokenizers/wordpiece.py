"""Pieces learned by merges, then the longest that fits, left to right; `##` begins one inside a word (Schuster and Nakajima 2012)."""

import json
from collections.abc import Iterable

from research.text.tokenizers.bpe import room_for_characters
from research.text.tokenizers.learned_pieces import PRIVATE, cut_words, strange_characters
from research.text.tokenizers.library_pieces import NOTHING, LibraryPieces, pieces_in_order, train_merges
from research.text.tokenizers.pretokenize import WordsByLine
from research.text.tokenizers.tokenizer_kind import Learning, Room, TokenizerKind, as_it_stands, look_up_symbols

INSIDE = "##"  # begins a piece that begins no word


def _train(words_by_line: WordsByLine, alphabet: list[str], size: int) -> bytes:
    """Merges over an alphabet in which a character inside a word is another than at its beginning: `tokenizers`' own trainer of
    WordPiece, which does the same, numbers those as its hash table happens to lie."""
    import tokenizers

    inside = {ord(character): PRIVATE + place for place, character in enumerate(alphabet) if character != " "}
    outside = {private: character for character, private in inside.items()}
    marked = ([word[0] + word[1:].translate(inside) for word in line] for line in words_by_line)
    learned_ids = json.loads(train_merges(marked, [*alphabet, *map(chr, outside)], size - 2).to_str())["model"]["vocab"]
    piece_ids = {(INSIDE if ord(piece[0]) in outside else "") + piece.translate(outside): number for piece, number in learned_ids.items()}
    model = tokenizers.models.WordPiece(piece_ids | {NOTHING: len(piece_ids)}, unk_token=NOTHING, max_input_chars_per_word=10**9)
    return tokenizers.Tokenizer(model).to_str().encode()


def _room(alphabet: frozenset[str]) -> Room:
    """A space stands inside no word."""
    once = room_for_characters(alphabet)
    twice = f"{once.needed}, each of which may begin a word or stand inside one"
    return once._replace(least=once.least + len(alphabet - {" "}), needed=twice)


def _join(learned: LibraryPieces, pieces: Iterable[str]) -> str:
    return "".join(piece.removeprefix(INSIDE) for piece in pieces)


WORDPIECE: TokenizerKind[LibraryPieces] = TokenizerKind(
    line_end="\n",
    has_unknown=True,
    libraries=("tokenizers",),
    revision=1,
    read=LibraryPieces,
    cut=cut_words,
    join=_join,
    own_types=None,
    count_types=None,
    learning=Learning(train=_train, room=_room, pieces=pieces_in_order, unknown_characters=strange_characters),
    merging=None,
    ranking=None,
    numbers=look_up_symbols,
    written=as_it_stands,
    shown=as_it_stands,
)
