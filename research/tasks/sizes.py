"""What a model must know of its data before it has parameters."""

from typing import NamedTuple

from research.config.schema import Model
from research.models import MODELS


class Sizes(NamedTuple):
    """How many symbols are read, how many tokens a training window has, and how many outputs a head has that predicts no read symbol.

    Of pairs also how many of the tokens are the source's, how many symbols are the target's, and the number of the source's first.
    """

    vocabulary: int
    length: int
    outputs: int = 0  # classes, tags, or the symbols that may stand behind a mask
    source: int = 0
    targets: int = 0
    first_source: int = 0

    @property
    def text(self) -> int:
        """Tokens that follow the source."""
        return self.length - self.source


def init_sizes(model: Model, sizes: Sizes) -> tuple[int, ...]:
    """What `init` and `flops` of a model are given."""
    return tuple(getattr(sizes, name) for name in MODELS[type(model)].sizes)
