"""How several runs are executed at once, never what they are.

A lane is a place for one run. On CPU a lane is a core, or several where fewer runs are wanted than there are cores: one device each,
`shard_map` over the lanes, and no product is batched, so a run's bits do not depend on its neighbours, nor on how many there are. The
cores of a lane share each batch by its rows (`shard_over_cores`), and XLA adds up their gradients; or one device of a lane does the
work with the threads of all (`lane_mesh`). On an accelerator the lanes are `vmap`, which promises closeness, not bits. Values in lanes
have a leading axis `n`; an idle lane holds any value and a bound that stops its loop at once.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import PyTree

from research.machine import set_worker_count, worker_count

LANE, CORE = "lane", "core"


def lane_mesh(by_rows: bool) -> Mesh:
    """The devices of each lane: all of them where its cores are to share a batch by its rows, else the first, whose operations have all
    threads. Not used on an accelerator.
    """
    devices = jax.devices()
    lane_devices = np.reshape(devices, (worker_count(len(devices)), -1))
    return Mesh(lane_devices if by_rows else lane_devices[:, :1], (LANE, CORE))


def over_lanes(mesh: Mesh, function: Callable[..., Any], shared: Sequence[int] = (), donate: Sequence[int] = ()) -> Any:
    """`function` for every lane at once, jitted. Arguments whose index is in `shared` are the same for all lanes, without their axis."""
    if _vectorised():

        def call_lanes(*args: PyTree) -> PyTree:
            axes = [None if i in shared else 0 for i in range(len(args))]
            return jax.vmap(function, in_axes=axes)(*args)

        return jax.jit(call_lanes, donate_argnums=donate)

    def call_lane(*args: PyTree) -> PyTree:
        lane_args = [arg if i in shared else jax.tree.map(lambda leaf: leaf[0], arg) for i, arg in enumerate(args)]
        return jax.tree.map(lambda leaf: leaf[None], function(*lane_args))

    manual_axes = (
        {LANE} if mesh.shape[CORE] > 1 else {LANE, CORE}
    )  # over the cores of a lane, XLA divides the work by what `shard_over_cores` says

    def mapped(*args: PyTree) -> PyTree:
        specs = tuple(PartitionSpec() if i in shared else PartitionSpec(LANE) for i in range(len(args)))
        return jax.shard_map(call_lane, mesh=mesh, in_specs=specs, out_specs=PartitionSpec(LANE), axis_names=manual_axes, check_vma=False)(
            *args
        )

    return jax.jit(mapped, out_shardings=NamedSharding(mesh, PartitionSpec(LANE)), donate_argnums=donate)


def shard_over_cores(rows: PyTree) -> PyTree:
    """Inside a lane of several cores: arrays whose leading axis is divided among them, if it can be; elsewhere as they are."""
    mesh = jax.sharding.get_abstract_mesh()
    cores = 1 if CORE not in mesh.auto_axes else mesh.shape[CORE]

    def divide(leaf: jax.Array) -> jax.Array:
        return jax.lax.with_sharding_constraint(leaf, PartitionSpec(CORE)) if leaf.shape[0] % cores == 0 else leaf

    return rows if cores == 1 else jax.tree.map(divide, rows)


def lane_count(runs: int) -> int:
    """How many lanes there are: on a CPU as many as runs at a time, whatever the number of runs; on an accelerator, one for each run."""
    return runs if _vectorised() else worker_count(len(jax.devices()))


def cores_per_lane() -> int:
    """Of a run: how many there are for it."""
    return 1 if _vectorised() else lane_mesh(by_rows=True).shape[CORE]


def core_count() -> int:
    """The cores that lanes have among them; 1 on an accelerator, where a run has the whole device."""
    return 1 if _vectorised() else len(jax.devices())


def use_cores_per_lane(cores: int) -> bool:
    """Let each run have so many cores from here on; False, and each has one, where those that there are cannot be divided so."""
    divides = core_count() % cores == 0
    set_worker_count(core_count() // cores if divides else core_count())
    return divides


def stack_lanes(mesh: Mesh, values: Sequence[PyTree]) -> PyTree:
    """One value for each lane -> one value with a leading axis, each part on its lane's devices."""
    if _vectorised():
        return jax.tree.map(lambda *leaves: jnp.stack(leaves), *values)
    sharding = NamedSharding(mesh, PartitionSpec(LANE))

    def assemble(*leaves: PyTree) -> jax.Array:
        parts = [part for lane, leaf in enumerate(leaves) for part in _placed(leaf, mesh.devices[lane])]
        return jax.make_array_from_single_device_arrays((len(leaves), *np.shape(leaves[0])), sharding, parts)

    return jax.tree.map(assemble, *values)


def set_lane(joined: PyTree, lane: int, value: PyTree) -> PyTree:
    """`joined` with another value in one lane; the other lanes are not copied on a CPU."""
    if _vectorised():
        return jax.tree.map(lambda all_lanes, leaf: all_lanes.at[lane].set(leaf), joined, value)

    def replace(all_lanes: jax.Array, leaf: PyTree) -> jax.Array:
        parts, devices = _parts(all_lanes), _devices(all_lanes)
        cores = devices.shape[1]
        parts[lane * cores : (lane + 1) * cores] = _placed(leaf, devices[lane])
        return jax.make_array_from_single_device_arrays(all_lanes.shape, all_lanes.sharding, parts)

    return jax.tree.map(replace, joined, value)


def get_lane(value: PyTree, lane: int) -> PyTree:
    """The value of one lane, without the leading axis."""
    if _vectorised():
        return jax.tree.map(lambda leaf: leaf[lane], value)
    return jax.tree.map(lambda leaf: np.asarray(_parts(leaf)[lane * _devices(leaf).shape[1]])[0], value)


def replicate(mesh: Mesh, value: PyTree) -> PyTree:
    """A value that all lanes share, once on every device."""
    if _vectorised():
        return jax.device_put(value)
    return jax.device_put(value, NamedSharding(mesh, PartitionSpec()))


def abstract_lanes(mesh: Mesh, value: PyTree, width: int) -> PyTree:
    """The shapes of `stack_lanes`ed values, for compilation ahead of time."""
    sharding = None if _vectorised() else NamedSharding(mesh, PartitionSpec(LANE))
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct((width, *leaf.shape), leaf.dtype, sharding=sharding), value)


def abstract_shared(mesh: Mesh, value: PyTree) -> PyTree:
    """The shapes of a `replicate`d value."""
    sharding = None if _vectorised() else NamedSharding(mesh, PartitionSpec())
    return jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding), value)


def _devices(joined: jax.Array) -> np.ndarray:
    """Of every lane, its devices."""
    sharding = joined.sharding
    assert isinstance(sharding, NamedSharding), "an array of lanes"
    return sharding.mesh.devices


def _parts(joined: jax.Array) -> list[jax.Array]:
    """What each device holds, in the order of the lanes."""
    shards = {shard.device: shard.data for shard in joined.addressable_shards}
    return [shards[device] for device in _devices(joined).flat]


def _placed(leaf: PyTree, devices: np.ndarray) -> list[jax.Array]:
    """A lane's value on each of its devices."""
    return [jax.device_put(np.asarray(leaf)[None], device) for device in devices]


def _vectorised() -> bool:
    return jax.default_backend() != "cpu"
