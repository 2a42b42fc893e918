"""How long a model takes for one more token."""

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from research.models.decode import prefill, proceed
from research.train.update import Program, initial

TOKENS = 32


def latency_ms(program: Program) -> float:
    """Milliseconds for each further token of one row after a first one, greedy, on one device: the median of five runs of a compiled loop."""
    config: Any = program.config.model
    params = jax.jit(lambda seed: initial(program.config, program.sizes, seed))(np.uint32(0))
    prompt, valid, key = jnp.zeros((1, 1), jnp.int32), jnp.ones((1, 1), bool), jax.random.key(0)
    steps = max(1, min(TOKENS, program.sizes.length - 1))
    carry, token = prefill(config, params, prompt, valid, key, capacity=steps + 1, vocabulary=program.sizes.vocabulary, temperature=0)
    times = []
    for _ in range(6):
        began = time.perf_counter()
        jax.block_until_ready(proceed(config, params, carry, token, key, steps=steps, temperature=0))
        times.append(time.perf_counter() - began)
    return 1e3 * float(np.median(times[1:])) / steps
