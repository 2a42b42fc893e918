"""Random symbols and what becomes of them: pairs whose true alignment is known."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from jaxtyping import Int

from research.config.pairs import Rewrite
from research.data.dataset import PairTexts
from research.data.synthetic import split_rng

Task = Literal["copy", "reverse", "sort"]
ALIGNMENTS: dict[Task, Callable[[Int[np.ndarray, " n"]], Int[np.ndarray, " n"]]] = {
    "copy": lambda source: np.arange(len(source)),
    "reverse": lambda source: np.arange(len(source))[::-1],
    "sort": lambda source: np.argsort(source, kind="stable"),
}


def true_alignment(task: Task, source: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """The source position that each target position is a copy of: target = source[alignment]. `source`: symbols in their order.

    sort: of equal symbols the first comes first, `2 0 2` -> 1 0 2.
    """
    return ALIGNMENTS[task](source)


def symbol_names(config: Rewrite) -> tuple[str, ...]:
    """s0, s1, ..."""
    return tuple(f"s{number}" for number in range(config.symbols))


def draw_rewrite(config: Rewrite, split: str) -> PairTexts:
    """`<split>_pairs` pairs; the length is uniform in shortest..longest. Short ones are in several splits by their nature."""
    rng, n = split_rng(split), getattr(config, f"{split}_pairs")
    symbols = rng.integers(config.symbols, size=(n, config.longest))
    length = rng.integers(config.shortest, config.longest + 1, size=n)
    sources = [row[:size] for row, size in zip(symbols, length, strict=True)]
    names = symbol_names(config)
    spelled = lambda numbers: " ".join(names[number] for number in numbers)
    return PairTexts(
        tuple(spelled(source) for source in sources), tuple(spelled(source[true_alignment(config.task, source)]) for source in sources)
    )
