"""The seeds of a run, as a file says them."""

from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field

from research.config.errors import StepladderError
from research.config.node import MAX_SEED, Seed

MOST_SEEDS = 10_000


Given = TypeVar("Given")


def _seeds(value: Given) -> Given | tuple[int, ...]:
    """5 means the seeds 0..4."""
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 1:
            raise ValueError("seeds must be at least 1, or a list of seeds")
        if value > MOST_SEEDS:
            raise ValueError(
                f"seeds = {value} asks for as many runs of each cell, the seeds 0 .. {value - 1}; the most is {MOST_SEEDS}. One seed is "
                f"written in brackets, and the greatest is {MAX_SEED}"
            )
        return tuple(range(value))
    return tuple(value) if isinstance(value, list) else value


def _each_once(seeds: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(seeds)) < len(seeds):
        raise ValueError("a seed is named twice")
    return seeds


SeedsInFile = Annotated[int, Field(ge=1, le=MOST_SEEDS)] | Annotated[tuple[Seed, ...], Field(min_length=1)]


Seeds = Annotated[
    tuple[Seed, ...], Field(min_length=1), BeforeValidator(_seeds, json_schema_input_type=SeedsInFile), AfterValidator(_each_once)
]


def check_seed(seed: int | None, where: str) -> None:
    """Raises StepladderError for a number that no run could have as its seed."""
    if seed is not None and not 0 <= seed <= MAX_SEED:
        raise StepladderError(f"{where} {seed} is no seed: a seed is a whole number from 0 to {MAX_SEED}.")
