"""The words of [task], for what can be asked of a text in several ways; what other data asks for names its task."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from research.config.data_kind import Asks
from research.config.node import Node, Positive


class TextTaskConfig(Node):
    """What every task of a text has."""

    sees_around: ClassVar[bool]  # whether a model may read what stands behind the token that it predicts


class LanguageModelling(TextTaskConfig):
    """Each token from those before it."""

    sees_around: ClassVar[bool] = False

    kind: Literal["language_modelling"] = "language_modelling"


class MaskedLanguageModelling(TextTaskConfig):
    """Hidden tokens from all around them (Devlin et al. 2019): in training some of each window, anew in every step.

    A hidden token is replaced by <mask> with the probability `masked`, by any symbol with that of `random`, else it stays as it is.
    Evaluation hides every token once, always behind <mask>, `share` of the tokens of a window at a time.
    """

    sees_around: ClassVar[bool] = True
    kind: Literal["masked_language_modelling"]
    share: Annotated[float, Field(gt=0.0, le=0.5)] = 0.15  # of the tokens that are hidden
    span: Positive = 1  # neighbours that are hidden together
    masked: Annotated[float, Field(ge=0.0, le=1.0)] = 0.8
    random: Annotated[float, Field(ge=0.0, le=1.0)] = 0.1

    @model_validator(mode="after")
    def _probabilities(self) -> "MaskedLanguageModelling":
        if self.masked + self.random > 1:
            raise ValueError(f"masked = {self.masked} and random = {self.random} are more than 1 together; what is left stays as it is")
        return self


TextTask = Annotated[LanguageModelling | MaskedLanguageModelling, Field(discriminator="kind")]
TASK_OF_ASKS: dict[Asks, str] = {  # a text names its own
    "classes": "classification",
    "targets": "translation",
    "tags": "tagging",
    "number": "regression",
}
