"""How long a model takes for one more token, or for one row."""

import time
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from research.tasks.registry import task_of
from research.train.update import Program, abstract_state


def latency_ms(program: Program) -> float:
    """Milliseconds for each further token of one row, greedy, on one device; of a model that reads whole rows, for one of training length.

    The median of five runs: of a compiled loop over tokens, or of one call.
    """
    config = program.config
    params = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), abstract_state(program)[1].params)
    call, steps = task_of(config).call(config.model, params, program.sizes)
    return median_ms(call) / steps


def median_ms(call: Callable[[], PyTree], calls: int = 5) -> float:
    """Of so many calls, after one that compiles."""
    times = []
    for _ in range(1 + calls):
        began = time.perf_counter()
        jax.block_until_ready(call())
        times.append(time.perf_counter() - began)
    return 1e3 * float(np.median(times[1:]))
