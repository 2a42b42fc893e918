"""TOML as configs are written in it. What Python would read beyond that is refused: tables without a bottom, numbers of any length, NUL."""

import re
import tomllib
from collections.abc import Sized
from pathlib import Path

from research.config.errors import StepladderError
from research.config.plain import Json, Tree

DEEPEST = 32  # tables and arrays inside each other; the schema itself needs fewer than ten
MOST_KEYS = 1000  # of a file
GREATEST_WHOLE = 2**63 - 1  # the whole numbers that TOML promises to hold


class UnreadableValue(ValueError):
    """A text that is TOML, and holds what no config may. Its message is the reason."""


def parse_toml(text: str) -> Tree:
    """The tables of a TOML text. Raises tomllib.TOMLDecodeError for what is no TOML, and UnreadableValue."""
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise UnreadableValue(_too_deep()) from None
    except ValueError:
        raise UnreadableValue(_too_great("a number of thousands of digits")) from None
    check_values(tree)
    return tree


def check_values(tree: Json) -> None:
    """Raises UnreadableValue for a number beyond 64 bits, a text with the character NUL, and for tables and arrays that are too deep."""
    pending: list[tuple[Json, int]] = [(tree, 0)]
    while pending:
        value, depth = pending.pop()
        if depth > DEEPEST:
            raise UnreadableValue(_too_deep())
        if isinstance(value, dict):
            pending += [(part, depth + 1) for item in value.items() for part in item]
        elif isinstance(value, list):
            pending += [(item, depth + 1) for item in value]
        elif isinstance(value, str) and "\0" in value:
            raise UnreadableValue("a text has the character NUL, which no word and no path of a file may have; take it out")
        elif isinstance(value, int) and not -GREATEST_WHOLE <= value <= GREATEST_WHOLE:
            raise UnreadableValue(_too_great(f"a number of {value.bit_length()} bits"))


def checked_path(path: Path | str) -> Path:
    """The path of a config. Raises StepladderError for one that no file can have."""
    if "\0" in str(path):
        raise StepladderError(f"{path}: the name has the character NUL, which no file has.")
    return Path(path)


def check_key_count(keys: Sized, where: str) -> None:
    """Raises StepladderError for more keys than a config can have."""
    if len(keys) > MOST_KEYS:
        raise StepladderError(f"{where}: these are {len(keys):,} keys, and no config has more than {MOST_KEYS:,}. Is it another file?")


def _too_deep() -> str:
    return f"tables or arrays stand more than {DEEPEST} deep inside each other, and a config is nowhere so deep; write fewer levels"


def _too_great(what: str) -> str:
    return f"{what} is beyond the whole numbers of 64 bits, up to {GREATEST_WHOLE}; write a smaller one"


def toml_reason(error: Exception) -> str:
    """What a reader of TOML says is wrong, without its place."""
    text = re.sub(r" \(at .*\)$", "", str(error))
    return text[:1].lower() + text[1:]
