"""Pairs of texts as rows that a decoder alone can read: the source, <sep>, and the target, whose symbols and end are scored.

    columns 0 .. s-1    the source, right-aligned; s is the longest source of training
    column s            <sep>
    columns s+1 ..      the target; there are q scored positions, one more than the longest target of training has symbols

An encoder-decoder cuts the row at s. Rows of valid and test are as wide, or as wide as that split's own longest pair asks for: what a
model is, how it is drawn and trained knows nothing of them. One entry for each kind of pairs is in `PAIRS`.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import chain, takewhile
from pathlib import Path
from typing import Any, Literal, NamedTuple, SupportsInt

import numpy as np
from jaxtyping import Int32

from research.config.errors import StepladderError
from research.config.levels import level_facts
from research.config.pairs import Multi30k, Numerals, PairFiles, Rewrite, SymbolPairs, TextPairs
from research.data.clusters import Clusters, independent
from research.data.dataset import SPLITS, Dataset, ExampleSplit, PairTexts, Sides
from research.data.limits import checked_limit
from research.data.numerals import DIGITS
from research.data.own_pairs import own_pairs, pair_groups, read_pair_files
from research.data.pair_texts import (
    caption_contents,
    drawn_pairs,
    numeral_contents,
    read_multi30k,
    read_numerals,
    read_rewrite,
)
from research.data.rewrite import symbol_names
from research.data.source_kind import Contents, SourceKind, learner_of_level, learns_nothing
from research.data.split_identity import identify_pairs
from research.data.tokenizer_cache import fitted_tokenizer
from research.text.sides import Side, join_symbols, split_symbols
from research.text.tokenize import UNKNOWN
from research.text.translation_scores import check_tokenizer
from research.text.vocabulary import Vocabulary, build_vocabulary

SEPARATOR, END = "<sep>", "</s>"
SPECIAL = (UNKNOWN, SEPARATOR, END)
WHOLE = 2  # a pair of valid and test may be so many times as long as one of training


class PairSymbols(NamedTuple):
    """The symbols of a kind of pairs: how the texts of a side are cut, and which types of a side have a symbol, special ones left out."""

    side: Callable[[Any, str, tuple[str, ...]], Side]  # (config, "source" or "target", the texts of training)
    types: Callable[[Any, Side, list[list[str]]], tuple[str, ...]]  # (config, side, the symbols of training)


class Cut(NamedTuple):
    """The pairs of a split, each side as symbols."""

    sources: list[list[str]]
    targets: list[list[str]]


class Numbered(NamedTuple):
    """The pairs of a split, each side as numbers."""

    sources: list[Int32[np.ndarray, " n"]]
    targets: list[Int32[np.ndarray, " n"]]


def load_pair_dataset(symbols: PairSymbols, config: SymbolPairs, data_dir: Path | None, identity: str) -> Dataset:
    """The dataset of a config of pairs. The vocabulary is that of all training pairs, also of those left out.

    Raises StepladderError for what the user can mend.
    """
    check_tokenizer(config.bleu_tokenizer)
    texts = PAIRS[type(config)].read(config, data_dir)
    source = symbols.side(config, "source", texts["train"].sources)
    target = symbols.side(config, "target", texts["train"].targets)
    cut = {split: _cut(split, source, target, texts[split]) for split in SPLITS}
    vocabulary, sides = join_sides(
        source, target, symbols.types(config, source, cut["train"].sources), symbols.types(config, target, cut["train"].targets)
    )
    indices = {"train": _short_enough(config, cut["train"])} | {split: _all_pairs(config, split, cut[split]) for split in ("valid", "test")}
    numbers = {split: _numbered(vocabulary, sides, cut[split], indices[split]) for split in SPLITS}
    left_out = sum(_length(cut["train"], i) > config.longest for i in range(len(cut["train"].sources)))
    pairs = {split: PairTexts(*(tuple(side[i] for i in indices[split]) for side in texts[split])) for split in SPLITS}
    train, valid, test = (pair_examples(vocabulary, numbers[split], *pair_widths(numbers, split)) for split in SPLITS)
    return Dataset(
        vocabulary,
        train,
        valid,
        test,
        digest=identity,
        eos=vocabulary.eos,
        description=describe_pairs(vocabulary, sides, numbers, left_out),
        sides=sides,
        pairs=pairs,
        clusters=PAIRS[type(config)].clusters(config, data_dir, pairs["test"].sources),
        identities={split: identify_pairs(vocabulary, pairs[split], numbers[split].targets) for split in ("valid", "test")},
    )


def _text_side(config: TextPairs, training: tuple[str, ...], words: Literal["spaces", "punctuation"], lower: bool = False) -> Side:
    """A side of texts; at a subword level its pieces are learned from those of training."""
    if not level_facts(config.level).learned:
        return Side(config.level, words, lower, normalisation=config.normalisation)
    assert config.vocabulary.size != "all", "the schema asks for a size"
    tokenizer = fitted_tokenizer("\n".join(training), config.level, config.vocabulary.size)
    return Side(config.level, words, lower, tokenizer, config.normalisation)


def _numeral_side(config: Numerals, which: str, training: tuple[str, ...]) -> Side:
    return Side("char") if getattr(config, which) == DIGITS else _text_side(config, training, "punctuation")


def _caption_side(config: Multi30k, which: str, training: tuple[str, ...]) -> Side:
    return _text_side(config, training, "punctuation", config.lower)


def _file_side(config: PairFiles, which: str, training: tuple[str, ...]) -> Side:
    return _text_side(config, training, "spaces" if config.tokenized else "punctuation")


def _symbol_side(config: Rewrite, which: str, training: tuple[str, ...]) -> Side:
    return Side("word")


def _text_types(config: TextPairs, side: Side, training: list[list[str]]) -> tuple[str, ...]:
    if side.tokenizer is not None:
        return side.tokenizer.pieces
    size, min_count = config.vocabulary.size, config.vocabulary.min_count
    return build_vocabulary(chain.from_iterable(training), side.level, size, min_count).ordinary_types


def _symbol_types(config: Rewrite, side: Side, training: list[list[str]]) -> tuple[str, ...]:
    return symbol_names(config)


def join_sides(source: Side, target: Side, source_types: Sequence[str], target_types: Sequence[str]) -> tuple[Vocabulary, Sides]:
    """One vocabulary in three ranges: what the target alone has | <unk>, <sep>, </s> and what both have | what the source alone has."""
    source_set, target_set = set(source_types), set(target_types)
    target_only = tuple(kind for kind in target_types if kind not in source_set)
    shared = SPECIAL + tuple(kind for kind in target_types if kind in source_set)
    types = target_only + shared + tuple(kind for kind in source_types if kind not in target_set)
    vocabulary = Vocabulary(
        types, target.level, unk=len(target_only), eos=len(target_only) + SPECIAL.index(END), tokenizer=target.tokenizer
    )
    return vocabulary, Sides(len(target_only) + len(shared), len(target_only), source, target)


def encode_source(vocabulary: Vocabulary, sides: Sides, text: str) -> Int32[np.ndarray, " n"]:
    """The numbers of a source, such as a prompt: what the source side has not is <unk>, also where the target has it."""
    return _source_numbers(vocabulary, sides, split_symbols(sides.source, text))


def encode_target(vocabulary: Vocabulary, sides: Sides, text: str) -> Int32[np.ndarray, " n"]:
    """The numbers of a target, without </s>."""
    return _target_numbers(vocabulary, sides, split_symbols(sides.target, text))


def decode_target(vocabulary: Vocabulary, sides: Sides, numbers: Iterable[SupportsInt]) -> str:
    """The text of target numbers up to the first </s>."""
    before_end = takewhile(lambda number: number != vocabulary.eos, map(int, numbers))
    return join_symbols(sides.target, (vocabulary.types[number] for number in before_end))


def _source_numbers(vocabulary: Vocabulary, sides: Sides, tokens: list[str]) -> Int32[np.ndarray, " n"]:
    numbers = vocabulary.numbers(tokens)
    return np.where(numbers < sides.first_source, vocabulary.numbers([UNKNOWN]), numbers)


def _target_numbers(vocabulary: Vocabulary, sides: Sides, tokens: list[str]) -> Int32[np.ndarray, " n"]:
    numbers = vocabulary.numbers(tokens)
    return np.where(numbers >= sides.targets, vocabulary.numbers([UNKNOWN]), numbers)


def pair_widths(numbers: dict[str, Numbered], split: str) -> tuple[int, int]:
    """The longest source, and the scored positions that the longest target needs with its end: of training, and of a longer split."""
    source, target = (max(len(symbols) for name in {"train", split} for symbols in numbers[name][side]) for side in (0, 1))
    return source, target + 1


def pair_examples(vocabulary: Vocabulary, pairs: Numbered, s: int, q: int) -> ExampleSplit:
    """The rows of pairs whose sources have at most `s` symbols and whose targets less than `q`; the group is the source's length.

    With s = 3 and q = 3, source 7 8 and target 5:   inputs . 7 8 <sep> 5 .   where 3 4 5   targets 5 </s> .   weight 1 1 0   group 2
    """
    n, separator = len(pairs.sources), vocabulary.types.index(SEPARATOR)
    inputs, valid = np.zeros((n, s + q), np.int32), np.zeros((n, s + q), bool)
    targets, weight = np.zeros((n, q), np.int32), np.zeros((n, q), np.float32)
    for row, (source, target) in enumerate(zip(pairs.sources, pairs.targets, strict=True)):
        sequence, answer = [*source, separator, *target], [*target, vocabulary.eos]
        columns = slice(s - len(source), s + 1 + len(target))
        inputs[row, columns], valid[row, columns] = sequence, True
        targets[row, : len(answer)], weight[row, : len(answer)] = answer, 1.0
    where = np.tile(s + np.arange(q, dtype=np.int32), (n, 1))
    return ExampleSplit(inputs, valid, targets, where, weight, np.array([len(source) for source in pairs.sources], np.int32), s)


def _cut(split: str, source: Side, target: Side, texts: PairTexts) -> Cut:
    """Raises StepladderError for a text that has a special symbol for a word; <unk> alone may stand there, and is unknown."""
    cut = Cut([split_symbols(source, text) for text in texts.sources], [split_symbols(target, text) for text in texts.targets])
    for side, side_name in zip(cut, ("source", "target"), strict=True):
        for number, tokens in enumerate(side, start=1):
            if reserved := {SEPARATOR, END}.intersection(tokens):
                raise StepladderError(
                    f"Line {number} of the {split} {side_name} has the word {reserved.pop()}, which stands for the end of a side: remove "
                    "it."
                )
    return cut


def _length(cut: Cut, pair: int) -> int:
    """The symbols of the longer side."""
    return max(len(cut.sources[pair]), len(cut.targets[pair]))


def _short_enough(config: SymbolPairs, train: Cut) -> list[int]:
    """The training pairs that are not too long, the first `train_pairs` of them."""
    short = [pair for pair in range(len(train.sources)) if _length(train, pair) <= config.longest]
    if not short:
        least = min(_length(train, pair) for pair in range(len(train.sources)))
        raise StepladderError(
            f"No training pair has at most data.longest = {config.longest} symbols on both sides: ask for {least} or more."
        )
    limit = config.train_pairs  # type: ignore[attr-defined]
    if config.drawn:
        return short
    return short[
        : checked_limit("train_pairs", limit, len(short), f"training pairs of at most data.longest = {config.longest} symbols on a side")
    ]


def _all_pairs(config: SymbolPairs, split: str, cut: Cut) -> range:
    """All pairs. Raises StepladderError for one that would make every row far longer than training ever is."""
    pairs = range(len(cut.sources))
    longest = max(pairs, key=lambda pair: _length(cut, pair))
    length = _length(cut, longest)
    if length > WHOLE * config.longest:
        raise StepladderError(
            f"Pair {longest + 1} of {split} has {length} symbols on a side, more than twice data.longest = {config.longest}, and what is "
            f"scored is never cut. Set data.longest = {-(-length // WHOLE)} or more, or take the pair out."
        )
    return pairs


def _numbered(vocabulary: Vocabulary, sides: Sides, cut: Cut, indices: Iterable[int]) -> Numbered:
    indices = list(indices)
    return Numbered(
        [_source_numbers(vocabulary, sides, cut.sources[pair]) for pair in indices],
        [_target_numbers(vocabulary, sides, cut.targets[pair]) for pair in indices],
    )


def describe_pairs(vocabulary: Vocabulary, sides: Sides, numbers: dict[str, Numbered], left_out: int) -> dict[str, Any]:
    """Types, pairs, and of each side the mean and longest length and the rate of <unk>, by split."""

    def by_side(statistic: Callable[[list[Any]], Any]) -> dict[str, dict[str, Any]]:
        return {
            side_name: {split: statistic(numbers[split][side]) for split in SPLITS} for side, side_name in enumerate(("source", "target"))
        }

    return {
        "types": vocabulary.size,
        "source_types": vocabulary.size - sides.first_source,
        "target_types": sides.targets,
        "pairs": {split: len(numbers[split].sources) for split in SPLITS},
        "left_out": left_out,
        "mean_length": by_side(lambda side: round(float(np.mean([len(sequence) for sequence in side])), 2)),
        "longest": by_side(lambda side: max(map(len, side))),
        "unknown": by_side(lambda side: float(np.mean(np.concatenate(side) == vocabulary.unk))),
    }


def _pair_kind(
    read: Callable[..., dict[str, PairTexts]],
    contents: Callable[..., Contents],
    learner: Callable[..., str],
    clusters: Callable[..., Clusters | None],
    symbols: PairSymbols,
) -> SourceKind:
    return SourceKind(read, contents, learner, clusters, partial(load_pair_dataset, symbols), unread=())


PAIRS: dict[type, SourceKind] = {
    Numerals: _pair_kind(read_numerals, numeral_contents, learner_of_level, independent, PairSymbols(_numeral_side, _text_types)),
    Multi30k: _pair_kind(read_multi30k, caption_contents, learner_of_level, independent, PairSymbols(_caption_side, _text_types)),
    PairFiles: _pair_kind(read_pair_files, own_pairs, learner_of_level, pair_groups, PairSymbols(_file_side, _text_types)),
    Rewrite: _pair_kind(read_rewrite, drawn_pairs, learns_nothing, independent, PairSymbols(_symbol_side, _symbol_types)),
}
