"""Texts that go on after prompts: from a trained model, and from counts.

Both have one form, (run, the symbols of each prompt, the symbol that ends a text or None, what is asked for) -> GenerationResult.
"""

import time
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from research.classic import ngram
from research.config.decoding import Decoder
from research.config.errors import StepladderError
from research.models import has_encoder
from research.models.beam import beam_search
from research.models.decode import generate_tokens, without_end
from research.models.sampling import choose_symbols, sampling_keys
from research.plan.position_limits import check_reach
from research.tasks.registry import model_sizes
from research.tasks.translating import prefill
from research.use.finished_run import FinishedRun
from research.use.recompute import recompute_ms

MULTIPLE = 16  # prompts are padded to a multiple of it, so that prompts of nearly one length share a compiled program


class GenerationRequest(NamedTuple):
    """What is asked of a run: the continuations of its prompts; of a run on pairs the prompts are sources, to be translated.

    `decoder` None: that of the config's [decode] where there is one, else `sample`. `recompute`: also the time of a token where nothing is
    kept.
    """

    prompts: tuple[str, ...]
    tokens: int
    decoder: Decoder | None
    n_best: int = 1
    until_end: bool = False  # a text stops at its end symbol; else it goes on over it
    recompute: bool = False
    seed: int = 0


class GeneratedText(NamedTuple):
    """One continuation, and its score where it was searched for."""

    tokens: np.ndarray
    score: float | None = None


class GenerationResult(NamedTuple):
    """The texts of each prompt, the best first, and milliseconds."""

    texts: list[list[GeneratedText]]
    latency: dict[str, float]


def continue_by_model(run: FinishedRun, ids: Sequence[np.ndarray], end: int | None, request: GenerationRequest) -> GenerationResult:
    """By a trained model's state; the second of two runs is timed."""
    config, data = run.config, run.data
    longest = max(map(len, ids))
    source = longest - 1 if has_encoder(config.model) else 0  # what is behind it a decoder reads
    check_reach(config.model, model_sizes(config, data), longest - source + request.tokens - 1, "Shorten the prompt or --tokens", source)
    params = run.parameters
    prompts, valid = pad_prompts(ids, MULTIPLE)
    if data.sides:  # <sep> is the last column
        prompts, valid = (
            np.stack([np.roll(row, -len(prompt_ids)) for row, prompt_ids in zip(array, ids, strict=True)]) for array in (prompts, valid)
        )
    decode_texts = partial(_decode, config.model, params, end=end, request=request)

    def timed() -> tuple[list[list[GeneratedText]], float, float]:
        began = time.perf_counter()
        carry, logits = jax.block_until_ready(prefill(config.model, params, prompts, valid, request.tokens, data.vocabulary.size))
        read = time.perf_counter()
        texts, steps = decode_texts(carry, logits)
        return texts, read - began, (time.perf_counter() - read) / max(1, steps - 1)

    timed()
    texts, first, later = timed()
    latency = {"first": 1e3 * first, "each_later": 1e3 * later}
    if request.recompute:
        latency["recompute"] = recompute_ms(config.model, params, len(ids), longest, request.tokens, data.vocabulary.size)
    return GenerationResult(texts, latency)


def pad_prompts(ids: Sequence[np.ndarray], multiple: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of one length, a multiple of `multiple`, and where they have a token: zeros stand behind it."""
    width = -(-max(map(len, ids)) // multiple) * multiple
    tokens = np.stack([np.pad(row, (0, width - len(row))) for row in ids])
    return tokens, np.arange(width)[None] < np.array([len(row) for row in ids])[:, None]


def _decode(
    config: Any, params: PyTree, carry: PyTree, logits: Any, end: int | None, request: GenerationRequest
) -> tuple[list[list[GeneratedText]], int]:
    """The texts, and how many steps of the loop the longest took."""
    assert request.decoder is not None, "a request without a decoder has been given one"
    if request.decoder.strategy == "search":
        beams = jax.device_get(beam_search(config, params, carry, logits, decoder=request.decoder, steps=request.tokens, end=end))
        beams_by_prompt = zip(*beams, strict=True)
        texts = [_n_best(tokens, lengths, scores, end, request.n_best) for tokens, lengths, scores in beams_by_prompt]
        return texts, int(beams.lengths.max())
    key = jax.random.key(request.seed)
    drawn = jax.device_get(generate_tokens(config, params, carry, logits, key, decoder=request.decoder, steps=request.tokens, end=end))
    texts = [[GeneratedText(without_end(tokens, int(length), end))] for tokens, length in zip(*drawn, strict=True)]
    return texts, int(drawn.lengths.max())


def _n_best(tokens: np.ndarray, lengths: np.ndarray, scores: np.ndarray, end: int | None, n: int) -> list[GeneratedText]:
    candidates = zip(tokens[:n], lengths[:n], scores[:n], strict=True)
    return [GeneratedText(without_end(text, int(length), end), float(score)) for text, length, score in candidates if np.isfinite(score)]


def continue_by_counts(run: FinishedRun, ids: Sequence[np.ndarray], end: int | None, request: GenerationRequest) -> GenerationResult:
    """By the n-grams of each text so far."""
    data, decoder = run.data, request.decoder
    assert decoder is not None, "a request without a decoder has been given one"
    if decoder.strategy == "search":
        raise StepladderError("Beam search goes over a trained model's state; a counted n-gram takes greedy, sample, top_k or top_p.")
    if request.recompute:
        raise StepladderError("--recompute compares with what a trained model keeps of the text before; a counted n-gram keeps nothing.")
    model, key, choose_next = run.parameters, jax.random.key(request.seed), jax.jit(choose_symbols, static_argnums=0)
    texts: list[list[GeneratedText]] = []
    first: list[float] = []
    later: list[float] = []
    choose_next(decoder, jnp.zeros((1, data.vocabulary.size)), sampling_keys(key, jnp.zeros(1, jnp.int32), 0)).block_until_ready()
    for row, prompt in enumerate(ids):
        text = list(prompt)
        while len(text) < len(prompt) + request.tokens and (end is None or len(text) == len(prompt) or text[-1] != end):
            began, number = time.perf_counter(), len(text) - len(prompt)
            log_p = _check_drawable(ngram.next_log_probabilities(model, np.array(text)))
            text.append(int(choose_next(decoder, jnp.asarray(log_p, jnp.float32)[None], sampling_keys(key, jnp.array([row]), number))[0]))
            (later if number else first).append(time.perf_counter() - began)
        drawn = np.array(text[len(prompt) :], np.int32)
        texts.append([GeneratedText(without_end(drawn, len(drawn), end))])
    return GenerationResult(texts, {"first": 1e3 * float(np.mean(first)), "each_later": 1e3 * float(np.mean(later or [0.0]))})


def _check_drawable(log_p: np.ndarray) -> np.ndarray:
    if not np.isfinite(log_p).any():
        raise StepladderError(
            "Maximum likelihood gives every word probability zero after this context, so nothing can be drawn; use a smoothed model."
        )
    return log_p
