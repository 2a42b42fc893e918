"""What every kind of data has: the facts of a kind that other parts of a config are checked against."""

from typing import ClassVar

from research.config.node import Node


class DataConfig(Node):
    """The base of all kinds of [data]."""

    limits: ClassVar[tuple[str, ...]]  # the words that say on how much is trained, the first that says so first

    @property
    def has_folds(self) -> bool:
        """Whether its sentences are dealt into folds, for cross-validation."""
        return False
