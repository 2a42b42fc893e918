"""What the report of decoding adds: what a token costs with a cache of keys and values, and without."""

import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from research.config.decoding import Greedy
from research.config.mixer import AttentionConfig, Sinusoidal
from research.config.model import LanguageModelConfig
from research.execute.environment import use_compilation_cache
from research.models import language_model
from research.models.decode import decode_chunk, generate_tokens
from research.report.sheets import Heading, Sheet, StyledText
from research.report.section import Section
from research.use.recompute import recompute_ms

MODEL = LanguageModelConfig(kind="language_model", layers=4, width=128, position=Sinusoidal(kind="sinusoidal"), mixer=AttentionConfig())
VOCABULARY, PROMPT, TOKENS = 1000, 16, 256
TEXT = (
    f"<p>A Transformer of {MODEL.layers} layers, {MODEL.width} wide, with {VOCABULARY:,} symbols and parameters as they are drawn, writes "
    f"{TOKENS} tokens greedily after a prompt of {PROMPT}, one row, on this machine. With a cache the first token reads the prompt, and "
    "each later one is a chunk of one. Without, the whole text is read again for every token.</p>"
)


def analyse(manifest: dict[str, Any], runs_dir: Path, data_dir: Path | None) -> tuple[Section, ...]:
    """One table of milliseconds."""
    use_compilation_cache()
    params = jax.jit(lambda key: language_model.init(MODEL, key, VOCABULARY, PROMPT + TOKENS))(jax.random.key(0))
    first, later = cached_ms(params)
    again = recompute_ms(MODEL, params, 1, PROMPT, TOKENS, VOCABULARY)
    rows = (
        (
            StyledText("with a cache"),
            StyledText(f"{first:.2f}"),
            StyledText(f"{later:.3f}"),
            StyledText(f"{first + later * (TOKENS - 1):.0f}"),
        ),
        (StyledText("reading again"), StyledText(""), StyledText(f"{again:.3f}"), StyledText(f"{again * TOKENS:.0f}")),
    )
    heads = (Heading("", numeric=False), Heading("first token, ms"), Heading("each later token, ms"), Heading(f"{TOKENS} tokens, ms"))
    notes = (f"Of {TOKENS} tokens the cache is {again * TOKENS / (first + later * (TOKENS - 1)):.1f} times as quick.",)
    return (Section("What a token costs", TEXT, Sheet("Latency", heads, rows, 1, notes)),)


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
