"""Greedy text, as `stepladder generate` draws it."""

import jax
import jax.numpy as jnp
import numpy as np

from research.bench import weights
from research.bench.ours.configs import config_of
from research.bench.registry import Case
from research.bench.sizes import Generation
from research.bench.work import Work
from research.config.decoding import Greedy
from research.models import MODELS
from research.models.decode import advance, draw
from research.models.language_model import LanguageModel


def prepare(case: Case, side: str) -> Work:
    """A unit is `tokens` tokens of every row."""
    assert isinstance(case.sizes, Generation)
    return work_of(case.sizes)


def work_of(sizes: Generation) -> Work:
    """A unit is `tokens` tokens of every row."""
    params, prompt = parameters(sizes), jnp.asarray(weights.prompts(sizes))

    def run(units: int) -> None:
        for _ in range(units):
            generate(sizes, params, prompt)

    return Work(run)


def generate(sizes: Generation, params: LanguageModel, prompt: jax.Array) -> np.ndarray:
    """The tokens after the prompts, [rows, tokens]."""
    config, capacity = config_of(sizes.model).model, sizes.prompt + sizes.tokens
    carry = MODELS[type(config)].empty(config, len(prompt), capacity, sizes.model.vocabulary)
    carry, logits = advance(config, params, carry, prompt, jnp.ones(prompt.shape, bool))
    drawn = draw(config, params, carry, logits, jax.random.key(0), decoder=Greedy(), steps=sizes.tokens, end=None)
    return np.asarray(drawn.tokens)


def parameters(sizes: Generation) -> LanguageModel:
    """The drawn weights in the places of our model."""
    config, arrays = config_of(sizes.model).model, {name: jnp.asarray(value) for name, value in weights.draw(sizes).items()}
    model = MODELS[type(config)]
    params = model.init(config, jax.random.key(0), sizes.model.vocabulary, sizes.prompt + sizes.tokens)
    (block,) = params.blocks
    block = block.replace(
        mixer=block.mixer.replace(project=arrays["project"], out=arrays["out"]),
        feed_forward=block.feed_forward.replace(up=arrays["up"], down=arrays["down"]),
    )
    return params.replace(embedding=arrays["embedding"], position=arrays["position"], blocks=(block,))
