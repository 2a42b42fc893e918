"""Pieces that the library `tokenizers` learns by merges, and cuts with."""

import json
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tokenizers

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # a process forks after it has trained

NOTHING = "\n\n"  # what `tokenizers` wants to call the unknown of wordpiece, and never meets


@dataclass(frozen=True, eq=False)
class LibraryPieces:
    """Pieces as the library serialised them, in JSON."""

    serialised: bytes = field(repr=False)

    @cached_property
    def library(self) -> "tokenizers.models.Model":
        """The library's own object."""
        import tokenizers

        return tokenizers.Tokenizer.from_str(self.serialised.decode()).model

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        """Every piece that was learned, in the library's order."""
        piece_ids: dict[str, int] = json.loads(self.serialised)["model"]["vocab"]
        return tuple(sorted((piece for piece in piece_ids if piece != NOTHING), key=piece_ids.__getitem__))

    @cached_property
    def alphabet(self) -> frozenset[str]:
        """The characters, or bytes, that are pieces."""
        return frozenset(piece for piece in self.pieces if len(piece) == 1)

    @cached_property
    def ranks(self) -> dict[tuple[str, str], int]:
        """The place of each merge."""
        return {pair: rank for rank, pair in enumerate(merges_in_order(self))}

    def segment_run(self, run: str) -> Iterator[str]:
        """The pieces of a run of characters of the alphabet."""
        return (token.value for token in self.library.tokenize(run))


def pieces_in_order(learned: LibraryPieces) -> tuple[str, ...]:
    """Every piece, in the library's order."""
    return learned.pieces


def merges_in_order(learned: LibraryPieces) -> list[tuple[str, str]]:
    """The merges in the order in which they were learned, and are applied."""
    return [(left, right) for left, right in json.loads(learned.serialised)["model"]["merges"]]


def train_merges(words_by_line: Iterable[Sequence[str]], alphabet: Sequence[str], size: int) -> "tokenizers.Tokenizer":
    """The library's BPE with `size` pieces, which numbers characters by code point and breaks ties by number: it is deterministic."""
    import tokenizers

    learner = tokenizers.Tokenizer(tokenizers.models.BPE())
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=size, min_frequency=2, initial_alphabet=list(alphabet), special_tokens=[], show_progress=False
    )
    learner.train_from_iterator((word for line in words_by_line for word in line), trainer)
    return learner


def merge_with_dropout(symbols: list[str], ranks: dict[tuple[str, str], int], uniforms: Iterator[float], rate: float) -> list[str]:
    """The symbols of a word merged: the merge of lowest rank first, at its leftmost place, until none is left or all are skipped.

    Each merge that applies is skipped with probability `rate`, drawn anew after each merge (Provilkov et al. 2020).
    """
    while applicable := [(ranks[pair], place) for place, pair in enumerate(pairwise(symbols)) if pair in ranks and next(uniforms) >= rate]:
        _, place = min(applicable)
        symbols[place : place + 2] = [symbols[place] + symbols[place + 1]]
    return symbols
