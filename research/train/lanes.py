"""How several runs are executed at once, never what they are.

A lane is a place for one run. On CPU a lane is a core: one device each, `shard_map` over them, and no product is batched, so a run's bits
do not depend on its neighbours, nor on how many there are. On an accelerator the lanes are `vmap`, which promises closeness, not bits.
Values in lanes have a leading axis `n`; an idle lane holds any value and a bound that stops its loop at once.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import PyTree


def over_lanes(function: Callable[..., Any], shared: Sequence[int] = ()) -> Callable[..., Any]:
    """`function` for every lane at once. Arguments whose index is in `shared` are the same for all lanes and have no leading axis."""
    if _vectorised():
        return lambda *args: jax.vmap(function, in_axes=[None if i in shared else 0 for i in range(len(args))])(*args)

    def alone(*args: Any) -> Any:
        own = [arg if i in shared else jax.tree.map(lambda leaf: leaf[0], arg) for i, arg in enumerate(args)]
        return jax.tree.map(lambda leaf: leaf[None], function(*own))

    def mapped(*args: Any) -> Any:
        specs = tuple(PartitionSpec() if i in shared else PartitionSpec("lane") for i in range(len(args)))
        return jax.shard_map(alone, mesh=_mesh(), in_specs=specs, out_specs=PartitionSpec("lane"), check_vma=False)(*args)

    return mapped


def capacity(runs: int) -> int:
    """How many lanes there are: the cores of a CPU, whatever the number of runs; on an accelerator, one for each run."""
    return runs if _vectorised() else len(jax.devices())


def join(values: Sequence[PyTree]) -> PyTree:
    """One value for each lane -> one value with a leading axis, each part on its lane's device."""
    if _vectorised():
        return jax.tree.map(lambda *leaves: jnp.stack(leaves), *values)
    devices = jax.devices()
    placed = [jax.tree.map(partial(_place, device=device), value) for value, device in zip(values, devices, strict=True)]
    sharding = NamedSharding(_mesh(), PartitionSpec("lane"))

    def assemble(*parts: jax.Array) -> jax.Array:
        return jax.make_array_from_single_device_arrays((len(parts), *parts[0].shape[1:]), sharding, list(parts))

    return jax.tree.map(assemble, *placed)


def put(joined: PyTree, lane: int, value: PyTree) -> PyTree:
    """`joined` with another value in one lane; the other lanes are not copied on a CPU."""
    if _vectorised():
        return jax.tree.map(lambda all_lanes, leaf: all_lanes.at[lane].set(leaf), joined, value)

    def replace(all_lanes: jax.Array, leaf: Any) -> jax.Array:
        parts = [shard.data for shard in all_lanes.addressable_shards]
        parts[lane] = _place(leaf, jax.devices()[lane])
        return jax.make_array_from_single_device_arrays(all_lanes.shape, all_lanes.sharding, parts)

    return jax.tree.map(replace, joined, value)


def part(value: PyTree, lane: int) -> PyTree:
    """The value of one lane, without the leading axis."""
    if _vectorised():
        return jax.tree.map(lambda leaf: leaf[lane], value)
    return jax.tree.map(lambda leaf: np.asarray(leaf.addressable_shards[lane].data)[0], value)


def replicate(value: PyTree) -> PyTree:
    """A value that all lanes share, once on every device."""
    if _vectorised():
        return jax.device_put(value)
    return jax.device_put(value, NamedSharding(_mesh(), PartitionSpec()))


def abstract(value: PyTree, width: int) -> PyTree:
    """The shapes of `join`ed values, for compilation ahead of time."""
    sharding = None if _vectorised() else NamedSharding(_mesh(), PartitionSpec("lane"))
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((width, *leaf.shape), leaf.dtype, sharding=sharding), value)


def abstract_shared(value: PyTree) -> PyTree:
    """The shapes of a `replicate`d value."""
    sharding = None if _vectorised() else NamedSharding(_mesh(), PartitionSpec())
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding), value)


def _place(leaf: Any, device: Any) -> jax.Array:
    return jax.device_put(np.asarray(leaf)[None], device)


def _vectorised() -> bool:
    return jax.default_backend() != "cpu"


def _mesh() -> Mesh:
    return Mesh(jax.devices(), ("lane",))
