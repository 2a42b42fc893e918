"""A training batch as a pure function of (seed, step): no iterator, no stored order.

    windows    an epoch starts at a random offset of the text and visits windows of `length` tokens in a random order; where a
               subword regularisation cuts the text anew for every epoch, see `circular_batch`
    columns    the text is cut into `batch_size` contiguous columns; a step reads the next `length` tokens of each, so a
               carried state is valid until the epoch ends
    examples   an epoch visits the examples in a random order

Examples may be sorted by length into buckets of equal numbers: a batch is of one bucket, and an epoch visits the batches of all buckets in
a random order; where the buckets do not divide the number of examples, the few longest that are left are never visited. Nothing is visited
twice in an epoch. What does not fill the last batch waits for another epoch (windows, examples) or is left out (columns: fewer than
`length` tokens of each). A text of up to `host_limit` bytes lies on the device. A longer one is
mapped from a file on the host, and `host_batch` gathers the same batches there, bit for bit.
"""

import mmap
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Int, Key

from research.config.corpora import TextCorpus
from research.config.data import AnyData, Corpus
from research.config.errors import StepladderError
from research.data.batch_arrays import Arrays, Batch, ExampleArrays, TextArrays
from research.data.dataset import Split, TextSplit
from research.data.permutation import permute

UNITS = {"train_examples": "examples", "train_sentences": "sentences", "train_pairs": "pairs"}  # what a limit of training data counts


def steps_per_epoch(data: AnyData, batch_size: int, split: Split, buckets: int = 1) -> int:
    """Batches in an epoch. Raises StepladderError where the split does not fill one of every bucket."""
    n = len(split) if isinstance(split, TextSplit) else len(split.inputs)
    steps = _steps(data, batch_size, n, buckets)
    if steps > 0:
        return steps
    if data.reads == "text":
        need = batch_size * data.length + (data.length - 1 if data.batches == "windows" else 0)
        raise StepladderError(
            f"The training text has {n} tokens; one batch of train.batch_size = {batch_size} and data.length = {data.length} needs "
            f"{need}. Lower one of them, or {_more_data_advice(data, 'text')}."
        )
    what, parts = UNITS[data.limits[0]], f" and train.buckets = {buckets}" if buckets > 1 else ""
    lower = "one of them" if buckets > 1 else "train.batch_size"
    more = f", or {advice}" if (advice := _more_data_advice(data, what)) else ""
    raise StepladderError(
        f"There are {n} training {what}, too few for train.batch_size = {batch_size}{parts}, which needs {batch_size * buckets}. "
        f"Lower {lower}{more}."
    )


def _more_data_advice(data: AnyData, what: str) -> str:
    """How a user comes to more training data: the word that limits it, or the files, where these are the user's own."""
    limiting = next((name for name in data.limits if getattr(data, name) != "all"), None)
    return f"raise data.{limiting}" if limiting else f"bring more {what}" if data.paths else ""


def _steps(data: AnyData, batch_size: int, n: int, buckets: int = 1) -> int:
    if data.reads != "text":
        return buckets * (n // buckets // batch_size)
    if data.batches == "columns":
        return n // batch_size // data.length
    return _windows(data, n) // batch_size


def _windows(data: TextCorpus, n: int) -> int:
    """Windows in an epoch: as many as fit after the largest offset."""
    return max(0, n - data.length + 1) // data.length


def resets_state(data: AnyData, step: Int[Array, ""], steps_per_epoch: int) -> Bool[Array, ""]:
    """Whether the batch of a step follows nothing, so that a carried state is to be reset: always, but within an epoch of columns."""
    columns = data.reads == "text" and data.batches == "columns"
    return step % steps_per_epoch == 0 if columns else jnp.ones((), bool)


def train_batch(data: AnyData, batch_size: int, arrays: Arrays, key: Key[Array, ""], step: Int[Array, ""]) -> Batch:
    """The batch of a step, `arrays` on the device. `key` is that of the run's data stream. Pure; jit with `data`, `batch_size` static."""
    return _gather(data, arrays, _rows(data, batch_size, _size(arrays), key, step, _parts(arrays)), jnp)


def host_batch(data: AnyData, batch_size: int, arrays: Arrays, key: Key[Array, ""], step: int) -> Batch:
    """The same batch, of numpy arrays, gathered from `host_arrays`: only the batch goes to the device."""
    batch = _gather(data, arrays, np.asarray(_jitted_rows(data, batch_size, _size(arrays), key, step, _parts(arrays))), np)
    _release_pages(arrays)
    return batch


def _release_pages(arrays: Arrays) -> None:
    """Give the pages of a mapped text back, so that an epoch does not make the process as large as it; the next batch maps its own."""
    mapped = arrays.tokens.base if isinstance(arrays, TextArrays) else None
    if isinstance(mapped, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)


def circular_batch(
    data: Corpus, batch_size: int, n: int, epoch_arrays: Callable[[int], TextArrays], key: Key[Array, ""], step: int
) -> Batch:
    """The batch of a step, of numpy arrays, of windows of a text that is cut anew for every epoch: `epoch_arrays` has it, on the host.

    An epoch has the windows, and so the steps, of the `n` tokens that the text has by its plain cut. They follow each other from a random
    token of the epoch's own cut, whose end is followed by its beginning: where that has more tokens some are left out, and each equally
    often over the epochs; where it has fewer some are visited twice.
    """
    arrays = epoch_arrays(step // _steps(data, batch_size, n))
    m = _size(arrays)
    rows = np.asarray(_jitted_ring_rows(data, batch_size, n, m, key, step))
    return _windows_of(arrays, (rows[:, None] + np.arange(data.length, dtype=np.int32)) % np.int32(m), np)


def _size(arrays: Arrays) -> int:
    return arrays.tokens.shape[0] - 1 if isinstance(arrays, TextArrays) else arrays.inputs.shape[0]


def _parts(arrays: Arrays) -> int:
    return 1 if isinstance(arrays, TextArrays) else arrays.parts


def _rows(data: AnyData, batch_size: int, n: int, key: Key[Array, ""], step: Int[Array, ""] | int, buckets: int = 1) -> Int[Array, "b"]:
    """The first token of each row of a batch, or the number of its example."""
    steps = _steps(data, batch_size, n, buckets)
    epoch_key = jax.random.fold_in(key, step // steps)
    row, within = jnp.arange(batch_size, dtype=jnp.int32), step % steps
    if buckets > 1:
        batch_number = permute(jax.random.fold_in(epoch_key, 0), jnp.atleast_1d(within), steps)[0]
        bucket, within, size = batch_number // (steps // buckets), batch_number % (steps // buckets), n // buckets
        return bucket * size + permute(jax.random.fold_in(epoch_key, 1 + bucket), within * batch_size + row, size)
    if data.reads != "text":
        return permute(epoch_key, within * batch_size + row, n)
    if data.batches == "columns":
        return row * (n // batch_size) + within * data.length
    order_key, offset_key = jax.random.split(epoch_key)
    offset = jax.random.randint(offset_key, (), 0, data.length, jnp.int32)
    return offset + data.length * permute(order_key, within * batch_size + row, _windows(data, n))


def _ring_rows(
    data: Corpus, batch_size: int, n: int, m: Int[Array, ""] | int, key: Key[Array, ""], step: Int[Array, ""] | int
) -> Int[Array, "b"]:
    """The first token of each row, 0 .. m - 1."""
    steps = _steps(data, batch_size, n)
    order_key, offset_key = jax.random.split(jax.random.fold_in(key, step // steps))
    window = step % steps * batch_size + jnp.arange(batch_size, dtype=jnp.int32)
    offset = jax.random.randint(offset_key, (), 0, m, jnp.int32)
    return (offset + data.length * permute(order_key, window, _windows(data, n))) % m


_jitted_rows = jax.jit(_rows, static_argnums=(0, 1, 2, 5))
_jitted_ring_rows = jax.jit(_ring_rows, static_argnums=(0, 1, 2))


def _gather(data: AnyData, arrays: Arrays, rows: Any, xp: Any) -> Batch:
    """The batch of these rows; `xp` is jax.numpy or numpy."""
    if isinstance(arrays, ExampleArrays):
        take = partial(xp.take, indices=rows, axis=0)
        scored_arrays = {name: take(getattr(arrays, name)) for name in ("targets", "weight", "where", "index")}
        return Batch(
            inputs=take(arrays.inputs),
            valid=take(arrays.valid),
            **scored_arrays,
            source=arrays.source,
            scale=arrays.scale,
            widths=arrays.widths,
        )
    assert data.reads == "text", "a text needs the config of a text"
    return _windows_of(arrays, rows[:, None] + xp.arange(data.length, dtype=xp.int32)[None], xp)


def _windows_of(arrays: TextArrays, index: Any, xp: Any) -> Batch:
    """The tokens `index` of a text, each predicted from those before it in its row."""
    inputs, targets = (arrays.tokens[at].astype(xp.int32) for at in (index, index + 1))
    return Batch(inputs, xp.ones(index.shape, bool), targets, xp.ones(index.shape, xp.float32), None, index)
