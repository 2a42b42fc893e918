"""A run's text: its config and parameters from its folder, prompts, and the tokens that follow them."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from research.classic import ngram
from research.config.data import Text as Corpus
from research.config.decoding import Beam, Decoder, Sample
from research.config.encoder_decoder import EncoderDecoder
from research.config.errors import StepladderError
from research.config.model import Interpolation, NGram
from research.config.pairs import Rewrite, TextPairs
from research.config.schema import check_seed
from research.config.unicode import argument_text
from research.data.dataset import Dataset
from research.data.pairs import SEPARATOR, decode_target, encode_source
from research.launch.lines import lines_of
from research.launch.open_run import OpenRun
from research.launch.plan import sizes
from research.launch.reach import check_reach
from research.launch.recompute import recompute_ms
from research.models.beam import search
from research.models.choose import choose, keys_of
from research.models.decode import draw, without_end
from research.tasks.translating import begin

MULTIPLE = 16  # prompts are padded to a multiple of it, so that prompts of nearly one length share a compiled program


class Request(NamedTuple):
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


class Text(NamedTuple):
    """One continuation, and its score where it was searched for."""

    tokens: np.ndarray
    score: float | None = None


class Continued(NamedTuple):
    """The texts of each prompt, the best first, and milliseconds."""

    texts: list[list[Text]]
    latency: dict[str, float]


def prompts_of(prompt: str | None, file: Path | None) -> tuple[str, ...]:
    """What the command names: one prompt, by default an empty one, or the lines of a file. Raises StepladderError for both."""
    if prompt is not None and file is not None:
        raise StepladderError("Give one of --prompt and --prompts: a text, or a file with a prompt a line.")
    return (argument_text(prompt or ""),) if file is None else tuple(lines_of("--prompts", file, "a prompt"))


def generate(run: OpenRun, asked: Request) -> dict[str, Any]:
    """Each prompt's continuation, in `texts`.

    `latency_ms`: `first`, of reading the prompts up to the logits of the first token, and `each_later`, of one token of every row.
    """
    config, data = run.config, run.data
    check_seed(asked.seed, "--seed")
    if not isinstance(config.data, Corpus | TextPairs | Rewrite):
        raise StepladderError(
            f"{run.cell_id} was trained on {config.data.kind}, which is no text to go on from or to translate; name a run on text or pairs."
        )
    if isinstance(config.model, Interpolation):
        raise StepladderError(f"{run.cell_id} is an interpolation, which scores text and draws none; name one of its parts.")
    if asked.recompute and data.sides:
        raise StepladderError("--recompute compares with reading a text again, and a translation has a source besides; leave it out.")
    decoder = asked.decoder or (config.decode if data.sides else Sample(kind="sample"))
    asked = asked._replace(decoder=decoder)
    ids = [_numbers(data, prompt) for prompt in asked.prompts]
    end = data.eos if asked.until_end or data.sides else None
    found = (_from_counts if isinstance(config.model, NGram) else _from_model)(run, ids, end, asked)
    shown = [_shown(data, prompt, texts) for prompt, texts in zip(asked.prompts, found.texts, strict=True)]
    return {"cell_id": run.cell_id, "decoder": decoder.model_dump(), "texts": shown, "latency_ms": found.latency}


def _numbers(data: Dataset, prompt: str) -> np.ndarray:
    """What a model reads of a prompt: the line's end and the text; of pairs the source and <sep>."""
    if data.sides:
        return np.append(encode_source(data.vocabulary, data.sides, prompt), data.vocabulary.types.index(SEPARATOR)).astype(np.int32)
    return np.array([data.eos, *(data.vocabulary.encode(prompt) if prompt else ())], np.int32)


def _shown(data: Dataset, prompt: str, texts: list[Text]) -> dict[str, Any]:
    """The best text of a prompt; of a search also the n best with their scores."""
    said = partial(decode_target, data.vocabulary, data.sides) if data.sides else data.vocabulary.decode
    each = [{"text": said(text.tokens), "tokens": len(text.tokens)} for text in texts]
    scored = [shown | {"score": text.score} for shown, text in zip(each, texts, strict=True)]
    return {"prompt": prompt, **each[0]} | ({} if texts[0].score is None else {"n_best": scored})


def _from_model(run: OpenRun, ids: Sequence[np.ndarray], end: int | None, asked: Request) -> Continued:
    config, data = run.config, run.data
    longest = max(map(len, ids))
    source = longest - 1 if isinstance(config.model, EncoderDecoder) else 0  # what is behind it a decoder reads
    check_reach(config.model, sizes(config, data), longest - source + asked.tokens - 1, "Shorten the prompt or --tokens", source)
    params = run.parameters
    prompts, valid = padded(ids, MULTIPLE)
    if data.sides:  # <sep> is the last column
        prompts, valid = (np.stack([np.roll(row, -len(one)) for row, one in zip(a, ids, strict=True)]) for a in (prompts, valid))
    go_on = partial(_continue, config.model, params, end=end, asked=asked)

    def timed() -> tuple[list[list[Text]], float, float]:
        began = time.perf_counter()
        carry, logits = jax.block_until_ready(begin(config.model, params, prompts, valid, asked.tokens, data.vocabulary.size))
        read = time.perf_counter()
        texts, turns = go_on(carry, logits)
        return texts, read - began, (time.perf_counter() - read) / max(1, turns - 1)

    timed()
    texts, first, later = timed()
    latency = {"first": 1e3 * first, "each_later": 1e3 * later}
    if asked.recompute:
        latency["recompute"] = recompute_ms(config.model, params, len(ids), longest, asked.tokens, data.vocabulary.size)
    return Continued(texts, latency)


def padded(ids: Sequence[np.ndarray], multiple: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows of one length, a multiple of `multiple`, and where they have a token: zeros stand behind it."""
    width = -(-max(map(len, ids)) // multiple) * multiple
    tokens = np.stack([np.pad(row, (0, width - len(row))) for row in ids])
    return tokens, np.arange(width)[None] < np.array([len(row) for row in ids])[:, None]


def _continue(config: Any, params: Any, carry: Any, logits: Any, end: int | None, asked: Request) -> tuple[list[list[Text]], int]:
    """The texts, and how many turns of the loop the longest took."""
    if isinstance(asked.decoder, Beam):
        beams = jax.device_get(search(config, params, carry, logits, decoder=asked.decoder, steps=asked.tokens, end=end))
        each = zip(*beams, strict=True)
        found = [_best(tokens, lengths, scores, end, asked.n_best) for tokens, lengths, scores in each]
        return found, int(beams.lengths.max())
    key = jax.random.key(asked.seed)
    drawn = jax.device_get(draw(config, params, carry, logits, key, decoder=asked.decoder, steps=asked.tokens, end=end))
    texts = [[Text(without_end(tokens, int(length), end))] for tokens, length in zip(*drawn, strict=True)]
    return texts, int(drawn.lengths.max())


def _best(tokens: np.ndarray, lengths: np.ndarray, scores: np.ndarray, end: int | None, n: int) -> list[Text]:
    found = zip(tokens[:n], lengths[:n], scores[:n], strict=True)
    return [Text(without_end(text, int(length), end), float(score)) for text, length, score in found if np.isfinite(score)]


def _from_counts(run: OpenRun, ids: Sequence[np.ndarray], end: int | None, asked: Request) -> Continued:
    data, decoder = run.data, asked.decoder
    if isinstance(decoder, Beam):
        raise StepladderError("Beam search goes over a trained model's state; a counted n-gram takes greedy, sample, top_k or top_p.")
    if asked.recompute:
        raise StepladderError("--recompute compares with what a trained model keeps of the text before; a counted n-gram keeps nothing.")
    model, key, next_of = run.parameters, jax.random.key(asked.seed), jax.jit(choose, static_argnums=0)
    texts: list[list[Text]] = []
    first: list[float] = []
    later: list[float] = []
    next_of(decoder, jnp.zeros((1, data.vocabulary.size)), keys_of(key, jnp.zeros(1, jnp.int32), 0)).block_until_ready()
    for row, prompt in enumerate(ids):
        text = list(prompt)
        while len(text) < len(prompt) + asked.tokens and (end is None or len(text) == len(prompt) or text[-1] != end):
            began, number = time.perf_counter(), len(text) - len(prompt)
            log_p = _possible(ngram.next_log_probabilities(model, np.array(text)))
            text.append(int(next_of(decoder, jnp.asarray(log_p, jnp.float32)[None], keys_of(key, jnp.array([row]), number))[0]))
            (later if number else first).append(time.perf_counter() - began)
        drawn = np.array(text[len(prompt) :], np.int32)
        texts.append([Text(without_end(drawn, len(drawn), end))])
    return Continued(texts, {"first": 1e3 * float(np.mean(first)), "each_later": 1e3 * float(np.mean(later or [0.0]))})


def _possible(log_p: np.ndarray) -> np.ndarray:
    if not np.isfinite(log_p).any():
        raise StepladderError(
            "Maximum likelihood gives every word probability zero after this context, so nothing can be drawn; use a smoothed model."
        )
    return log_p
