"""A vocabulary as plain values and back, so that a run keeps the numbering that it was trained on."""

from base64 import b64decode, b64encode
from typing import Any

from research.text.subword_tokenizers import Tokenizer
from research.text.vocabulary import Vocabulary


def vocabulary_to_plain(vocabulary: Vocabulary) -> dict[str, Any]:
    """Level, normal form, special symbols, types in their order and, of pieces, the library's own model."""
    tokenizer = vocabulary.tokenizer
    model = {} if tokenizer is None else {"tokenizer": b64encode(tokenizer.model).decode()}
    words = {name: getattr(vocabulary, name) for name in ("level", "unk", "eos", "normalisation")}
    return {**words, "types": list(vocabulary.types), **model}


def vocabulary_from_plain(plain: dict[str, Any]) -> Vocabulary:
    """The vocabulary that `vocabulary_to_plain` wrote."""
    tokenizer = Tokenizer(plain["level"], b64decode(plain["tokenizer"])) if "tokenizer" in plain else None
    return Vocabulary(tuple(plain["types"]), plain["level"], plain["unk"], plain["eos"], tokenizer, plain["normalisation"])
