"""The decoder that a command's options name."""

from typing import cast

from pydantic import ValidationError

from research.config.decoding import Decoder
from research.config.errors import StepladderError, did_you_mean
from research.config.fields import classes_by_kind, member_classes
from research.config.node import Node
from research.config.plain import Tree
from research.config.validation_errors import explain
from research.config.value_labels import value_text

FIELD_BY_OPTION = {
    "temperature": "temperature",
    "k": "k",
    "p": "p",
    "beam": "size",
    "length-penalty": "length_penalty",
}  # of an option, its field
LIKELIEST = {"temperature": " For the likeliest symbol each time use --decoder greedy."}


def decoder_from_options(kind: str, options: dict[str, float | None]) -> Decoder:
    """The decoder of `--decoder kind` with the options that are not None; the others take the kind's defaults.

    Raises StepladderError for an unknown kind, an option that it does not read, or a value that cannot be.
    """
    decoders: dict[str, type[Node]] = classes_by_kind(member_classes(Decoder))
    if kind not in decoders:
        raise StepladderError(f"--decoder {kind} is not there{did_you_mean(kind, decoders) or '.'} The decoders are {', '.join(decoders)}.")
    option_values = {option: value for option, value in options.items() if value is not None}
    for option, value in option_values.items():
        if FIELD_BY_OPTION[option] not in decoders[kind].model_fields:
            readers = " or ".join(name for name, node in decoders.items() if FIELD_BY_OPTION[option] in node.model_fields)
            raise StepladderError(
                f"--{option} {value_text(value)} does nothing with --decoder {kind}; leave it out, or take --decoder {readers}."
            )
    tree: Tree = {"kind": kind, **{FIELD_BY_OPTION[option]: value for option, value in option_values.items()}}
    try:
        return cast(Decoder, decoders[kind].model_validate(tree))
    except ValidationError as error:
        option_by_field = {word: option for option, word in FIELD_BY_OPTION.items()}
        field = str(error.errors()[0]["loc"][0])
        message = explain(error, decoders[kind], tree, lambda path: f"--{option_by_field[path[-1]]}")
        raise StepladderError(f"{message}{LIKELIEST.get(field, '')}") from error


def check_n_best(decoder: Decoder, n_best: int | None) -> int:
    """How many texts of a prompt are shown: one, or of a beam as many as are asked for. Raises StepladderError for what cannot be."""
    if n_best is None:
        return 1
    if decoder.strategy != "search":
        raise StepladderError(f"--n-best {n_best} does nothing with --decoder {decoder.kind}; leave it out, or take --decoder beam.")
    if not 1 <= n_best <= decoder.size:
        raise StepladderError(
            f"--n-best {n_best} is not between 1 and the {decoder.size} beams; ask for fewer, or search with a larger --beam."
        )
    return n_best
