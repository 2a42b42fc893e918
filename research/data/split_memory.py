"""Where the arrays of a split are kept: on the device, or on the host where a text is large."""

import tempfile

import jax
import jax.numpy as jnp
import numpy as np

from research.data.batch_arrays import Arrays, ExampleArrays, TextArrays, prepend_eos, scored_index
from research.data.buckets import in_buckets
from research.data.dataset import Split, TextSplit

HOST_ABOVE = 2**30  # bytes of token numbers, of 32 bits, on an accelerator


HOST_ABOVE_ON_CPU = 2**27  # where the device's memory is that of the process, and holds several copies


def device_arrays(split: Split, buckets: int = 1) -> Arrays:
    """The arrays of a split, to be placed on the device and given to `train_batch`; examples sorted where there are several buckets."""
    return jax.tree.map(jnp.asarray, _host_memory(split, buckets))


def host_arrays(split: Split) -> Arrays:
    """The same arrays on the host, for `host_batch`; a text is mapped from a file, the cache's own or a temporary one."""
    if not isinstance(split, TextSplit):
        return _host_memory(split)
    if split.after_eos is not None:
        return TextArrays(split.after_eos)
    with tempfile.TemporaryFile() as file:
        tokens = np.memmap(file, np.int32, "w+", shape=(len(split) + 1,))
    tokens[:] = prepend_eos(split.stored)
    return TextArrays(tokens)


def host_limit() -> int:
    """Bytes of token numbers above which a text stays on the host."""
    return HOST_ABOVE_ON_CPU if jax.default_backend() == "cpu" else HOST_ABOVE


def belongs_on_host(split: Split, above: int | None = None) -> bool:
    """Whether a split is a text whose numbers, of 32 bits, have more than `above` bytes, by default `host_limit`."""
    return isinstance(split, TextSplit) and np.dtype(np.int32).itemsize * len(split) > (host_limit() if above is None else above)


def _host_memory(split: Split, buckets: int = 1) -> Arrays:
    if isinstance(split, TextSplit):
        return TextArrays(np.asarray(prepend_eos(split.stored) if split.after_eos is None else split.after_eos, np.int32))
    index = scored_index(split.weight)
    arrays = ExampleArrays(split.inputs, split.valid, split.targets, split.where, split.weight, index, split.source, split.scale)
    return arrays if buckets == 1 else in_buckets(arrays, buckets)
