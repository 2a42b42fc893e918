"""Subwords: a vocabulary of pieces learned from a text, and text to pieces and back.

bpe        characters, then merges in the order of their frequency (Sennrich et al. 2016)
byte_bpe   the same over the bytes of UTF-8, each written as the character of that number: nothing is unknown (Radford et al. 2019)
unigram    pieces with probabilities, fitted by EM; the likeliest segmentation (Kudo 2018)
wordpiece  pieces learned by merges, then the longest that fits, left to right; `##` begins one inside a word (Schuster and Nakajima 2012)

No piece crosses the border of a word. A word is a run of letters, digits and marks, or of punctuation, with the one space before
it; `#` is a word alone. A line's end is a piece of its own. A character that training has not is a piece too, which no vocabulary
has. Pieces hold the text itself, spaces included, so `join_pieces(tokenizer, segment(tokenizer, text)) == text` for every text.
"""

import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import groupby, pairwise
from typing import Literal

import numpy as np
import sentencepiece
import tokenizers

from research.config.errors import StepladderError
from research.config.subwords import Subword
from research.text import lattice

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")  # a process forks after it has trained

PUNCTUATION = (
    r"!-\"$-/:-@\[-^`{-~"  # of ASCII, but for # and _
    r"\u00a1-\u00bf\u060c\u061b\u061f\u06d4\u0964\u0965\u2010-\u205e\u2190-\u2bff\u3001-\u303f\uff01-\uff0f"
)
WORD = re.compile(rf"\n| ?[^#{PUNCTUATION} \n]+| ?#| ?[{PUNCTUATION}]+| ")
INSIDE = "##"  # begins a piece of wordpiece that begins no word
NOTHING = "\n\n"  # what `tokenizers` wants to call the unknown of wordpiece, and never meets
BYTES = [chr(number) for number in range(256)]
PRIVATE = 0xF0000  # characters of no text, which stand for others while a library trains
RESERVED = "\0\t\r\u2581\u2585"  # characters that SentencePiece keeps for itself
AS_PRIVATE = {ord(character): PRIVATE + place for place, character in enumerate(RESERVED)}
AS_RESERVED = {private: character for character, private in AS_PRIVATE.items()} | {ord("\u2581"): ord(" ")}


@dataclass(frozen=True)
class Tokenizer:
    """`model` is what the library serialised: JSON of `tokenizers`, or a protocol buffer of SentencePiece."""

    kind: Subword
    model: bytes = field(repr=False)

    @cached_property
    def library(self) -> sentencepiece.SentencePieceProcessor | tokenizers.models.Model:
        """The library's own object."""
        if self.kind == "unigram":
            return sentencepiece.SentencePieceProcessor(model_proto=self.model)
        return tokenizers.Tokenizer.from_str(self.model.decode()).model

    @cached_property
    def processor(self) -> sentencepiece.SentencePieceProcessor:
        """That of unigram."""
        assert isinstance(self.library, sentencepiece.SentencePieceProcessor)
        return self.library

    @cached_property
    def pieces(self) -> tuple[str, ...]:
        """Every piece that was learned, in the library's order."""
        if self.kind == "unigram":
            return tuple(self.scores)
        piece_ids: dict[str, int] = json.loads(self.model)["model"]["vocab"]
        return tuple(sorted((piece for piece in piece_ids if piece != NOTHING), key=piece_ids.__getitem__))

    @cached_property
    def alphabet(self) -> frozenset[str]:
        """The characters (of byte_bpe: bytes) that it knows."""
        return frozenset(piece for piece in self.pieces if len(piece) == 1)

    @cached_property
    def scores(self) -> dict[str, float]:
        """The log-probability of each piece of unigram."""
        numbers = (number for number in range(self.processor.get_piece_size()) if not self.processor.is_unknown(number))
        return {self.processor.id_to_piece(number).translate(AS_RESERVED): self.processor.get_score(number) for number in numbers}

    @cached_property
    def longest(self) -> int:
        """Characters in the longest piece of unigram."""
        return max(map(len, self.scores))

    @cached_property
    def ranks(self) -> dict[tuple[str, str], int]:
        """The place of each merge of bpe and byte_bpe."""
        return {pair: rank for rank, pair in enumerate(merges(self))}


def pretokenize(text: str) -> list[str]:
    """The words and line ends of a text; together they are the text."""
    return WORD.findall(text)


@dataclass(frozen=True)
class WordsByLine:
    """The words of each line, cut anew whenever they are read: what is learned from a text need not hold it."""

    lines: Iterable[str]

    def __iter__(self) -> Iterator[list[str]]:
        return ([word for word in pretokenize(line) if word != "\n"] for line in self.lines)


def train_tokenizer(lines: Iterable[str], kind: Subword, size: int) -> Tokenizer:
    """A tokenizer fitted to lines (without line ends): the same lines, kind and size, the same bytes. The lines are read twice.

    `size` counts what a vocabulary adds, <unk> and the line's end; there may be fewer pieces where the text has no more. Raises
    StepladderError where the lines hold no word, and where `size` is below the characters that they hold.
    """
    words_by_line = WordsByLine(lines)
    alphabet = {character for line in words_by_line for word in line for character in word}
    if not alphabet:
        raise StepladderError("The training text has no word to learn pieces from.")
    least = 256 if kind == "byte_bpe" else 2 + len(alphabet) + (len(alphabet - {" "}) if kind == "wordpiece" else 0)
    if size < least:
        twice = ", each of which may begin a word or stand inside one" if kind == "wordpiece" else ""
        what = "the 256 bytes" if kind == "byte_bpe" else f"<unk>, the line's end and the {len(alphabet)} characters of the training text"
        otherwise = "" if kind == "byte_bpe" else "; or use data.level = byte_bpe, to which 256 bytes are every character"
        raise StepladderError(f"data.vocabulary.size = {size} has no room for {what}{twice}: ask for {least} or more{otherwise}.")
    return Tokenizer(kind, TRAINERS[kind](words_by_line, sorted(alphabet), size))


def _train_merges(words_by_line: Iterable[Sequence[str]], alphabet: Sequence[str], size: int) -> tokenizers.Tokenizer:
    """`tokenizers`' BPE with `size` pieces, which numbers characters by code point and breaks ties by number: it is deterministic."""
    learner = tokenizers.Tokenizer(tokenizers.models.BPE())
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=size, min_frequency=2, initial_alphabet=list(alphabet), special_tokens=[], show_progress=False
    )
    learner.train_from_iterator((word for line in words_by_line for word in line), trainer)
    return learner


def _train_bpe(words_by_line: Iterable[list[str]], alphabet: list[str], size: int) -> bytes:
    return _train_merges(words_by_line, alphabet, size - 2).to_str().encode()


def _train_byte_bpe(words_by_line: Iterable[list[str]], alphabet: list[str], size: int) -> bytes:
    return _train_merges(([_as_bytes(word) for word in line] for line in words_by_line), BYTES, size).to_str().encode()


def _train_wordpiece(words_by_line: Iterable[list[str]], alphabet: list[str], size: int) -> bytes:
    """Merges over an alphabet in which a character inside a word is another than at its beginning: `tokenizers`' own trainer of
    WordPiece, which does the same, numbers those as its hash table happens to lie."""
    inside = {ord(character): PRIVATE + place for place, character in enumerate(alphabet) if character != " "}
    outside = {private: character for character, private in inside.items()}
    marked = ([word[0] + word[1:].translate(inside) for word in line] for line in words_by_line)
    learned_ids = json.loads(_train_merges(marked, [*alphabet, *map(chr, outside)], size - 2).to_str())["model"]["vocab"]
    piece_ids = {(INSIDE if ord(piece[0]) in outside else "") + piece.translate(outside): number for piece, number in learned_ids.items()}
    model = tokenizers.models.WordPiece(piece_ids | {NOTHING: len(piece_ids)}, unk_token=NOTHING, max_input_chars_per_word=10**9)
    return tokenizers.Tokenizer(model).to_str().encode()


def _train_unigram(words_by_line: Iterable[list[str]], alphabet: list[str], size: int) -> bytes:
    """SentencePiece's unigram model of `size` - 2 pieces and its own unknown, nothing normalised, each word a sentence.

    Its `pretokenization_delimiter` would say the same, but leads EM to a model in which almost every space is a piece alone.
    """
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


TRAINERS: dict[str, Callable[[Iterable[list[str]], list[str], int], bytes]] = {
    "bpe": _train_bpe,
    "byte_bpe": _train_byte_bpe,
    "unigram": _train_unigram,
    "wordpiece": _train_wordpiece,
}


def segment(tokenizer: Tokenizer, text: str) -> list[str]:
    """The pieces of a text, with the library's own segmentation of each word. Of byte_bpe, a piece's characters are bytes."""
    return [piece for word in pretokenize(text) for piece in _segment_word(tokenizer, word)]


@lru_cache(maxsize=2**16)
def _segment_word(tokenizer: Tokenizer, word: str) -> tuple[str, ...]:
    spelled = _as_bytes(word) if tokenizer.kind == "byte_bpe" else word
    runs = groupby(spelled, tokenizer.alphabet.__contains__)
    return tuple(piece for is_known, run in runs for piece in (_segment_run(tokenizer, "".join(run)) if is_known else run))


def _segment_run(tokenizer: Tokenizer, run: str) -> Iterator[str]:
    if tokenizer.kind == "unigram":
        return (piece.translate(AS_RESERVED) for piece in tokenizer.processor.encode(run.translate(AS_PRIVATE), out_type=str))
    return (token.value for token in tokenizer.library.tokenize(run))


def _as_bytes(text: str) -> str:
    return text.encode("utf-8").decode("latin-1")


def join_pieces(tokenizer: Tokenizer, pieces: Iterable[str]) -> str:
    """The text of pieces: the inverse of `segment`, `sample_pieces` and `segment_with_dropout`. Bytes that are not UTF-8 become U+FFFD."""
    if tokenizer.kind == "byte_bpe":
        return "".join(pieces).encode("latin-1").decode("utf-8", errors="replace")
    return "".join(piece.removeprefix(INSIDE) if tokenizer.kind == "wordpiece" else piece for piece in pieces)


def unknown_characters(tokenizer: Tokenizer, text: str) -> tuple[str, ...]:
    """The characters of a text that training has not, each once, in the text's order. Line ends are known; to byte_bpe all is."""
    if tokenizer.kind == "byte_bpe":
        return ()
    return tuple(character for character in dict.fromkeys(text) if character != "\n" and character not in tokenizer.alphabet)


def merges(tokenizer: Tokenizer) -> list[tuple[str, str]]:
    """The merges of bpe and byte_bpe in the order in which they were learned, and are applied. Raises StepladderError for other kinds."""
    _require(tokenizer, ("bpe", "byte_bpe"), "merges")
    return [(left, right) for left, right in json.loads(tokenizer.model)["model"]["merges"]]


def segment_with_dropout(tokenizer: Tokenizer, text: str, rng: np.random.Generator, rate: float) -> list[str]:
    """BPE in which each merge that applies is skipped with probability `rate`, drawn anew after each merge (Provilkov et al. 2020).

    Rate 0 is `segment`, 1 leaves the alphabet. Raises StepladderError for unigram and wordpiece.
    """
    _require(tokenizer, ("bpe", "byte_bpe"), "merges to drop")
    spell = _as_bytes if tokenizer.kind == "byte_bpe" else str
    uniforms = _uniform(rng)
    return [piece for word in pretokenize(text) for piece in _merge(list(spell(word)), tokenizer.ranks, uniforms, rate)]


def _merge(symbols: list[str], ranks: dict[tuple[str, str], int], uniforms: Iterator[float], rate: float) -> list[str]:
    """The merge of lowest rank is applied first, at its leftmost place, until none is left or all are skipped."""
    while applicable := [(ranks[pair], place) for place, pair in enumerate(pairwise(symbols)) if pair in ranks and next(uniforms) >= rate]:
        _, place = min(applicable)
        symbols[place : place + 2] = [symbols[place] + symbols[place + 1]]
    return symbols


def n_best_segmentations(tokenizer: Tokenizer, text: str, k: int) -> list[tuple[list[str], float]]:
    """The k likeliest segmentations of a text, best first, each with its log-probability given the text: over all of them the
    probabilities add up to 1. Raises StepladderError for other kinds than unigram."""
    _require_probabilities(tokenizer)
    incoming = _arrivals(tokenizer, text)
    total = lattice.forward_log_sums(incoming)[-1]
    return [(path.pieces, path.score - total) for path in lattice.k_best(text, incoming, k)]


def sample_pieces(
    tokenizer: Tokenizer, text: str, rng: np.random.Generator, alpha: float, n_best: int | Literal["all"] = "all"
) -> list[str]:
    """A segmentation of a text, drawn with probability ~ p^alpha among the `n_best_segmentations` likeliest or among all (Kudo 2018).

    Raises StepladderError for other kinds than unigram.
    """
    _require_probabilities(tokenizer)
    if n_best == "all":
        uniforms = _uniform(rng)
        return [
            piece for word in pretokenize(text) for piece in lattice.sample_segmentation(word, _choices(tokenizer, word, alpha), uniforms)
        ]
    paths = lattice.k_best(text, _arrivals(tokenizer, text), n_best)
    return paths[lattice.sample_index([np.exp(alpha * (path.score - paths[0].score)) for path in paths], rng)].pieces


@lru_cache(maxsize=2**16)
def _choices(tokenizer: Tokenizer, word: str, alpha: float) -> lattice.BackwardDistributions:
    return lattice.backward_distributions(_arrivals(tokenizer, word), alpha)


def _arrivals(tokenizer: Tokenizer, text: str) -> lattice.IncomingPieces:
    return lattice.incoming_pieces(
        text, tokenizer.scores, tokenizer.longest, unknown=0.0
    )  # every segmentation has the same unknown characters


def _require_probabilities(tokenizer: Tokenizer) -> None:
    _require(tokenizer, ("unigram",), "probabilities, and so no other segmentation to rank or draw")


def _require(tokenizer: Tokenizer, kinds: tuple[Subword, ...], what: str) -> None:
    if tokenizer.kind not in kinds:
        raise StepladderError(f"A tokenizer of the {tokenizer.kind} level has no {what}; use data.level = {' or '.join(kinds)}.")


def seeded_generator(seed: int, step: int) -> np.random.Generator:
    """Random numbers that are a function of (seed, step) alone."""
    return np.random.default_rng((seed, step))


def _uniform(rng: np.random.Generator) -> Iterator[float]:
    """Numbers from [0, 1), without end; made by the handful, since one at a time they cost more than what is done with them."""
    while True:
        yield from rng.random(64).tolist()
