"""A vocabulary as plain values and back, so that a run keeps the numbering that it was trained on."""

from base64 import b64decode, b64encode
from typing import NotRequired, TypedDict

from research.config.unicode import Normalisation
from research.text.tokenizers.tokenizer import Tokenizer
from research.text.vocabulary import Vocabulary


class PlainVocabulary(TypedDict):
    """What vocabulary.json holds."""

    level: str
    unk: int | None
    eos: int | None
    normalisation: Normalisation
    types: list[str]
    tokenizer: NotRequired[str]  # the library's own model, in base64


def vocabulary_to_plain(vocabulary: Vocabulary) -> PlainVocabulary:
    """Level, normal form, special symbols, types in their order and, of pieces, the library's own model."""
    plain: PlainVocabulary = {
        "level": vocabulary.level,
        "unk": vocabulary.unk,
        "eos": vocabulary.eos,
        "normalisation": vocabulary.normalisation,
        "types": list(vocabulary.types),
    }
    if vocabulary.tokenizer is not None:
        plain["tokenizer"] = b64encode(vocabulary.tokenizer.model).decode()
    return plain


def vocabulary_from_plain(plain: PlainVocabulary) -> Vocabulary:
    """The vocabulary that `vocabulary_to_plain` wrote."""
    tokenizer = Tokenizer(plain["level"], b64decode(plain["tokenizer"])) if "tokenizer" in plain else None
    return Vocabulary(tuple(plain["types"]), plain["level"], plain["unk"], plain["eos"], tokenizer, plain["normalisation"])
