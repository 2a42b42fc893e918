"""What a token costs where nothing is kept: the text before it is read again."""

from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from research.models import MODELS
from research.models.decode import decode_chunk
from research.train.latency import median_ms

MULTIPLE = 32  # texts are read in lengths that are multiples of it, so that few programs are compiled


def recompute_ms(config: Any, params: PyTree, rows: int, prompt: int, tokens: int, vocabulary: int) -> float:
    """Milliseconds a token, the mean over `tokens` tokens after a prompt; of each length the median of three calls."""
    read = np.arange(prompt, prompt + tokens)
    lengths, counts = np.unique(-(-read // MULTIPLE) * MULTIPLE, return_counts=True)
    carry = MODELS[type(config)].empty(config, rows, 0, vocabulary)
    texts = [(jnp.zeros((rows, length), jnp.int32), jnp.ones((rows, length), bool)) for length in map(int, lengths)]
    times = [median_ms(partial(decode_chunk, config, params, carry, text, valid), calls=3) for text, valid in texts]
    return float(np.average(times, weights=counts))
