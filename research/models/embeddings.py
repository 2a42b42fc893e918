"""The embedding of any model: which table stands for the symbols of the data, and the same model with another.

Shapes: v rows, d width.
"""

from typing import Any, NamedTuple

from jaxtyping import Array, Float

from research.models import MODELS
from research.models.fields import field_at, replace_field


class Embedding(NamedTuple):
    """Row i stands for the symbol `first` + i; rows beyond the vocabulary are a model's own. `table` may be its shape alone."""

    table: Any
    first: int


def input_embedding(config: Any, params: Any) -> Embedding:
    """That of the source where there are two. Raises StepladderError for a model that reads no symbols."""
    kind = MODELS[type(config)]
    return Embedding(field_at(params, kind.embedding_path(config)), kind.first_symbol(config, params))


def with_input_embedding(config: Any, params: Any, table: Float[Array, "v d"]) -> Any:
    """The same model with another table in that place."""
    return replace_field(params, MODELS[type(config)].embedding_path(config), table)
