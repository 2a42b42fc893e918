"""The form of a task: all that training, checkpoints, scoring and the files of a run know of what is predicted.

One entry each, in `registry.TASKS`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Array, Float, Key, PyTree

from research.config.schema import Config, Model
from research.data.batch_arrays import Batch
from research.data.dataset import Dataset, Identity
from research.tasks.membership import TokenMembership
from research.tasks.outcomes import Outcomes
from research.tasks.sizes import Sizes

Batches = tuple[Batch, ...]  # a few shapes, each stacked on a leading axis
Streams = Callable[[str], Key[Array, ""]]  # the keys of one step by the names of what is random in it
TEST = "test"
VALID = "valid"


class SplitToScore(NamedTuple):
    """A split to be scored: its batches, and what each of its tokens belongs to."""

    batches: Batches
    belongs: TokenMembership

    @property
    def size(self) -> int:
        """Scored tokens."""
        return len(self.belongs.items)


class Scored(NamedTuple):
    """A split as it was scored."""

    outcomes: Outcomes
    belongs: TokenMembership


class LossSums(NamedTuple):
    """Of one training batch, summed over its scored tokens: what is minimised, their weight, and the loss that is reported."""

    objective: Float[Array, ""]
    weight: Float[Array, ""]
    loss: Float[Array, ""]


class Finish(NamedTuple):
    """What follows training beside scores: metrics of the test split, what its items further hold, and files of the run by their names."""

    metrics: Mapping[str, float] = {}
    items: Mapping[str, np.ndarray] = {}
    arrays: Mapping[str, Mapping[str, np.ndarray]] = {}  # of .npz files
    texts: Mapping[str, str] = {}  # of other files
    identities: Mapping[str, Identity] = {}  # of what was scored beside the test split
    extra: Mapping[str, float] = {}
    signatures: Mapping[str, str] = {}  # of scores that have settings


class Metrics(NamedTuple):
    """The names of a task's metrics, known by a config alone; those of a group end with `_at_*`."""

    both: Sequence[str]  # of validation and test
    test: Sequence[str]  # of test alone


class Pooled(NamedTuple):
    """What the folds of a row say of all test sentences, and the metric that each fold is judged by."""

    outcomes: Outcomes
    by_fold: Sequence[float]


class TaskKind(NamedTuple):
    """A task. Nothing has a default: what is forgotten is an error at import. Fitted models share `belongs`, `measure`, `items`, `metrics`.

    sizes(config, data) -> what a model must know of the data
    scored_share(config, data) -> the share of input positions that pay for the output layer in training
    readings(config) -> how often evaluation reads each token, to score it once
    splits(config, data) -> what is evaluated: "valid", "test", and further views of the test split by names of the task's own
    belongs(data, name) -> what the tokens of "valid" or "test" belong to
    carries(config) -> whether the carry of one batch is the start of the next (truncated back-propagation)
    loss(config, params, carry, batch, streams) -> (carry, LossSums)
    outcome(config, params, carry, batch) -> (carry, arrays [b q] by name), without dropout; where the weight is zero they mean nothing
    outcomes: their types. All else that knows these names is the task itself
    measure(config, name, outcomes, belongs) -> the metrics of a split, those of a further view by names of their own
    items(name, outcomes, belongs) -> what the statistics resample, by item
    token_losses(name, outcomes) -> what is kept for each token, such as a mixture of two models needs; None where nothing is
    metrics(config, available) -> the names of its metrics; `available`: the outcomes that the model gives
    pool(data, items, token_losses) -> what the folds of a row say together, from what is kept of each, in the order of `data`
    finish(config, model, seed, params, data) -> what follows training; `model`: the program's words, so that runs share what is compiled
    call(model, params, sizes) -> a compiled call whose time is the model's latency, and how many steps are in it
    """

    sizes: Callable[[Config, Dataset], Sizes]
    scored_share: Callable[[Config, Dataset], float]
    readings: Callable[[Config], int]
    splits: Callable[[Config, Dataset], dict[str, SplitToScore]]
    belongs: Callable[[Dataset, str], TokenMembership]
    carries: Callable[[Config], bool]
    loss: Callable[[Config, PyTree, PyTree, Batch, Streams], tuple[PyTree, LossSums]]
    outcome: Callable[[Config, PyTree, PyTree, Batch], tuple[PyTree, dict[str, Array]]]
    outcomes: Mapping[str, type[np.generic]]
    measure: Callable[[Config, str, Outcomes, TokenMembership], dict[str, float]]
    items: Callable[[str, Outcomes, TokenMembership], dict[str, np.ndarray]]
    token_losses: Callable[[str, Outcomes], np.ndarray | None]
    metrics: Callable[[Config, frozenset[str]], Metrics]
    pool: Callable[[Dataset, Sequence[Mapping[str, np.ndarray]], Sequence[np.ndarray | None]], Pooled]
    finish: Callable[[Config, Model, int, PyTree, Dataset], Finish]
    call: Callable[[Model, PyTree, Sizes], tuple[Callable[[], PyTree], int]]


def no_finish(config: Config, model: Model, seed: int, params: PyTree, data: Dataset) -> Finish:
    """Nothing follows training."""
    return Finish()


def one_reading(config: Config) -> int:
    """Each token is read as often as windows hold it."""
    return 1


def no_folds(data: Dataset, items: Sequence[Mapping[str, np.ndarray]], losses: Sequence[np.ndarray | None]) -> Pooled:
    """Its data are never dealt into folds."""
    raise AssertionError("only sentences are dealt into folds")


def never_carries(config: Config) -> bool:
    """Each batch stands alone."""
    return False
