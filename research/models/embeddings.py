"""The embedding of any model, by name: which table stands for the symbols of the data, and the same model with another.

Shapes: v rows, d width.
"""

from dataclasses import replace
from typing import Any, NamedTuple

from jaxtyping import Array, Float

from research.config.classify import ClassifierConfig
from research.config.encoder_decoder import EncoderDecoderConfig
from research.config.errors import StepladderError
from research.models import classifier


class Embedding(NamedTuple):
    """Row i stands for the symbol `first` + i; rows beyond the vocabulary are a model's own. `table` may be its shape alone."""

    table: Any
    first: int


def input_embedding(config: Any, params: Any) -> Embedding:
    """That of the source where there are two. Raises StepladderError for a model that reads no symbols."""
    if isinstance(config, ClassifierConfig):
        return Embedding(classifier.classifier_embedding(params), 0)
    if not isinstance(config, EncoderDecoderConfig):
        return Embedding(params.embedding, 0)
    if config.sees:
        raise StepladderError(
            f"model.encoder.kind = {config.encoder.kind} reads pictures, so there is no word whose vector it could begin with."
        )
    if config.embeddings == "shared":
        return Embedding(params.decoder.embedding, 0)
    return Embedding(params.encoder.embedding, params.first_source)


def with_input_embedding(config: Any, params: Any, table: Float[Array, "v d"]) -> Any:
    """The same model with another table in that place."""
    if isinstance(config, ClassifierConfig):
        return classifier.with_classifier_embedding(params, table)
    if not isinstance(config, EncoderDecoderConfig):
        return replace(params, embedding=table)
    if config.embeddings == "shared":
        return replace(params, decoder=replace(params.decoder, embedding=table))
    return replace(params, encoder=replace(params.encoder, embedding=table))
