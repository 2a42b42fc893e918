"""Limits of [data] on how much of a split is used."""

from typing import Literal

from research.config.errors import StepladderError


def checked_limit(key: str, limit: int | Literal["all"], available: int, what: str) -> int:
    """How many of the `available` are used.

    Raises StepladderError for a limit that leaves nothing out: it would be one run under two ids, and two equal points of a learning curve.
    """
    if limit == "all":
        return available
    if limit >= available:
        raise StepladderError(
            f"data.{key} = {limit} leaves nothing out: there are {available} {what}. Set a number below that, or leave the word out "
            "for all of them."
        )
    return limit
