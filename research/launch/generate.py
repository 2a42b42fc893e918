"""A run's text: its config and parameters from its folder, a prompt, and the tokens that follow."""

import time
import tomllib
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from research.classic import archive, ngram
from research.config.data import Text
from research.config.errors import StepladderError
from research.config.model import Interpolation, NGram
from research.config.schema import Config
from research.data.dataset import Dataset
from research.data.load import load
from research.launch.plan import sizes
from research.models.decode import furthest, prefill, proceed
from research.results import store
from research.tasks.language_modelling import init
from research.train import checkpoint


def draw(run: store.Run, prompt: str, tokens: int, temperature: float, seed: int, data_dir: Path | None) -> dict[str, Any]:
    """The prompt's continuation; `latency_ms`: of the first token, which reads the prompt, and of each later one."""
    config = Config.model_validate(tomllib.loads((run.folder / "config.toml").read_text()))
    data, folder = load(config.data, data_dir), run.seed_folder()
    if not isinstance(config.data, Text):
        raise StepladderError(f"{run.cell_id} was trained on {config.data.kind}, which is no text to go on from; name a run on text.")
    if isinstance(config.model, Interpolation):
        raise StepladderError(f"{run.cell_id} is an interpolation, which scores text and draws none; name one of its parts.")
    if store.status_of(folder) != "done":
        raise StepladderError(f"{folder} is not done, so it has no parameters to draw from; run it to its end first.")
    ids = np.array([data.eos, *data.vocabulary.encode(prompt)] if prompt else [data.eos], np.int32)
    counted = isinstance(config.model, NGram)
    drawn, first, later = (
        _from_counts(folder, ids, tokens, temperature, seed)
        if counted
        else _from_model(config, data, folder, ids, tokens, temperature, seed)
    )
    latency = {"first": 1e3 * first, "each_later": 1e3 * later / max(1, tokens - 1)}
    return {"cell_id": run.cell_id, "prompt": prompt, "text": data.vocabulary.decode(drawn), "tokens": len(drawn), "latency_ms": latency}


def _from_model(
    config: Config, data: Dataset, folder: Path, ids: np.ndarray, tokens: int, temperature: float, seed: int
) -> tuple[np.ndarray, float, float]:
    last = furthest(config.model, sizes(config, data).length)
    if last is not None and len(ids) + tokens - 1 > last:
        raise StepladderError(
            f"{len(ids)} prompt tokens and {tokens} new ones go beyond the {last} learned positions of this model. "
            "Shorten the prompt or --tokens; sinusoidal, rotary, alibi, t5 and none go on beyond the training length."
        )
    template = jax.eval_shape(lambda: init(config, sizes(config, data), jax.random.key(0)))
    params = jax.device_put(checkpoint.restore(folder / "checkpoints", checkpoint.FINAL, template))
    words = {"capacity": len(ids) + tokens, "vocabulary": data.vocabulary.size, "temperature": temperature}
    key, prompt, valid = jax.random.key(seed), jnp.asarray(ids)[None], jnp.ones((1, len(ids)), bool)

    def timed() -> tuple[np.ndarray, float, float]:
        began = time.perf_counter()
        carry, token = jax.block_until_ready(prefill(config.model, params, prompt, valid, key, **words))
        read = time.perf_counter()
        rest = (
            proceed(config.model, params, carry, token, key, steps=tokens - 1, temperature=temperature)[1]
            if tokens > 1
            else jnp.zeros((1, 0), jnp.int32)
        )
        drawn = np.concatenate([np.asarray(token), np.asarray(rest)[0]])
        return drawn, read - began, time.perf_counter() - read

    timed()
    return timed()


def _from_counts(folder: Path, ids: np.ndarray, tokens: int, temperature: float, seed: int) -> tuple[np.ndarray, float, float]:
    model = archive.load(folder / "model.npz")
    rng, drawn, times = np.random.default_rng(seed), list(ids), []
    for _ in range(tokens):
        began = time.perf_counter()
        log_p = ngram.next_log_probabilities(model, np.array(drawn))
        drawn.append(int(log_p.argmax()) if temperature == 0 else _sample(log_p / temperature, rng))
        times.append(time.perf_counter() - began)
    return np.array(drawn[len(ids) :]), times[0], sum(times[1:])


def _sample(log_p: np.ndarray, rng: np.random.Generator) -> int:
    if not np.isfinite(log_p).any():
        raise StepladderError(
            "Maximum likelihood gives every word probability zero after this context, so nothing can be drawn; use a smoothed model."
        )
    p = np.exp(log_p - log_p.max())
    return int(rng.choice(len(p), p=p / p.sum()))
