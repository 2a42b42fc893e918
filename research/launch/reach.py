"""Whether a model has positions for what it is to read."""

from typing import Any

from research.config.errors import StepladderError
from research.models.decode import furthest
from research.tasks.language_modelling import Sizes


def check_reach(model: Any, known: Sizes, text: int, advice: str, source: int = 0) -> None:
    """Raises StepladderError where a text of so many tokens, or an encoder's source, goes beyond learned positions.

    `advice`: what the user can do, without a full stop.
    """
    reach = furthest(model, known.length, known.source)
    for side, needed, last in (("source", source, reach.source), ("text", text, reach.text)):
        if last is not None and needed > last:
            raise StepladderError(
                f"A {side} of {needed} tokens goes beyond the {last} learned positions of this model. {advice}, or use a model of another "
                "position: all but learned go on beyond the training length."
            )
