"""The words of sentences with a tag for each word: files of one's own, and treebanks."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from research.config.data_kind import DataConfig
from research.config.node import HeldOut, Node, Positive, Strings
from research.config.own_files import OwnFiles, check_splits
from research.config.unicode import Normalisation
from research.config.vocabulary import VocabularyConfig

Scheme = Literal["none", "bio", "iob1", "bioes"]
Column = Positive | Annotated[str, Field(min_length=1)]  # of a file of lines its number from 1, or CoNLL-U's name; of a table its name
UNIVERSAL = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")  # the columns of CoNLL-U


class Tagged(DataConfig):
    """What every set of tagged sentences has. Words are read whole, at the word level.

    A sentence of more than `length` words goes on in further rows, which do not see each other; every word is scored.
    """

    reads: ClassVar[Literal["words"]] = "words"
    asks: ClassVar[Literal["tags"]] = "tags"
    level: ClassVar[Literal["word"]] = "word"
    limits: ClassVar[tuple[str, ...]] = ("train_sentences",)
    length: Positive = 64
    lower: bool = False  # of words, for models
    vocabulary: VocabularyConfig = VocabularyConfig()
    train_sentences: Positive | Literal["all"] = "all"  # learn from so many, the first of a fixed shuffle
    normalisation: Normalisation = "nfc"  # the two spellings of a letter with a mark are one; none: a word is as it was written
    feature: str | None = None  # of a column such as `Case=Nom|Number=Sing`: its value is the tag, `_` where there is none
    spans_of: Strings = ()  # tags whose runs are spans: B- and I- of them, and O of every other

    @property
    def annotated(self) -> "Tagged":
        """Its own."""
        return self

    @property
    def span_scheme(self) -> Scheme:
        """How tags make spans; none where they make none."""
        return "bio" if self.spans_of else "none"


class TaggedColumns(Node):
    """The columns of words and tags. By default a table's `tokens` and `tags`, CoNLL-U's form and upos, another file's first and last."""

    words: Column | None = None
    tags: Column | None = None


class TaggedFiles(Tagged, OwnFiles):
    """Your own tagged sentences, a word a line and a blank line between two sentences; or a table, a sentence a row.

    A tag outside its scheme is an error, and so is one that cannot stand where it does (an I- behind O under bio). Repaired, it is read as
    conlleval and seqeval read it, and written as the scheme writes that.
    """

    paths: ClassVar[tuple[str, ...]] = ("train", "valid", "test")
    kind: Literal["tagged_files"]
    train: str
    valid: str | HeldOut | None = None  # a file, or how many sentences of the training file are held out
    test: str | HeldOut | None = None
    columns: TaggedColumns | None = None
    scheme: Scheme = "none"  # how tags make spans: B- begins every one; only one behind its like; E- ends them, and S- is one word
    invalid: Literal["error", "repair"] = "error"

    @property
    def columns_named(self) -> bool:
        """Whether the columns are those of a table: by names that are not CoNLL-U's."""
        columns = [] if self.columns is None else [self.columns.words, self.columns.tags]
        names = [column for column in columns if isinstance(column, str) and column not in UNIVERSAL]
        return bool(names) or self.split_column is not None or self.group_column is not None

    @property
    def span_scheme(self) -> Scheme:
        """That of the tags, or of what runs of tags become."""
        return "bio" if self.spans_of else self.scheme

    @model_validator(mode="after")
    def _tags_are_possible(self) -> "TaggedFiles":
        check_splits(self)
        if self.spans_of and self.scheme != "none":
            raise ValueError(f"spans_of makes spans of runs of tags, and with scheme = {self.scheme} the tags tell them; leave one out")
        if self.scheme == "none" and self.invalid != "error":
            raise ValueError("invalid says what becomes of tags that break their scheme, and scheme = none has no rule; leave it out")
        return self


class TurkishTreebanks(Tagged):
    """Turkish sentences of the web and of Wikipedia with parts of speech (Kayadelen et al. 2020), split by document (wheel
    `turkish-treebanks`). Words are cut where a derivation begins.
    """

    paths: ClassVar[tuple[str, ...]] = ()
    kind: Literal["turkish_treebanks"]
    part: Literal["all", "web", "wiki"] = "all"
    tags: Literal["upos", "xpos"] = "upos"  # the 14 coarse or the 44 fine parts of speech


TaggedData = TaggedFiles | TurkishTreebanks
