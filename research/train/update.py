"""Training as one pure function: `train_until` takes a run from its step to another, in one compiled loop.

A run's state is its parameters, the optimiser's, the step and, where data is columns, the carry. Batch, dropout and learning rate are
functions of (seed, step), so a run stopped at any step and taken up again is the run that never stopped.
"""

from functools import lru_cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax
from flax import struct
from jax import lax
from jaxtyping import Array, Bool, Float, Int, PyTree, UInt32

from research.config.schema import Config, Model
from research.data.batch_arrays import Arrays
from research.data.batches import resets_state
from research.data.buckets import in_narrowest
from research.nn.random_streams import stream_key, stream_key_at_step
from research.tasks.parameters import empty_carry, init_params, stop_gradient
from research.tasks.registry import task_of
from research.tasks.sizes import Sizes
from research.train.batch_source import StackedBatches, step_batch
from research.train.frozen import combine_frozen, frozen_rows, partition_frozen
from research.train.lanes import shard_over_cores
from research.train.optimiser import constrain_max_norm, learning_rate_factor, optimiser


class Program(NamedTuple):
    """All that decides a compiled training program. Runs that differ in seed, rate, weight decay or initial values share it."""

    config: Config  # of `cell_identity.program_key`
    sizes: Sizes
    steps: int
    steps_per_epoch: int


@struct.dataclass
class Member:
    """The traced scalars of a run."""

    seed: UInt32[Array, ""]  # the root of its randomness
    learning_rate: Float[Array, ""]
    weight_decay: Float[Array, ""]  # or L2: what the optimiser has


@struct.dataclass
class State:
    params: PyTree
    optimiser: PyTree
    step: Int[Array, ""]
    carry: PyTree


class Sums(NamedTuple):
    """Over the steps of one call: the task's loss, scored tokens, norms of the gradient before clipping, and their number.

    `tokens`: the inputs that exist, of the steps that were taken: words of a sentence, of a pair its source, the separator and the
    target's words. Padding is never a token.
    """

    loss: Float[Array, ""]
    weight: Float[Array, ""]
    gradient_norm: Float[Array, ""]
    steps: Int[Array, ""]
    tokens: Int[Array, ""]


class Trace(NamedTuple):
    """What a call saw, and whether all of it was finite."""

    sums: Sums
    finite: Bool[Array, ""]


def initial_state(program: Program, model: Model, member: Member) -> State:
    """The state before the first step. How parameters are drawn is no part of the program, so a run brings its own words of `model`."""
    config = program.config.model_copy(update={"model": model})
    params = init_params(config, program.sizes, stream_key(jax.random.key(member.seed), "init"))
    chain = optimiser(config.optim, member.learning_rate, member.weight_decay)
    trained, _ = partition_frozen(frozen_rows(config, params), params)
    carry = empty_carry(config, program.sizes, config.train.batch_size) if task_of(config).carries(config) else ()
    return State(params, chain.init(trained), jnp.zeros((), jnp.int32), carry)


jitted_initial_state = jax.jit(initial_state, static_argnums=(0, 1))  # in the bits that every run begins with


@lru_cache(maxsize=512)
def abstract_state(program: Program) -> tuple[Member, State]:
    """A member and a state of the right shapes, as shapes alone; worked out once for each program."""
    member = Member(jnp.uint32(0), jnp.float32(0), jnp.float32(0))
    shapes: tuple[Member, State] = jax.eval_shape(lambda: (member, initial_state(program, program.config.model, member)))
    return shapes


def train_until(
    program: Program, member: Member, state: State, source: Arrays | StackedBatches, until: Int[Array, ""]
) -> tuple[State, Trace]:
    """Steps to `until`, or to the first loss or gradient that is not finite: that step is not taken. `source` reaches as far as `until`."""

    def unfinished(loop_state: tuple[State, Trace]) -> Array:
        state, trace = loop_state
        return (state.step < until) & trace.finite

    def step(loop_state: tuple[State, Trace]) -> tuple[State, Trace]:
        state, trace = loop_state
        updated, step_trace = train_step(program, member, state, source)
        new_state = jax.tree.map(lambda new, old: jnp.where(step_trace.finite, new, old), updated, state)
        sums = (a + b for a, b in zip(trace.sums, step_trace.sums, strict=True))
        return new_state, Trace(Sums(*sums), step_trace.finite)

    zero, zero_count = jnp.zeros(()), jnp.zeros((), jnp.int32)
    return lax.while_loop(unfinished, step, (state, Trace(Sums(zero, zero, zero, zero_count, zero_count), jnp.ones((), bool))))


def train_step(program: Program, member: Member, state: State, source: Arrays | StackedBatches) -> tuple[State, Trace]:
    """One step of gradient descent on one batch."""
    config, root = program.config, jax.random.key(member.seed)
    task = task_of(config)
    batch = shard_over_cores(step_batch(config, source, member.seed, state.step))
    start_carry = _start_carry(program, state)
    streams = partial(stream_key_at_step, root, step=state.step)
    frozen = frozen_rows(config, state.params)
    trained, still = partition_frozen(frozen, state.params)

    def objective(trained: PyTree) -> tuple[Array, tuple[PyTree, Array, Array]]:
        params = combine_frozen(frozen, trained, still)
        carry, sums = in_narrowest(batch, lambda narrow: task.loss(config, params, start_carry, narrow, streams))
        rows = config.train.batch_size if config.train.loss == "time_sum" else sums.weight
        return sums.objective / rows, (carry, sums.loss, sums.weight)

    (value, (carry, loss, weight)), gradient = jax.value_and_grad(objective, has_aux=True)(trained)
    norm = optax.tree.norm(gradient)
    rate = member.learning_rate * learning_rate_factor(config.optim.schedule, program.steps, program.steps_per_epoch, state.step)
    change, optimiser_state = optimiser(config.optim, rate, member.weight_decay).update(gradient, state.optimiser, trained)
    params = combine_frozen(frozen, constrain_max_norm(config.optim, optax.apply_updates(trained, change)), still)
    new_state = State(params, optimiser_state, state.step + 1, stop_gradient(carry) if task.carries(config) else ())
    finite = jnp.isfinite(value) & jnp.isfinite(norm)
    tokens = jnp.where(finite, batch.valid.sum(dtype=jnp.int32), 0)
    return new_state, Trace(Sums(loss, weight, norm, jnp.ones((), jnp.int32), tokens), finite)


def _start_carry(program: Program, state: State) -> PyTree:
    fresh = empty_carry(program.config, program.sizes, program.config.train.batch_size)
    if not task_of(program.config).carries(program.config):
        return fresh
    anew = resets_state(program.config.data, state.step, program.steps_per_epoch)
    return jax.tree.map(lambda new, old: jnp.where(anew, new, old), fresh, state.carry)
