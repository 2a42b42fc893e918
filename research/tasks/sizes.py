"""What a model must know of its data before it has parameters."""

from typing import NamedTuple

from research.config.encoder_decoder import EncoderDecoderConfig
from research.config.schema import Model


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


def init_sizes(model: Model, sizes: Sizes) -> tuple[int, ...]:
    """What `init` of a model is given: the number of outputs where its head has its own, and the sides where there is an encoder."""
    if isinstance(model, EncoderDecoderConfig):
        return sizes.vocabulary, sizes.length - sizes.source, sizes.source, sizes.targets, sizes.first_source
    return sizes[:3] if sizes.outputs else sizes[:2]
