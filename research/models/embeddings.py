"""The embedding of any model: which table stands for the symbols of the data, and the same model with another.

Shapes: v rows, d width.
"""

from typing import NamedTuple, TypeVar

from jaxtyping import Array, Float, PyTree

from research.config.node import Node
from research.models import MODELS
from research.models.fields import field_at, replace_field

Params = TypeVar("Params")


class Embedding(NamedTuple):
    """Row i stands for the symbol `first` + i; rows beyond the vocabulary are a model's own. `table` may be its shape alone."""

    table: Float[Array, "v d"]
    first: int


def input_embedding(config: Node, params: PyTree) -> Embedding:
    """That of the source where there are two. Raises StepladderError for a model that reads no symbols."""
    kind = MODELS[type(config)]
    return Embedding(field_at(params, kind.embedding_path(config)), kind.first_symbol(config, params))


def with_input_embedding(config: Node, params: Params, table: Float[Array, "v d"]) -> Params:
    """The same model with another table in that place."""
    changed: Params = replace_field(params, MODELS[type(config)].embedding_path(config), table)
    return changed
