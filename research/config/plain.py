"""What a TOML or JSON file holds: texts, numbers, arrays and tables of them."""

from collections.abc import Mapping, Sequence
from datetime import date, time
from typing import TYPE_CHECKING

Scalar = str | int | float | bool | None | date | time  # dates and times are TOML's
if TYPE_CHECKING:
    Json = Scalar | Sequence["Json"] | Mapping[str, "Json"]
else:  # nothing at run time looks inside
    Json = Scalar | Sequence | Mapping
Tree = dict[str, Json]  # a table that may be changed


def table(value: Json) -> Mapping[str, Json]:
    """A value that is a table; one without words where it is none."""
    return value if isinstance(value, Mapping) else {}


def section(tree: Tree, name: str) -> Tree:
    """A table of a tree, to be changed in place; one of its own where there is none. Raises TypeError for what is no table."""
    value = tree.get(name, {})
    if not isinstance(value, dict):
        raise TypeError(f"{name} is no table: {value}")
    return value
