"""The words of data of pairs: a source and a target each, of which the second is to be said after the first was read."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from research.config.data_kind import DataConfig
from research.config.levels import Level, level_facts
from research.config.node import HeldOut, Positive
from research.config.own_files import OwnFiles, PairColumns
from research.config.unicode import Normalisation
from research.config.vocabulary import VocabularyConfig, check_learned_size, check_own_types

ONE_WORD = ("de", "fi", "hu", "it", "ja", "ko", "nl", "sk", "sv", "th", "tr")  # write hundreds and thousands of a number without a space
Language = Literal["en", "de", "fr", "cs"]
All = Literal["all"]
_SPLITS = ("train", "valid", "test")
_SIDES = ("source", "target")


BleuTokenizer = Literal["13a", "intl", "char", "none", "zh", "ja-mecab"]


class Pairs(DataConfig):
    """All data of pairs.

    BLEU counts the words that a tokenizer of sacrebleu finds in the target: 13a and intl between spaces and marks, char every character, zh
    each Chinese character by itself, ja-mecab Japanese words (an extra: pip install "sacrebleu[ja]"), none what stands between spaces.
    """

    asks: ClassVar[Literal["targets"]] = "targets"
    bleu_tokenizer: BleuTokenizer = "13a"

    limits: ClassVar[tuple[str, ...]] = ("train_pairs",)


class SymbolPairs(Pairs):
    """Pairs of which both sides are symbols. A training pair with a side of more symbols than `longest` is left out.

    Pairs of valid and test are kept whole, up to twice `longest`; a longer one is an error.
    """

    reads: ClassVar[Literal["sources"]] = "sources"
    drawn: ClassVar[bool] = False  # whether as many pairs are drawn as are asked for
    longest: Positive = 100


class TextPairs(SymbolPairs):
    """Pairs of texts. The vocabulary is applied to each side for itself: what only the other side has is unknown to this one."""

    level: Level = "word"
    vocabulary: VocabularyConfig = VocabularyConfig()
    normalisation: Normalisation = "nfc"  # the two spellings of a letter with a mark are one; none: a text is as it was written

    @model_validator(mode="after")
    def _vocabulary_fits(self) -> "TextPairs":
        check_own_types(self.level, "vocabulary" in self.model_fields_set)
        check_learned_size(self.level, self.vocabulary, ends="ends on each side")
        return self


class Numerals(TextPairs):
    """Numbers in digits or in words of a language (num2words), drawn evenly over their number of digits; no number is in two splits.

    A digit is a symbol of its own; `level` is that of the words.
    """

    paths: ClassVar[tuple[str, ...]] = ()
    drawn: ClassVar[bool] = True
    kind: Literal["numerals"]
    source: str = "digits"  # or a language of num2words
    target: str = "en"
    largest: Annotated[int, Field(ge=99, lt=10**7)] = 999_999
    train_pairs: Positive = 20_000
    valid_pairs: Positive = 1000
    test_pairs: Positive = 1000

    @model_validator(mode="after")
    def _sides_differ_and_have_words(self) -> "Numerals":
        if self.source == self.target:
            raise ValueError(f"source and target are both {self.source}, so there is nothing to translate")
        for side in (self.source, self.target):
            if level_facts(self.level).words and side in ONE_WORD:
                raise ValueError(f"{side} writes a number as one word, which no other number has; use level = char, or subwords")
        return self


class Multi30k(TextPairs):
    """Captions of pictures in four languages (Elliott et al. 2016, 2017; Barrault et al. 2018); test is that of 2016."""

    paths: ClassVar[tuple[str, ...]] = ()
    kind: Literal["multi30k"]
    source: Language = "de"
    target: Language = "en"
    lower: bool = False
    train_pairs: Positive | All = "all"  # the first so many that are not too long

    @model_validator(mode="after")
    def _sides_differ(self) -> "Multi30k":
        if self.source == self.target:
            raise ValueError(f"source and target are both {self.source}, so there is nothing to translate")
        return self


class PairFiles(TextPairs, OwnFiles):
    """Your own text: UTF-8, line i of a target is the translation of line i of its source; or tables of pairs, named by train, valid, test.

    Validation and test are files, or held out of training.
    """

    paths: ClassVar[tuple[str, ...]] = (*_SPLITS, *(f"{split}_{side}" for split in _SPLITS for side in _SIDES))
    kind: Literal["pair_files"]
    train: str | None = None  # a table with a column of sources and one of targets
    train_source: str | None = None
    train_target: str | None = None
    valid_source: str | None = None
    valid_target: str | None = None
    valid: str | HeldOut | None = None  # a table, or how much of the training pairs is held out
    test_source: str | None = None
    test_target: str | None = None
    test: str | HeldOut | None = None
    columns: PairColumns | None = None  # of tables, where they have other names
    train_pairs: Positive | All = "all"  # the first so many that are not too long
    tokenized: bool = True  # words are what stands between white space; false: marks of punctuation are words too (at the word level)

    def sides(self, split: str) -> dict[str, str | None]:
        """The files of the two sides of a split, by their words."""
        return {key: getattr(self, key) for key in (f"{split}_{side}" for side in _SIDES)}

    @model_validator(mode="after")
    def _each_split_is_said_once(self) -> "PairFiles":
        for split in _SPLITS:
            whole, sides = getattr(self, split), self.sides(split)
            if any(sides.values()) and whole is not None:
                raise ValueError(f"{split} says where its pairs are from, and {' and '.join(sides)} name files; leave one of them out")
            if any(sides.values()) and self.split_column is not None:
                raise ValueError(f"split_column is a word of tables, and {' and '.join(sides)} name files of lines; leave it out")
            if None in sides.values() and whole is None and (split == "train" or self.split_column is None):
                share = "" if split == "train" else f"; or {split} = 0.1, that share of the training pairs"
                raise ValueError(f"{' and '.join(sides)} are missing; write both, or {split}, a table of pairs{share}")
        return self

    @model_validator(mode="after")
    def _words_are_cut(self) -> "PairFiles":
        if not self.tokenized and not level_facts(self.level).words:
            raise ValueError(f"tokenized = false says what a word is, and level = {self.level} knows none; leave it out")
        return self


class Rewrite(SymbolPairs):
    """Random symbols, and the same copied, reversed or sorted: each target symbol has a known place in the source."""

    paths: ClassVar[tuple[str, ...]] = ()
    drawn: ClassVar[bool] = True
    kind: Literal["rewrite"]
    task: Literal["copy", "reverse", "sort"] = "copy"
    symbols: Positive = 16
    shortest: Positive = 1
    longest: Positive = 16
    train_pairs: Positive = 20_000
    valid_pairs: Positive = 1000
    test_pairs: Positive = 1000

    @model_validator(mode="after")
    def _lengths_fit(self) -> "Rewrite":
        if self.shortest > self.longest:
            raise ValueError(f"shortest = {self.shortest} is above longest = {self.longest}")
        return self


class Glyphs(Pairs):
    """Pictures of characters, and their Unicode names in lower case. What looks alike is in one split: see research/data/glyphs.py."""

    reads: ClassVar[Literal["pictures"]] = "pictures"
    paths: ClassVar[tuple[str, ...]] = ()
    kind: Literal["glyphs"]
    size: Annotated[int, Field(ge=8, le=64)] = 24  # pixels of a side
    levels: Annotated[int, Field(ge=2, le=256)] = 16  # of grey
    vocabulary: VocabularyConfig = VocabularyConfig()  # of the names
    train_pairs: Positive | All = "all"
    valid_pairs: Positive | All = "all"
    test_pairs: Positive | All = "all"


Translation = Numerals | Multi30k | PairFiles | Rewrite | Glyphs
