"""A text that a language model writes while it is trained, for a person who watches."""

import jax
import numpy as np
from jaxtyping import PyTree

from research.config.decoding import TemperatureSampling
from research.config.schema import Config
from research.models.decode import generate_tokens
from research.tasks.translating import prefill
from research.text.vocabulary import Vocabulary

SAMPLING = TemperatureSampling(kind="sample")


def sample_text(config: Config, params: PyTree, vocabulary: Vocabulary, eos: int | None) -> str:
    """`run.sample_tokens` tokens after a line's end, or after the first symbol of a text without lines.

    They are drawn at temperature 1, always with the same random numbers.
    """
    rows, valid = np.full((1, 1), eos or 0, np.int32), np.ones((1, 1), bool)
    carry, logits = prefill(config.model, params, rows, valid, config.run.sample_tokens, vocabulary.size)
    key = jax.random.key(0)
    drawn = generate_tokens(config.model, params, carry, logits, key, decoder=SAMPLING, steps=config.run.sample_tokens, end=None)
    return vocabulary.decode([int(token) for token in np.asarray(drawn.tokens)[0]])
