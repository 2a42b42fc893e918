"""Whether a model has positions for what it is to read."""

from typing import Any, NamedTuple

from research.config.errors import StepladderError
from research.data.dataset import Dataset, ExampleSplit, Split
from research.models import has_encoder
from research.models.decode import reachable_positions
from research.tasks.sizes import Sizes


def check_reach(model: Any, sizes: Sizes, text: int, advice: str, source: int = 0) -> None:
    """Raises StepladderError where a text of so many tokens, or an encoder's source, goes beyond learned positions.

    `advice`: what the user can do, without a full stop.
    """
    reach = reachable_positions(model, sizes.length, sizes.source)
    for side, needed, last in (("source", source, reach.source), ("text", text, reach.text)):
        if last is not None and needed > last:
            raise StepladderError(
                f"A {side} of {needed} tokens goes beyond the {last} learned positions of this model. {advice}, or use a model of another "
                "position: all but learned go on beyond the training length."
            )


def beyond_training(model: Any, data: Dataset) -> str:
    """Why learned positions cannot read the pairs that are scored, some of which are longer than any of training; "" where they can."""
    if not data.sides:
        return ""
    last = _longest(model, data.train)
    reach = reachable_positions(model, last.text + last.source, last.source)
    for split in ("valid", "test"):
        needed = _longest(model, getattr(data, split))
        for side, n, end in (("source", needed.source, reach.source), ("text", needed.text, reach.text)):
            if end is not None and n > end:
                return (
                    f"{split} has a {side} of {n} symbols, and learned positions end at {end}, the longest of training; use another "
                    "position, all of which go on, or take the longer pairs out"
                )
    return ""


class LongestInputs(NamedTuple):
    """Symbols that an encoder reads at most, and those that what writes reads at most."""

    source: int
    text: int


def _longest(model: Any, split: Split) -> LongestInputs:
    assert isinstance(split, ExampleSplit)
    if has_encoder(model):
        return LongestInputs(int(split.valid[:, : split.source].sum(axis=1).max()), int(split.valid[:, split.source :].sum(axis=1).max()))
    return LongestInputs(0, int(split.valid.sum(axis=1).max()))
