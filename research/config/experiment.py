"""The words of [experiment]: the question of a table, what asking it costs, and the control that says whether the answer counts."""

from typing import Literal

from research.config.node import Node


class Control(Node):
    """A row that must pass before the others mean anything: its metric lies below (or above) `floor`."""

    label: str
    metric: str
    floor: float
    direction: Literal["below", "above"]


class Experiment(Node):
    """One question, asked by one table."""

    question: str
    cost: str = ""
    control: Control | None = None
