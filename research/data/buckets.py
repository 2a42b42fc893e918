"""Examples of similar length together: batches without the columns that all their rows leave empty."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Int

from research.data.batch_arrays import Batch, ExampleArrays, Width
from research.data.dataset import ExampleSplit


def in_buckets(arrays: ExampleArrays, buckets: int) -> ExampleArrays:
    """The examples from the shortest to the longest. The widths grow, so that each holds what the ones before it hold."""
    order = np.argsort(sum(row_lengths(arrays.valid, arrays.source, np)), kind="stable")
    in_order = jax.tree.map(lambda leaf: leaf[order], arrays)
    return replace(in_order, widths=tuple(dict.fromkeys(bucket_widths(arrays, buckets))), parts=buckets)


def bucket_widths(examples: ExampleSplit | ExampleArrays, buckets: int) -> tuple[Width, ...]:
    """Of each bucket, the shortest first."""
    source, rest = row_lengths(examples.valid, examples.source, np)
    order = np.argsort(source + rest, kind="stable")
    ends = [(i + 1) * (len(order) // buckets) for i in range(buckets - 1)] + [len(order)]

    def longest(lengths: Int[np.ndarray, "n"], end: int) -> int:
        return int(lengths[order[:end]].max())

    return tuple(Width(longest(source, end), max(1, longest(rest, end))) for end in ends)


def row_lengths(valid: Any, source: int, xp: Any) -> tuple[Any, Any]:
    """Of each row: columns from the source's first valid one to its end, and from there to the last valid one."""

    def reach(exists: Any) -> Any:
        return xp.where(exists, xp.arange(1, exists.shape[-1] + 1), 0).max(axis=-1, initial=0)

    return reach(xp.flip(valid[..., :source], -1)), reach(valid[..., source:])


def in_narrowest(batch: Batch, compute: Callable[[Batch], Any]) -> Any:
    """`compute(batch)`, of the batch without the columns that all its rows leave empty, as far as `widths` has a width for that."""
    if not batch.widths:
        return compute(batch)
    source, rest = row_lengths(batch.valid, batch.source, jnp)
    small = [(source.max() > width.source) | (rest.max() > width.rest) for width in batch.widths[:-1]]
    cuts = [lambda width=width: compute(_cut(batch, width)) for width in batch.widths]
    return jax.lax.switch(jnp.array(small, jnp.int32).sum(), cuts)


def _cut(batch: Batch, width: Width) -> Batch:
    """Of pairs the target's columns are cut with the inputs that predict them."""
    first, last = batch.source - width.source, batch.source + width.rest
    everywhere = batch.targets.shape[1] == batch.inputs.shape[1] - batch.source
    scored = slice(0, width.rest if everywhere else None)
    where = None if batch.where is None else batch.where[:, scored] - first
    return Batch(
        batch.inputs[:, first:last],
        batch.valid[:, first:last],
        batch.targets[:, scored],
        batch.weight[:, scored],
        where,
        batch.index[:, scored],
        width.source,
        batch.scale,
    )
