"""What a token costs with a cache of keys and values, and without, on this machine."""

import time

import jax
import jax.numpy as jnp
import numpy as np

from research.config.decoding import Greedy
from research.execute.environment import use_compilation_cache
from research.models import language_model
from research.models.decode import decode_chunk, generate_tokens
from research.use.recompute import recompute_ms

from .analysis import MODEL, PROMPT, TOKENS, VOCABULARY


def token_latencies() -> dict[str, float]:
    """Milliseconds of the first token and of each later one with a cache, and of each where all is read again."""
    use_compilation_cache()
    params = jax.jit(lambda key: language_model.init(MODEL, key, VOCABULARY, PROMPT + TOKENS))(jax.random.key(0))
    first, later = cached_ms(params)
    return {"first": first, "later": later, "again": float(recompute_ms(MODEL, params, 1, PROMPT, TOKENS, VOCABULARY))}


def cached_ms(params: language_model.LanguageModelParams) -> tuple[float, float]:
    """Of the first token, and of each later one: the medians of five texts, after one that compiles."""
    prompt = jnp.zeros((1, PROMPT), jnp.int32)
    start = language_model.empty(MODEL, 1, PROMPT + TOKENS, VOCABULARY)
    times = []
    for _ in range(6):
        began = time.perf_counter()
        carry, logits = jax.block_until_ready(decode_chunk(MODEL, params, start, prompt, jnp.ones(prompt.shape, bool)))
        read = time.perf_counter()
        jax.block_until_ready(generate_tokens(MODEL, params, carry, logits, jax.random.key(0), decoder=Greedy(), steps=TOKENS, end=None))
        times.append((read - began, (time.perf_counter() - read) / (TOKENS - 1)))
    first, later = np.median(times[1:], axis=0)
    return 1e3 * float(first), 1e3 * float(later)
