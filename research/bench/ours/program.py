"""How runs are laid over the cores: the one place where a benchmark meets the trainer, as `train/engine.py` does."""

from collections.abc import Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array

from research.bench.sizes import LSTMSizes, TransformerSizes
from research.bench.synthetic_text import uniform_tokens
from research.bench.work import Work
from research.config.cell_identity import program_key
from research.config.schema import Config
from research.data.batch_arrays import TextArrays
from research.data.batches import steps_per_epoch
from research.data.dataset import TextSplit
from research.models.count import flops_per_token
from research.tasks.sizes import Sizes
from research.train import lanes
from research.train.engine import config_mesh
from research.train.optimiser import traced_hyperparameters
from research.train.update import Member, Program, State, jitted_initial_state, train_until

STEPS = 1_000_000  # of a whole run: no benchmark comes to its end


def seed_members(config: Config, runs: int, rates: Sequence[float] = ()) -> list[Member]:
    """Runs that differ in their seed, and in their learning rate where rates are given."""
    rate, decay = traced_hyperparameters(config.optim)
    factors = rates or [1.0] * runs
    return [Member(jnp.uint32(seed), jnp.float32(rate * factors[seed]), jnp.float32(decay)) for seed in range(runs)]


def training_work(sizes: TransformerSizes | LSTMSizes, config: Config, members: Sequence[Member]) -> Work:
    """Training of some runs that share a program, compiled; a unit is one step of each. Runs go through the lanes one after another.

    Raises AssertionError where a step was not taken, because a loss was not finite.
    """
    tokens = uniform_tokens(sizes.vocabulary)
    split = TextSplit(tokens, np.zeros_like(tokens))
    epoch = steps_per_epoch(config.data, sizes.batch, split)
    program = Program(program_key(config), Sizes(sizes.vocabulary, sizes.length), STEPS, epoch)
    mesh, width = config_mesh(config), lanes.lane_count(len(members))
    source = lanes.replicate(mesh, TextArrays(jnp.asarray(tokens)))
    groups = [members[i : i + width] for i in range(0, len(members), width)]
    lane_groups = [_in_lanes(program, mesh, config, group, width) for group in groups]
    step = lanes.over_lanes(mesh, partial(train_until, program), shared=(2,), donate=(1,))
    compiled = step.lower(*lane_groups[0], source, _until(mesh, len(groups[0]), width, 0)).compile()
    steps_done = 0

    def run(units: int) -> None:
        nonlocal steps_done
        steps_done += units
        traces = []
        for i, group in enumerate(groups):
            joined, states = lane_groups[i]
            states, trace = compiled(joined, states, source, _until(mesh, len(group), width, steps_done))
            lane_groups[i] = (joined, states)
            traces.append(trace)
        for group, trace in zip(groups, traces, strict=True):
            steps = np.asarray(trace.sums.steps)[: len(group)]
            assert np.asarray(trace.finite).all(), "a loss or a gradient was not finite"
            assert (steps == units).all(), f"{units} steps were asked for, {steps} taken"
        jax.block_until_ready(lane_groups)

    tokens_of_unit = sizes.batch * sizes.length * len(members)
    flops = 3 * flops_per_token(config.model, sizes.vocabulary, sizes.length) * tokens_of_unit
    gradients = sum(leaf.nbytes for leaf in jax.tree.leaves(lane_groups[0][1].params)) // width
    return Work(run, flops, max(0, compiled.memory_analysis().temp_size_in_bytes - gradients))


def _in_lanes(program: Program, mesh: Mesh, config: Config, group: Sequence[Member], width: int) -> tuple[Member, State]:
    """Members and first states in lanes; an idle lane repeats the first."""
    filled = [*group, *[group[0]] * (width - len(group))]
    return lanes.stack_lanes(mesh, filled), lanes.stack_lanes(
        mesh, [jitted_initial_state(program, config.model, member) for member in filled]
    )


def _until(mesh: Mesh, runs: int, width: int, step: int) -> Array:
    """The step to go to, zero for an idle lane."""
    return lanes.stack_lanes(mesh, [np.int32(step if lane < runs else 0) for lane in range(width)])
