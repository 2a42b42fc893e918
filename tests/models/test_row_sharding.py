"""Rows divided among the cores: as many to each, the same numbers, and together where they cannot be divided."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import Mesh, PartitionSpec

from research.models.row_sharding import ROW, shard_rows

CORES = len(jax.devices())


def squared(seen):
    """(shared, rows) -> shared + row^2, and in `seen` how many rows it was given at a time."""

    def function(shared, rows):
        seen.append(len(rows["x"]))
        return shared + rows["x"] ** 2

    return function


@pytest.mark.parametrize(("rows", "at_a_time"), [(2 * CORES, 2), (2 * CORES + 1, 2 * CORES + 1), (1, 1)])
def test_every_row_comes_once_in_its_place(rows, at_a_time):
    seen, x = [], jnp.arange(rows, dtype=jnp.float32)
    found = jax.jit(lambda x: shard_rows(squared(seen), jnp.float32(3), {"x": x}))(x)
    np.testing.assert_array_equal(found, 3 + np.arange(rows) ** 2)
    assert seen == [at_a_time]


def test_within_a_lane_they_stay_together():
    seen, mesh = [], Mesh(jax.devices(), (ROW,))
    lane = lambda x: shard_rows(squared(seen), jnp.float32(0), {"x": x})
    x = jnp.arange(2.0 * CORES * CORES)
    found = jax.jit(jax.shard_map(lane, mesh=mesh, in_specs=PartitionSpec(ROW), out_specs=PartitionSpec(ROW)))(x)
    np.testing.assert_array_equal(found, np.square(x))
    assert seen == [2 * CORES]


def test_a_core_stops_when_its_own_rows_have():
    """A loop within counts its own turns: nothing waits for the other cores."""

    def turns(_, rows):
        count = jax.lax.while_loop(lambda n: (n < rows).any(), lambda n: n + 1, jnp.int32(0))
        return jnp.full(rows.shape, count)

    rows = jnp.repeat(jnp.arange(1, CORES + 1), 3)
    np.testing.assert_array_equal(jax.jit(lambda rows: shard_rows(turns, None, rows))(rows), rows)
