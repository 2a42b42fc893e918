"""The kinds of [data]."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from research.config.corpora import PTB, Files, Pydoc, Shakespeare, TextCorpus, TinyShakespeare, WikiText2
from research.config.data_kind import DataConfig
from research.config.generated import AgreementTask, AssociativeRecall, CopyTask, ReverseTask
from research.config.pairs import Translation
from research.config.sentences import LabelledData, RatedData
from research.config.tagged import TaggedData


class Unlabelled(TextCorpus):
    """The words of labelled or tagged sentences, a sentence a line: what a language model reads before another model starts from it."""

    paths: ClassVar[tuple[str, ...]] = ()
    kind: Literal["unlabelled"]
    of: Annotated[LabelledData | TaggedData, Field(discriminator="kind")]

    @property
    def annotated(self) -> DataConfig:
        """The sentences that it is of."""
        return self.of

    @model_validator(mode="after")
    def _words_of_the_text_alone(self) -> "Unlabelled":
        if self.of.pooled:
            raise ValueError("of.folds are several texts; name the one that is left out for the test, as of.fold = 0")
        fields = type(self.of).model_fields
        for name in ("level", "length", "vocabulary", "train_sentences", "normalisation"):
            if name in fields and getattr(self.of, name) != fields[name].default:
                raise ValueError(f"of.{name} is a word of a classifier's or a tagger's data; leave it out here")
        return self


Corpus = Shakespeare | Pydoc | Files | PTB | WikiText2 | TinyShakespeare | Unlabelled
Synthetic = CopyTask | ReverseTask | AssociativeRecall | AgreementTask
Data = Annotated[Corpus | Synthetic | LabelledData | RatedData | TaggedData | Translation, Field(discriminator="kind")]
if TYPE_CHECKING:
    AnyData = Data
else:
    AnyData = DataConfig  # a plugin may add kinds
