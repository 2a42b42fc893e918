"""The words of a paper card: what was published or claimed, committed before the run that is judged."""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from research.config.errors import StepladderError
from research.config.node import Node, Strings
from research.config.plain import Json, Tree
from research.config.validation_errors import explain
from research.runs.measures import direction

Label = str | dict[str, Any]


class NumberCard(Node):
    """A number that was published, and how near ours must come."""

    kind: Literal["number"]
    label: Label
    metric: str
    published: float
    tolerance: float | None = Field(default=None, ge=0)  # in the metric's own unit
    relative_tolerance: float | None = Field(default=None, ge=0)  # as a share of the published number
    source: str
    deviations: Strings = ()  # of our protocol from theirs
    amended: str = ""  # why the card was changed after it had been written, if it was

    @model_validator(mode="after")
    def _one_tolerance(self) -> "NumberCard":
        if (self.tolerance is None) == (self.relative_tolerance is None):
            raise ValueError("a number needs either tolerance or relative_tolerance")
        return self


class OrderCard(Node):
    """A claim that one row is better than another; the significance tests decide it."""

    kind: Literal["order"]
    claim: str
    better: Label
    worse: Label
    metric: str
    direction: Literal["higher", "lower"] | None = None  # which is better, of a metric that does not say so itself
    source: str
    deviations: Strings = ()
    amended: str = ""

    @property
    def sign(self) -> int:
        """1 where the better row is higher, -1 where it is lower, 0 where neither the card nor its metric says."""
        return direction(self.metric) if self.direction is None else 1 if self.direction == "higher" else -1


class _Bounded(Node):
    """What claims about a bound have."""

    claim: str
    source: str = ""
    deviations: Strings = ()
    amended: str = ""
    at_most: float | None = None
    at_least: float | None = None

    @model_validator(mode="after")
    def _needs_bound(self) -> "_Bounded":
        if self.at_most is None and self.at_least is None:
            raise ValueError("a bound needs at_most, at_least or both")
        return self


class FloorCard(_Bounded):
    """A claim that a row's mean lies within a bound."""

    kind: Literal["floor"]
    label: Label
    metric: str


class Quantity(Node):
    """One row's metric."""

    label: Label
    metric: str


class RatioCard(_Bounded):
    """A claim that the ratio of two means lies within a bound."""

    kind: Literal["ratio"]
    numerator: Quantity
    denominator: Quantity


Card = Annotated[NumberCard | OrderCard | FloorCard | RatioCard, Field(discriminator="kind")]


class _CardEntry(Node):
    card: Card


def read_cards(entries: Sequence[Mapping[str, Json]], where: str = "expected.json") -> tuple[Card, ...]:
    """The cards, checked. StepladderError names the entry, what is wrong with it, and the nearest right key."""
    if not isinstance(entries, list | tuple) or not all(isinstance(entry, dict) for entry in entries):
        raise StepladderError(f'{where} must be a list of cards, such as [{{"kind": "number", "label": "lstm", ...}}].')
    return tuple(_read_card(entry, f"{where}, card {number}") for number, entry in enumerate(entries, start=1))


def _read_card(entry: Mapping[str, Json], where: str) -> Card:
    tree: Tree = {"card": {key: tuple(item) if isinstance(item, list) else item for key, item in entry.items()}}
    try:
        return _CardEntry.model_validate(tree).card
    except ValidationError as error:
        message = explain(error, _CardEntry, tree, lambda _: where).replace("`card`: ", "").replace("card.", "")
        raise StepladderError(re.sub(r", or \w+=\.\.\. on the command line", "", message)) from None
