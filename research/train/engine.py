"""The compiled functions of one program, for all lanes: made once for a group of runs, ahead of time, so that a group can be compiled while
another trains."""

import time
from collections.abc import Hashable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jax.stages import Compiled
from jaxtyping import PyTree

from research.config.node import Node
from research.config.schema import Config
from research.data.batch_arrays import Batch
from research.nn.recurrent_cells import CELLS
from research.tasks.outcomes import Outcomes, concatenate
from research.tasks.task_kind import Batches
from research.train import lanes
from research.train.batch_source import HostSource, zero_batches
from research.train.evaluate import evaluate_batch, first_carry, in_split_order
from research.train.update import Program, abstract_state, train_until

LARGE_KERNEL = 2**19  # bytes


class Evaluator(NamedTuple):
    """What scores a split under the lanes' parameters."""

    program: Program
    mesh: Mesh  # where its lanes are
    width: int  # lanes
    evaluate: dict[tuple[Hashable, ...], Compiled]  # a compiled function for each shape of a batch


class Engine(NamedTuple):
    """An evaluator, and what trains."""

    evaluator: Evaluator
    advance: Compiled
    compile_seconds: float
    peak_bytes: int  # of one lane: arguments, results and temporaries of a training call

    @property
    def program(self) -> Program:
        return self.evaluator.program

    @property
    def mesh(self) -> Mesh:
        return self.evaluator.mesh

    @property
    def width(self) -> int:
        return self.evaluator.width


def config_mesh(config: Config) -> Mesh:
    """Where the lanes of a config are. Each step of a loop over time reads a whole kernel for the few rows of a batch, and cores that
    share the rows read it all, each: a model whose kernel is too large for a core's own cache has all threads on one device.
    """
    return lanes.lane_mesh(by_rows=_recurrent_kernel(config.model) < LARGE_KERNEL)


def _recurrent_kernel(value: Any, width: int = 0) -> int:
    """The bytes of the largest recurrent kernel inside a model's words; zero where nothing loops over time."""
    if isinstance(value, tuple):
        return max((_recurrent_kernel(part, width) for part in value), default=0)
    if type(value) in CELLS:
        return 4 * CELLS[type(value)].gates * width**2
    if isinstance(value, Node):
        node_width = getattr(value, "width", width)
        inner = node_width if isinstance(node_width, int) else width  # a feed-forward part's may be "4x"
        return max((_recurrent_kernel(part, inner) for _, part in value), default=0)
    return 0


def compile_engine(program: Program, source: PyTree, shapes: tuple[Batches, ...], runs: int) -> Engine:
    """Compile training, and evaluation for every shape of batch in `shapes`. `source`: the training split on devices, or a HostSource."""
    began, mesh, width = time.perf_counter(), config_mesh(program.config), lanes.lane_count(runs)
    member, state = abstract_state(program)
    on_host = isinstance(source, HostSource)  # every lane has batches of its own
    source_shapes = (
        lanes.abstract_lanes(mesh, zero_batches(program.config, source), width) if on_host else lanes.abstract_shared(mesh, source)
    )
    step = lanes.over_lanes(mesh, partial(train_until, program), shared=() if on_host else (2,), donate=(1,))
    until = jax.ShapeDtypeStruct((), jnp.int32)
    train = step.lower(
        *(lanes.abstract_lanes(mesh, x, width) for x in (member, state)), source_shapes, lanes.abstract_lanes(mesh, until, width)
    ).compile()
    evaluator = compile_evaluator(program, shapes, runs)
    return Engine(evaluator, train, time.perf_counter() - began, _peak(train, source_shapes))


def compile_evaluator(program: Program, shapes: tuple[Batches, ...], runs: int) -> Evaluator:
    """Compile evaluation for every shape of batch in `shapes`: the same functions with which a training run is scored."""
    mesh, width = config_mesh(program.config), lanes.lane_count(runs)
    _, state = abstract_state(program)
    evaluate = {}
    for batch in (batch for batches in shapes for batch in batches):
        batch_shape = jax.eval_shape(lambda batch: jax.tree.map(lambda leaf: leaf[0], batch), batch)
        if _key(batch_shape) not in evaluate:
            evaluate[_key(batch_shape)] = _compile_evaluation(program, mesh, state.params, batch_shape, width)
    return Evaluator(program, mesh, width, evaluate)


def score_lanes(evaluator: Evaluator, params: PyTree, active: list[bool], batches: Batches, n: int) -> list[Outcomes | None]:
    """The outcomes of a split of `n` tokens under the lanes' parameters (joined); None for a lane that is not active."""
    flags = lanes.stack_lanes(evaluator.mesh, [np.asarray(flag) for flag in active])
    joined: list[dict[str, PyTree]] = []
    for stacked in batches:
        carry = lanes.stack_lanes(evaluator.mesh, [first_carry(evaluator.program, stacked.inputs.shape[1])] * evaluator.width)
        for i in range(stacked.inputs.shape[0]):
            batch = jax.tree.map(lambda leaf, i=i: leaf[i], stacked)
            batch_outcomes, carry = evaluator.evaluate[_key(batch)](params, carry, flags, lanes.replicate(evaluator.mesh, batch))
            joined.append(batch_outcomes)

    def lane_outcomes(lane: int) -> Outcomes:
        return {name: concatenate([np.asarray(lanes.get_lane(batch[name], lane)) for batch in joined]) for name in joined[0]}

    return [in_split_order(batches, lane_outcomes(i), n) if on else None for i, on in enumerate(active)]


def _compile_evaluation(program: Program, mesh: Mesh, params: PyTree, batch: Batch, width: int) -> Compiled:
    carry = jax.eval_shape(lambda: first_carry(program, batch.inputs.shape[0]))
    active = jax.ShapeDtypeStruct((), jnp.bool_)
    evaluate = lanes.over_lanes(mesh, partial(evaluate_batch, program), shared=(3,))
    shapes = (*(lanes.abstract_lanes(mesh, x, width) for x in (params, carry, active)), lanes.abstract_shared(mesh, batch))
    compiled: Compiled = evaluate.lower(*shapes).compile()
    return compiled


def _key(batch: Batch) -> tuple[Hashable, ...]:
    return batch.source, *((leaf.shape, str(leaf.dtype)) for leaf in jax.tree.leaves(batch))


def _peak(compiled: Compiled, data: PyTree) -> int:
    memory = compiled.memory_analysis()
    shared = sum(leaf.size * leaf.dtype.itemsize for leaf in jax.tree.leaves(data))
    if memory is None:  # a backend that does not tell
        return int(shared)
    used = memory.argument_size_in_bytes + memory.temp_size_in_bytes + memory.output_size_in_bytes - memory.alias_size_in_bytes
    return int(max(used, shared))
