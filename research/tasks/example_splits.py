"""Validation and test of examples, which are scored row by row, whatever their task."""

from collections.abc import Callable

from research.config.schema import Config
from research.data.dataset import Dataset
from research.data.eval_batches import eval_batches
from research.tasks.membership import TokenMembership, named_split
from research.tasks.task_kind import TEST, VALID, SplitToScore


def example_splits(belongs: Callable[[Dataset, str], TokenMembership], config: Config, data: Dataset) -> dict[str, SplitToScore]:
    """Each as batches; `belongs` says what the scored places of one are."""

    def to_score(name: str) -> SplitToScore:
        return SplitToScore(eval_batches(config.data, config.eval, named_split(data, name), data.eos, 1, 1), belongs(data, name))

    return {name: to_score(name) for name in (VALID, TEST)}
