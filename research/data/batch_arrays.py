"""What a step reads: a batch, and the arrays of a split that batches are taken from."""

from typing import Any, NamedTuple

import numpy as np
from flax import struct
from jaxtyping import Bool, Float, Int, Integer

from research.data.dataset import Scale


class Width(NamedTuple):
    """Columns that hold every example of a bucket: the last of the source, and the first of what follows it."""

    source: int
    rest: int


@struct.dataclass
class Batch:
    """At each row's input position `where[j]` the model predicts `targets[j]`; `where` None: at every position, q = t.

    `valid` marks the inputs that exist. `weight` 0 marks a target that is not scored; its index is -1. `index` numbers the
    scored tokens of the split, 0 .. their number - 1. Evaluation stacks batches on a further leading axis. Of pairs, the first
    `source` inputs of a row are the source's; elsewhere it is 0. `widths`: those to which a batch may be cut (`in_narrowest`).
    Targets are integers, or standard numbers by `scale`.
    """

    inputs: Int[Any, "*n b t"]
    valid: Bool[Any, "*n b t"]
    targets: Int[Any, "*n b q"] | Float[Any, "*n b q"]
    weight: Float[Any, "*n b q"]
    where: Int[Any, "*n b q"] | None
    index: Int[Any, "*n b q"]
    source: int = struct.field(pytree_node=False, default=0)
    scale: Scale = struct.field(pytree_node=False, default=Scale())
    widths: tuple[Width, ...] = struct.field(pytree_node=False, default=())


@struct.dataclass
class TextArrays:
    """A text with eos before it: token i is at i + 1, and its input at i. On the device, or on the host, where numbers may be narrower."""

    tokens: Integer[Any, "m"]


@struct.dataclass
class ExampleArrays:
    """Examples, and the number of each scored position (-1 where the weight is 0)."""

    inputs: Int[Any, "n t"]
    valid: Bool[Any, "n t"]
    targets: Int[Any, "n q"] | Float[Any, "n q"]
    where: Int[Any, "n q"]
    weight: Float[Any, "n q"]
    index: Int[Any, "n q"]
    source: int = struct.field(pytree_node=False, default=0)
    scale: Scale = struct.field(pytree_node=False, default=Scale())
    widths: tuple[Width, ...] = struct.field(pytree_node=False, default=())  # as of `Batch`
    parts: int = struct.field(pytree_node=False, default=1)  # buckets of equal numbers of examples, the shortest first


Arrays = TextArrays | ExampleArrays


def prepend_eos(tokens: Integer[np.ndarray, "n"]) -> Integer[np.ndarray, "m"]:
    """The tokens of a text with eos before the first. Every text ends with eos, so its last token is what is put first."""
    return np.concatenate([tokens[-1:], tokens])


def scored_index(weight: Float[np.ndarray, "n q"]) -> Int[np.ndarray, "n q"]:
    """The number of each scored position of examples, row by row; -1 for the others."""
    scored = weight > 0
    return np.where(scored, np.cumsum(scored).reshape(weight.shape) - 1, -1).astype(np.int32)
