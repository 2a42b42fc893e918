"""What a model takes over of another kind, or of another task, that was trained before it: one entry for each pair, in `INHERITED_PARTS`.

A table of symbols is taken over as far as both have rows: a masked model has one more, for <mask>, which is the last.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from jaxtyping import Array, Float

from research.config.classify import ClassifierConfig, RegressorConfig, TokenEncoderConfig
from research.config.model import LanguageModelConfig
from research.config.schema import Config
from research.models.classifier import ClassifierParams
from research.models.language_model import LanguageModelParams
from research.models.reading_stack import StackEncoderParams
from research.models.stack import StackParams
from research.models.token_encoder import TokenEncoderParams

Encoded = ClassifierParams | TokenEncoderParams


class InheritedPart(NamedTuple):
    """part(parent, child) -> what is taken over, with the child's own rows where the parent has none; place(child) -> what gives way to
    it, of the same form; put(child, part) -> the child's parameters; unfit(config) -> why such a child cannot start so, "" where it can.
    """

    part: Callable[[Any, Any], Any]
    place: Callable[[Any], Any]
    put: Callable[[Any, Any], Any]
    unfit: Callable[[Any], str]


def inherited_part(parent: Config, child: Config) -> InheritedPart | None:
    """The entry of a pair; None where all parameters are taken over, of the same kind of model and the same task."""
    if type(parent.model) is type(child.model) and parent.task_name == child.task_name:
        return None
    return INHERITED_PARTS.get((type(parent.model), type(child.model)))


def _common_rows(parent: Float[Array, "_ _"], child: Float[Array, "_ _"]) -> Float[Array, "_ _"]:
    if parent.shape[1:] != child.shape[1:]:
        return parent
    return parent[: len(child)] if len(parent) >= len(child) else child.at[: len(parent)].set(parent)


def _with_rows_of(stack: StackParams, child: StackParams) -> StackParams:
    return replace(stack, embedding=_common_rows(stack.embedding, child.embedding))


def _stack_of_language_model(parent: LanguageModelParams, child: Encoded) -> StackParams:
    return _with_rows_of(parent.stack, child.encoder.forward)


def _encoder_of_masked_model(parent: TokenEncoderParams, child: Encoded) -> StackEncoderParams:
    return replace(parent.encoder, forward=_with_rows_of(parent.encoder.forward, child.encoder.forward))


def _forward(child: Encoded) -> StackParams:
    forward: StackParams = child.encoder.forward
    return forward


def _put_forward(child: Encoded, stack: StackParams) -> Encoded:
    return replace(child, encoder=replace(child.encoder, forward=stack))


def _encoder(child: Encoded) -> StackEncoderParams:
    return replace(child.encoder, query=())


def _put_encoder(child: Encoded, encoder: StackEncoderParams) -> Encoded:
    return replace(child, encoder=replace(encoder, query=child.encoder.query))


def _unfit_direction(config: ClassifierConfig | RegressorConfig | TokenEncoderConfig) -> str:
    if config.encoder.stacks == 1:
        return ""
    return (
        f"A {config.kind} starts from a language model where its encoder is a stack in one direction: set model.encoder.kind = stack, and "
        "bidirectional = false."
    )


def _unfit_encoder(config: ClassifierConfig | RegressorConfig | TokenEncoderConfig) -> str:
    if config.encoder.stacks:
        return ""
    return f"A {config.kind} starts from a masked model where its encoder is a stack: set model.encoder.kind = stack."


_OF_LANGUAGE_MODEL = InheritedPart(_stack_of_language_model, _forward, _put_forward, _unfit_direction)
_OF_MASKED_MODEL = InheritedPart(_encoder_of_masked_model, _encoder, _put_encoder, _unfit_encoder)
INHERITED_PARTS: dict[tuple[type, type], InheritedPart] = {
    (LanguageModelConfig, ClassifierConfig): _OF_LANGUAGE_MODEL,
    (LanguageModelConfig, RegressorConfig): _OF_LANGUAGE_MODEL,
    (LanguageModelConfig, TokenEncoderConfig): _OF_LANGUAGE_MODEL,
    (TokenEncoderConfig, ClassifierConfig): _OF_MASKED_MODEL,
    (TokenEncoderConfig, RegressorConfig): _OF_MASKED_MODEL,
    (TokenEncoderConfig, TokenEncoderConfig): _OF_MASKED_MODEL,
}
