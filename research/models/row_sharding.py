"""The rows of a batch divided among the cores: nothing passes between them, and each stops by itself."""

from collections.abc import Callable
from typing import TypeVar

import jax
from jax.sharding import Mesh, PartitionSpec

ROW = "row"
Shared = TypeVar("Shared")
Rows = TypeVar("Rows")
Result = TypeVar("Result")


def shard_rows(function: Callable[[Shared, Rows], Result], shared: Shared, rows: Rows) -> Result:
    """`function(shared, rows)`, where rows are the first axis of every array of `rows` and of what is returned.

    On a CPU every device has an equal part of them, if that divides; a product of fewer rows may differ in its last bits. Elsewhere, and
    where a device is a lane already, they stay together.
    """
    devices, count = jax.devices(), jax.tree.leaves(rows)[0].shape[0]
    if jax.default_backend() != "cpu" or len(devices) == 1 or count % len(devices) or not jax.sharding.get_abstract_mesh().empty:
        return function(shared, rows)
    mesh, row_spec = Mesh(devices, (ROW,)), PartitionSpec(ROW)
    return jax.shard_map(function, mesh=mesh, in_specs=(PartitionSpec(), row_spec), out_specs=row_spec, check_vma=False)(shared, rows)
