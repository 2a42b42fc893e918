"""What a token costs where nothing is kept: the text before it is read again."""

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from research.models import MODELS
from research.models.decode import advance

MULTIPLE = 32  # texts are read in lengths that are multiples of it, so that few programs are compiled


def recompute_ms(config: Any, params: Any, rows: int, prompt: int, tokens: int, vocabulary: int) -> float:
    """Milliseconds a token, the mean over `tokens` tokens after a prompt; of each length the median of three calls."""
    read = np.arange(prompt, prompt + tokens)
    lengths, counts = np.unique(-(-read // MULTIPLE) * MULTIPLE, return_counts=True)
    carry = MODELS[type(config)].empty(config, rows, 0, vocabulary)
    return float(np.average([_median_ms(config, params, carry, rows, int(length)) for length in lengths], weights=counts))


def _median_ms(config: Any, params: Any, carry: Any, rows: int, length: int) -> float:
    """Of three calls, after one that compiles."""
    text, valid, times = jnp.zeros((rows, length), jnp.int32), jnp.ones((rows, length), bool), []
    for _ in range(4):
        began = time.perf_counter()
        jax.block_until_ready(advance(config, params, carry, text, valid))
        times.append(time.perf_counter() - began)
    return 1e3 * float(np.median(times[1:]))
