"""Where the batch of a step comes from: a split that lies on the devices, or one on the host, whose next batches go along with each call.

Both give the same bits, so a run does not know which it had. A text that is cut anew for every epoch is always on the host.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import struct
from jaxtyping import Array, Int, Key, UInt32

from research.config.schema import Config
from research.data.batch_arrays import Arrays, Batch, TextArrays
from research.data.batches import circular_batch, host_batch, train_batch
from research.nn.random_streams import stream_key


class HostSource(NamedTuple):
    """A training split that is not on the devices: a call of `advance` is given `steps` of its batches."""

    arrays: Arrays
    steps: int
    anew: Callable[[int, int], TextArrays] | None = None  # of (seed, epoch), where every epoch cuts the text anew


@struct.dataclass
class StackedBatches:
    """The batches of consecutive steps on a leading axis, the first of them that of step `first`."""

    batches: Batch
    first: Int[Any, ""]


def data_key(seed: UInt32[Array, ""]) -> Key[Array, ""]:
    """The stream that orders a run's data."""
    return stream_key(jax.random.key(seed), "data")


def step_batch(config: Config, source: Arrays | StackedBatches, seed: UInt32[Array, ""], step: Int[Array, ""]) -> Batch:
    """The batch of a step, whichever way the split came."""
    if isinstance(source, StackedBatches):
        batch: Batch = jax.tree.map(lambda leaf: leaf[step - source.first], source.batches)
        return batch
    return train_batch(config.data, config.train.batch_size, source, data_key(seed), step)


def stack_batches(config: Config, source: HostSource, seed: int, first: int, until: int) -> StackedBatches:
    """The batches of the steps `first` .. `until` - 1; what is left of the stack repeats the last and is not looked at."""
    key, last = data_key(jnp.uint32(seed)), max(first, until - 1)
    batches = [_batch_on_host(config, source, seed, key, step) for step in range(first, last + 1)]
    batches += batches[-1:] * (source.steps - len(batches))
    return StackedBatches(jax.tree.map(lambda *leaves: np.stack(leaves), *batches), np.int32(first))


def zero_batches(config: Config, source: HostSource) -> StackedBatches:
    """A stack of the same shapes that no step looks at: that of a lane in which nothing runs."""
    batch = partial(train_batch, config.data, config.train.batch_size)
    shapes = jax.eval_shape(lambda arrays: batch(arrays, data_key(jnp.uint32(0)), jnp.int32(0)), source.arrays)
    return StackedBatches(jax.tree.map(lambda leaf: np.zeros((source.steps, *leaf.shape), leaf.dtype), shapes), np.int32(0))


def _batch_on_host(config: Config, source: HostSource, seed: int, key: Key[Array, ""], step: int) -> Batch:
    data, batch_size = config.data, config.train.batch_size
    if source.anew is None:
        return host_batch(data, batch_size, source.arrays, key, step)
    assert data.reads == "text", "only a text is cut"
    assert isinstance(source.arrays, TextArrays)
    return circular_batch(data, batch_size, len(source.arrays.tokens) - 1, partial(source.anew, seed), key, step)
