"""A unigram language model: pieces with probabilities, fitted by EM by SentencePiece; the likeliest segmentation (Kudo 2018)."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Literal

import numpy as np

from research.config.errors import StepladderError
from research.text import lattice
from research.text.tokenizers.bpe import room_for_characters
from research.text.tokenizers.learned_pieces import PRIVATE, cut_words, strange_characters
from research.text.tokenizers.pretokenize import WordsByLine, pretokenize
from research.text.tokenizers.random_numbers import uniform_numbers
from research.text.tokenizers.tokenizer_kind import Learning, SegmentationRanking, TokenizerKind, as_it_stands, look_up_symbols

if TYPE_CHECKING:
    import sentencepiece

RESERVED = "\0\t\r\u2581\u2585"  # characters that SentencePiece keeps for itself
AS_PRIVATE = {ord(character): PRIVATE + place for place, character in enumerate(RESERVED)}
AS_RESERVED = {private: character for character, private in AS_PRIVATE.items()} | {ord("\u2581"): ord(" ")}


@dataclass(frozen=True, eq=False)
class UnigramPieces:
    """Pieces as the library serialised them, in a protocol buffer."""

    serialised: bytes = field(repr=False)

    @cached_property
    def library(self) -> "sentencepiece.SentencePieceProcessor":
        """The library's own object."""
        import sentencepiece

        return sentencepiece.SentencePieceProcessor(model_proto=self.serialised)

    @cached_property
    def scores(self) -> dict[str, float]:
        """The log-probability of each piece, in the library's order."""
        numbers = (number for number in range(self.library.get_piece_size()) if not self.library.is_unknown(number))
        return {self.library.id_to_piece(number).translate(AS_RESERVED): self.library.get_score(number) for number in numbers}

    @cached_property
    def alphabet(self) -> frozenset[str]:
        """The characters that are pieces."""
        return frozenset(piece for piece in self.scores if len(piece) == 1)

    @cached_property
    def longest(self) -> int:
        """Characters in the longest piece."""
        return max(map(len, self.scores))

    def segment_run(self, run: str) -> Iterator[str]:
        """The pieces of a run of characters of the alphabet."""
        return (piece.translate(AS_RESERVED) for piece in self.library.encode(run.translate(AS_PRIVATE), out_type=str))


def _train(words_by_line: WordsByLine, alphabet: list[str], size: int) -> bytes:
    """`size` - 2 pieces and the library's own unknown, nothing normalised, each word a sentence.

    Its `pretokenization_delimiter` would say the same, but leads EM to a model in which almost every space is a piece alone.
    """
    import sentencepiece

    model = io.BytesIO()
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=(word.translate(AS_PRIVATE) for line in words_by_line for word in line),
            model_writer=model,
            model_type="unigram",
            vocab_size=size - 1,
            hard_vocab_limit=False,
            character_coverage=1.0,
            normalization_rule_name="identity",
            add_dummy_prefix=False,
            remove_extra_whitespaces=False,
            split_by_unicode_script=False,
            split_by_number=False,
            max_sentence_length=2**30,
            unk_id=0,
            bos_id=-1,
            eos_id=-1,
            pad_id=-1,
            num_threads=1,
            minloglevel=3,
        )
    except (RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise StepladderError(f"SentencePiece cannot learn {size} pieces of a unigram model from this training text: {reason}") from error
    return model.getvalue()


def _n_best(learned: UnigramPieces, text: str, k: int) -> list[tuple[list[str], float]]:
    """Over all segmentations of the text the probabilities add up to 1."""
    incoming = _arrivals(learned, text)
    total = lattice.forward_log_sums(incoming)[-1]
    return [(path.pieces, path.score - total) for path in lattice.k_best(text, incoming, k)]


def _sample(learned: UnigramPieces, text: str, rng: np.random.Generator, alpha: float, n_best: int | Literal["all"]) -> list[str]:
    """Drawn with probability ~ p^alpha, among the `n_best` likeliest or among all (Kudo 2018)."""
    if n_best == "all":
        uniforms = uniform_numbers(rng)
        words = pretokenize(text)
        return [piece for word in words for piece in lattice.sample_segmentation(word, _choices(learned, word, alpha), uniforms)]
    paths = lattice.k_best(text, _arrivals(learned, text), n_best)
    return paths[lattice.sample_index([np.exp(alpha * (path.score - paths[0].score)) for path in paths], rng)].pieces


@lru_cache(maxsize=2**16)
def _choices(learned: UnigramPieces, word: str, alpha: float) -> lattice.BackwardDistributions:
    return lattice.backward_distributions(_arrivals(learned, word), alpha)


def _arrivals(learned: UnigramPieces, text: str) -> lattice.IncomingPieces:
    """Every segmentation has the same unknown characters, so these count nothing."""
    return lattice.incoming_pieces(text, learned.scores, learned.longest, unknown=0.0)


UNIGRAM: TokenizerKind[UnigramPieces] = TokenizerKind(
    line_end="\n",
    has_unknown=True,
    libraries=("sentencepiece",),
    revision=1,
    read=UnigramPieces,
    cut=cut_words,
    join=lambda _, pieces: "".join(pieces),
    own_types=None,
    count_types=None,
    learning=Learning(
        train=_train,
        room=room_for_characters,
        pieces=lambda learned: tuple(learned.scores),
        unknown_characters=strange_characters,
    ),
    merging=None,
    ranking=SegmentationRanking(n_best=_n_best, sample=_sample),
    numbers=look_up_symbols,
    written=as_it_stands,
    shown=as_it_stands,
)
