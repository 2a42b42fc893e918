"""What each trick of ours is worth: the same work with it, and without it."""

import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array

from research.bench.benchmarks import OURS, Case
from research.bench.ours import generation, program
from research.bench.ours.configs import benchmark_config
from research.bench.sizes import GenerationSizes, TrickSizes
from research.bench.work import Work
from research.config.model import LanguageModelConfig
from research.machine import SINGLE_THREAD, WORKERS
from research.models import MODELS, decode, stack
from research.nn import attention, attention_caches, attention_kernels, convolution, feed_forward, linear, recurrent_cells, recurrent_scan
from research.nn.recurrent_scan import Cell
from research.nn.recurrent_state import State
from research.tasks import position_scores
from research.train import lanes


def prepare(case: Case, side: str) -> Work:
    """The case's work; its side `without` takes the trick away before anything is built."""
    sizes = case.sizes
    assert isinstance(sizes, TrickSizes)
    if side != OURS:
        WITHOUT[case.name]()
    if isinstance(sizes.work, GenerationSizes):
        return generation.generation_work(sizes.work)
    config = benchmark_config(sizes.work)
    work = program.training_work(sizes.work, config, program.seed_members(config, sizes.runs))
    return work._replace(run=_single_steps(work.run)) if side != OURS and case.name.endswith("steps_a_call") else work


def _walls() -> None:
    """Plain products and plain attention, whose backward pass is all XLA's."""
    for module in (attention, convolution, feed_forward, recurrent_cells, position_scores):
        _patch(module, dense=linear.linear)

    def plain(q: Array, k: Array, v: Array, mask: Array, bias: Array | None = None) -> Array:
        logits = jnp.einsum("bhtk,bhsk->bhts", q, k)
        return attention_kernels.attend(logits if bias is None else logits + jnp.broadcast_to(bias, logits.shape), v, mask)[0]

    _patch(attention, fast_attention=plain)


def _narrow() -> None:
    """Gradients whose sum runs over rows turn the first array, however wide it is."""

    def kernel_gradient(x: Array, gradient: Array) -> Array:
        return x.reshape(-1, x.shape[-1]).T @ gradient.reshape(-1, gradient.shape[-1])

    _patch(linear, kernel_gradient=kernel_gradient)
    _patch(recurrent_scan, kernel_gradient=kernel_gradient)
    _patch(attention_kernels, _over_queries=lambda x, weights: jnp.einsum("bhts,bhtk->bhsk", weights, x))


def _recurrence() -> None:
    """The loop over time, differentiated by jax."""

    def scan_recurrent(cell: Cell[State], state: State, inputs: Array, kernel: Array, exists: Array) -> tuple[State, Array]:
        state, (states, _) = recurrent_scan.scan_plain(cell, state, inputs, kernel, exists)
        return state, states.h

    _patch(recurrent_cells, scan_recurrent=scan_recurrent)


def _unrolled() -> None:
    """Layers in a loop, one a turn."""
    _patch(stack, UNROLLED=1)


def _shared_batch() -> None:
    """A run on one device, whose operations have all threads."""
    jax.config.update("jax_num_cpu_devices", 1)
    os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "").replace(SINGLE_THREAD, "")


def _whole_batch() -> None:
    """A loop over time on several cores, each with its share of the rows."""
    _patch(program, config_mesh=lambda config: lanes.lane_mesh(by_rows=True))


def _lanes() -> None:
    """Runs side by side in every operation, as on an accelerator."""
    _shared_batch()
    os.environ[WORKERS] = "1"
    _patch(lanes, _vectorised=lambda: True)


def _donated() -> None:
    """The state of a call is kept beside the next one."""
    over_lanes = lanes.over_lanes
    _patch(lanes, over_lanes=lambda mesh, function, shared=(), donate=(): over_lanes(mesh, function, shared))


def _unstacked() -> None:
    """Layers are cut out of their stack, and put back, for every token."""
    kind = LanguageModelConfig
    MODELS[kind] = MODELS[kind]._replace(unstack=lambda config, params, carry: (config, params, carry))


def _in_place() -> None:
    """A cache's one new entry by itself."""

    def write_slots(cache: Array, new: Array, slot: Array) -> Array:
        return cache.at[jnp.arange(len(slot))[:, None], :, slot].set(new.swapaxes(1, 2), mode="drop")

    _patch(attention_caches, write_slots=write_slots)


def _divided_rows() -> None:
    """All rows of a text on one core."""
    _patch(decode, shard_rows=lambda function, shared, rows: function(shared, rows))


def _patch(module: ModuleType, **values: Callable[..., Any] | int) -> None:
    """Other values for names that a module has, in this process alone."""
    assert values.keys() <= vars(module).keys(), f"{module.__name__} has no {', '.join(values.keys() - vars(module).keys())}"
    vars(module).update(values)


WITHOUT: dict[str, Callable[[], None]] = {
    "tricks/walls": _walls,
    "tricks/narrow": _narrow,
    "tricks/unrolled": _unrolled,
    "tricks/shared_batch": _shared_batch,
    "tricks/whole_batch": _whole_batch,
    "tricks/steps_a_call": lambda: None,  # `prepare` takes the steps one by one
    "tricks/donated": _donated,
    "tricks/recurrence": _recurrence,
    "tricks/unstacked": _unstacked,
    "tricks/in_place": _in_place,
    "tricks/divided_rows": _divided_rows,
    "lanes/lstm": _lanes,
    "lanes/transformer": _lanes,
}


def _single_steps(run: Callable[[int], None]) -> Callable[[int], None]:
    """One step a call, looked at before the next."""

    def calls(units: int) -> None:
        for _ in range(units):
            run(1)

    return calls
