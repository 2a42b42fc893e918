"""The words of [experiment]: the question of a table, what asking it costs, and the control that says whether the answer counts."""

from typing import Literal

from pydantic import model_validator

from research.config.node import Node, Weight


class Control(Node):
    """A row that must pass before the others mean anything: the mean of its metric is `at_most` so much, or `at_least`.

    `floor` with a direction is the older way to say so; with "below" it is a ceiling.
    """

    label: str
    metric: str
    at_most: float | None = None
    at_least: float | None = None
    floor: float | None = None
    direction: Literal["below", "above"] | None = None

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> "Control":
        if (self.floor is None) != (self.direction is None):
            raise ValueError("a control's floor and direction need each other; at_most, or at_least, says both")
        if (self.floor is None) == (self.at_most is None and self.at_least is None):
            raise ValueError("a control needs at_most or at_least, or in their place floor with its direction")
        return self

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """The least and the greatest mean that pass."""
        above, below = (self.floor if self.direction == side else None for side in ("above", "below"))
        return (above if self.at_least is None else self.at_least), (below if self.at_most is None else self.at_most)


class Experiment(Node):
    """One question, asked by one table."""

    question: str
    cost: str = ""
    control: Control | None = None
    spread: Weight = 0.0  # how far processors move its numbers, as a share (scripts/matrix.py); what turns by as much is undecided
