"""Greedy text, as `stepladder generate` draws it."""

import jax
import jax.numpy as jnp
import numpy as np

from research.bench import weights
from research.bench.benchmarks import Case
from research.bench.ours.configs import benchmark_config
from research.bench.sizes import GenerationSizes
from research.bench.work import Work
from research.config.decoding import Greedy
from research.models import MODELS
from research.models.decode import decode_chunk, generate_tokens
from research.models.language_model import LanguageModelParams


def prepare(case: Case, side: str) -> Work:
    """A unit is `tokens` tokens of every row."""
    assert isinstance(case.sizes, GenerationSizes)
    return generation_work(case.sizes)


def generation_work(sizes: GenerationSizes) -> Work:
    """A unit is `tokens` tokens of every row."""
    params, prompt = language_model_parameters(sizes), jnp.asarray(weights.draw_prompts(sizes))

    def run(units: int) -> None:
        for _ in range(units):
            generate_greedily(sizes, params, prompt)

    return Work(run)


def generate_greedily(sizes: GenerationSizes, params: LanguageModelParams, prompt: jax.Array) -> np.ndarray:
    """The tokens after the prompts, [rows, tokens]."""
    config, capacity = benchmark_config(sizes.model).model, sizes.prompt + sizes.tokens
    carry = MODELS[type(config)].empty(config, len(prompt), capacity, sizes.model.vocabulary)
    carry, logits = decode_chunk(config, params, carry, prompt, jnp.ones(prompt.shape, bool))
    drawn = generate_tokens(config, params, carry, logits, jax.random.key(0), decoder=Greedy(), steps=sizes.tokens, end=None)
    return np.asarray(drawn.tokens)


def language_model_parameters(sizes: GenerationSizes) -> LanguageModelParams:
    """The drawn weights in the places of our model."""
    config, arrays = (
        benchmark_config(sizes.model).model,
        {name: jnp.asarray(value) for name, value in weights.random_weights(sizes).items()},
    )
    model = MODELS[type(config)]
    params = model.init(config, jax.random.key(0), sizes.model.vocabulary, sizes.prompt + sizes.tokens)
    (block,) = params.blocks
    block = block.replace(
        mixer=block.mixer.replace(project=arrays["project"], out=arrays["out"]),
        feed_forward=block.feed_forward.replace(up=arrays["up"], down=arrays["down"]),
    )
    return params.replace(embedding=arrays["embedding"], position=arrays["position"], blocks=(block,))
