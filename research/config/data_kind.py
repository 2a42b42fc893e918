"""What every kind of data has: the facts of a kind that other parts of a config are checked against."""

from typing import ClassVar, Literal

from research.config.node import Node

Reads = Literal["text", "examples", "sentences", "sources", "pictures", "words"]
Asks = Literal["tokens", "classes", "targets", "tags", "number"]


class DataConfig(Node):
    """The base of all kinds of [data]."""

    reads: ClassVar[Reads]  # what a model reads
    asks: ClassVar[Asks]  # what it predicts: tokens, a sentence's class or number, a target after its source, a tag for each word
    limits: ClassVar[tuple[str, ...]]  # the words that say on how much is trained, the first that says so first
    paths: ClassVar[tuple[str, ...]]

    @property
    def has_folds(self) -> bool:
        """Whether its sentences are dealt into folds, for cross-validation."""
        return self.fold_count > 0

    @property
    def fold_count(self) -> int:
        """How many folds its sentences are dealt into; 0 where they are not."""
        return 0

    @property
    def pooled(self) -> bool:
        """Whether the folds are cells of their own, which a row pools."""
        return False

    @property
    def has_validation(self) -> bool:
        """Whether some of it is scored in training."""
        return True

    @property
    def annotated(self) -> "DataConfig | None":
        """The words of the sentences with classes or tags that it has, or whose text it is; None where there are none."""
        return None

    def with_validation(self, tuned: bool, trained: bool) -> "DataConfig":
        """The words when it is said whether validation chooses a tuned value, or what training keeps.

        Raises StepladderError where there is nothing by which it could.
        """
        return self

    def check(self) -> None:
        """Raises ValueError for words that do not fit together, naming each as a word of [data]."""


def check_lengths(shortest: int, longest: int) -> None:
    """Raises ValueError for lengths that are not in order."""
    if shortest > longest:
        raise ValueError(f"data.shortest = {shortest} is above data.longest = {longest}")
