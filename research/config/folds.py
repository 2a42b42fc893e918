"""The words of data that may be cut into folds."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from research.config.errors import StepladderError
from research.config.node import NonNegative
from research.config.sentence_data import SentenceData


class CrossValidated(SentenceData):
    """Sentences that can be dealt into folds, for cross-validation: a cell trains on all folds but one, and is tested on that one.

    The folds are of equal size and keep the shares of the classes (Pang, Lee & Vaithyanathan 2002), or the spread of the numbers, in a
    fixed shuffle of all sentences that the source has; seeds do not move them. A row of all folds pools the test sentences of its cells.
    """

    folds: Literal["off"] | Annotated[int, Field(ge=2)] = "off"
    fold: Literal["all"] | NonNegative = "all"  # the one that is the test, or a cell for each
    validation: Literal["when_needed", "next_fold", "none"] = "when_needed"  # next_fold: it trains on one fold less

    @property
    def fold_count(self) -> int:
        """As the config says."""
        return 0 if self.folds == "off" else self.folds

    @property
    def pooled(self) -> bool:
        """Where no fold is named."""
        return self.folds != "off" and self.fold == "all"

    @property
    def has_validation(self) -> bool:
        """As the config says."""
        return self.validation != "none"

    def absent_splits(self) -> tuple[str, ...]:
        """Those for which neither a file nor a part of training is named, though the source has none of its own."""
        return ()

    def with_validation(self, tuned: bool, trained: bool) -> "CrossValidated":
        """One fold is taken from training for validation where training, or a tuned value, is chosen by it."""
        if self.folds == "off":
            return self
        if tuned and self.validation == "none":
            raise StepladderError("data.validation = none leaves nothing by which `tune` could choose; leave it out, or tune nothing.")
        if self.validation != "when_needed":
            return self
        needed = tuned or trained
        if needed and self.folds == 2:
            raise StepladderError("data.folds = 2 leaves no fold to train on beside test and validation; use more folds.")
        return self.model_copy(update={"validation": "next_fold" if needed else "none"})

    @model_validator(mode="after")
    def _fold_is_there(self) -> "CrossValidated":
        if self.folds == "off" and (self.fold != "all" or self.validation != "when_needed"):
            raise ValueError("fold and validation are words of cross-validation: set folds, as folds = 10, or leave them out")
        if self.folds != "off" and self.fold != "all" and self.fold >= self.folds:
            raise ValueError(f"fold = {self.fold} is beyond the last of {self.folds} folds, which is {self.folds - 1}")
        for split in self.absent_splits() if self.folds == "off" else ():
            raise ValueError(f"{split} needs a file; or set folds, as folds = 10, for cross-validation of the sentences that there are")
        valid = type(self).model_fields.get("valid")
        if self.folds != "off" and valid and self.valid != valid.default and not isinstance(self.valid, str):  # type: ignore[attr-defined]
            raise ValueError("valid holds out a part of training, and with folds it is validation that says so; leave valid out")
        if self.folds == 2 and self.validation == "next_fold":
            raise ValueError("validation takes a fold from training, and of folds = 2 none would be left: use more folds")
        return self
