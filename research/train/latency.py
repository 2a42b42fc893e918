"""How long a model takes for one more token, or for one sentence."""

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from research.config.decoding import Greedy
from research.models.decode import generate_tokens
from research.tasks.language_modelling import class_logits
from research.tasks.translating import prefill
from research.train.update import Program, abstract_state

TOKENS = 32


def latency_ms(program: Program) -> float:
    """Milliseconds for each further token of one row, greedy, on one device; of a classifier, for one sentence of the training length.

    The median of five runs: of a compiled loop over 32 tokens, or of one call.
    """
    config: Any = program.config.model
    params = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), abstract_state(program)[1].params)
    if program.sizes.classes:
        tokens = jnp.zeros((1, program.sizes.length), jnp.int32)
        return median_ms(lambda: class_logits(config, params, tokens, jnp.ones(tokens.shape, bool)))
    steps = min(TOKENS, program.sizes.length)
    prompt = jnp.full((1, program.sizes.source + 1), program.sizes.first_source, jnp.int32)
    carry, logits = prefill(config, params, prompt, jnp.ones(prompt.shape, bool), steps, program.sizes.vocabulary)
    options = {"decoder": Greedy(), "steps": steps + 1, "end": None}  # the first is chosen by the logits that are given
    return median_ms(lambda: generate_tokens(config, params, carry, logits, jax.random.key(0), **options)) / steps


def median_ms(call: Callable[[], Any], calls: int = 5) -> float:
    """Of so many calls, after one that compiles."""
    times = []
    for _ in range(1 + calls):
        began = time.perf_counter()
        jax.block_until_ready(call())
        times.append(time.perf_counter() - began)
    return 1e3 * float(np.median(times[1:]))
