"""The configs of a kind on which its laws are tried: its defaults, and those with one word changed."""

from itertools import islice
from typing import Any, Literal, get_args, get_origin

from pydantic import ValidationError

from research.config.errors import StepladderError
from research.config.kinds import kind_of
from research.config.mixer import Heads
from research.config.node import Node

VARIANTS = 3  # at most, the defaults among them
WIDE_HEADS = {"heads": 3, "head_width": 5}  # of which no number divides the width


def kind_variants(node: type[Node]) -> list[tuple[str, Any]]:
    """Configs of a kind by the words that are not the defaults. Raises StepladderError for a word without a default."""
    try:
        default = node.model_validate({"kind": kind_of(node)})
    except ValidationError as error:
        words = ", ".join(".".join(map(str, detail["loc"])) for detail in error.errors())
        raise StepladderError(
            f"{node.__name__} cannot be built from `kind` alone ({words}); give each word a default, so that it can be tried."
        ) from None
    changed = ({name: value} for name in node.model_fields for value in _other_values(node, name))
    heads = [WIDE_HEADS] if issubclass(node, Heads) else []
    return [("", default), *(item for words in islice([*heads, *changed], VARIANTS - 1) if (item := _variant(node, words)))]


def _other_values(node: type[Node], name: str) -> list[Any]:
    """Of a switch and of a word of several choices those that are no default."""
    field = node.model_fields[name]
    choices = (True, False) if field.annotation is bool else get_args(field.annotation) if get_origin(field.annotation) is Literal else ()
    return [] if name == "kind" else [value for value in choices if value != field.default]


def _variant(node: type[Node], words: dict[str, Any]) -> tuple[str, Any] | None:
    try:
        return ", ".join(f"{name} = {value}" for name, value in words.items()), node.model_validate({"kind": kind_of(node), **words})
    except ValidationError:
        return None
