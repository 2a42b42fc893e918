"""Random numbers by which the cut of a text varies."""

from collections.abc import Iterator

import numpy as np


def seeded_generator(seed: int, step: int) -> np.random.Generator:
    """Random numbers that are a function of (seed, step) alone."""
    return np.random.default_rng((seed, step))


def uniform_numbers(rng: np.random.Generator) -> Iterator[float]:
    """Numbers from [0, 1), without end; made by the handful, since one at a time they cost more than what is done with them."""
    while True:
        yield from rng.random(64).tolist()
