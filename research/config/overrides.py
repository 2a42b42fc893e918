"""Words of a command: key=value, read as TOML values, and as plain text where the word wants a text."""

import tomllib
from collections.abc import Sequence
from datetime import date, datetime, time

from research.config.errors import StepladderError, clipped
from research.config.fields import Path, is_key
from research.config.merge import Assignment
from research.config.plain import Json
from research.config.schema import Config
from research.config.sweep import AXES
from research.config.toml_text import DEEPEST, UnreadableValue, check_key_count, parse_toml, toml_reason
from research.config.unicode import argument_utf8
from research.config.validation_errors import unknown_key

COMMAND_LINE = "command line"
TABLES = ("sweep", "experiment")  # beside the words of a config


def parse_override(text: str) -> tuple[Path, Json]:
    """The path and value of `a.b=value`: a TOML value, or else a bare text."""
    key, equals, word = text.partition("=")
    parts = tuple(part.strip() for part in key.split("."))
    if not equals or not all(parts):
        raise StepladderError(f"{COMMAND_LINE}: `{clipped(text)}` is no override; write key=value, as in model.layers=4.")
    if len(parts) > DEEPEST or "\0" in text:
        raise StepladderError(f"{COMMAND_LINE}: `{clipped(key)}` is no key: one has at most {DEEPEST} parts, and no character NUL.")
    if len(parts) > 3 and parts[0] == "sweep" and parts[1] in AXES:
        parts = (*parts[:2], ".".join(parts[2:]))
    return parts, _parse_value(key.strip(), argument_utf8(word.strip()))


def _parse_value(key: str, word: str) -> Json:
    if not word:
        raise StepladderError(f"{COMMAND_LINE}: `{key}=` has no value; an empty text is written {key}='\"\"'.")
    try:
        parsed = parse_toml(f"value = {word}")
    except UnreadableValue as error:
        raise StepladderError(f"{COMMAND_LINE}: the value of `{clipped(key)}` cannot be: {error}.") from None
    except tomllib.TOMLDecodeError as error:
        if word[0] in "[{\"'":
            raise StepladderError(f"{COMMAND_LINE}: the value of `{key}` is no TOML: {clipped(word)} ({toml_reason(error)}).") from None
        return word
    value = parsed["value"]
    return word if len(parsed) > 1 or isinstance(value, date | datetime | time) else value


def parse_overrides(overrides: Sequence[str]) -> list[Assignment]:
    check_key_count(overrides, COMMAND_LINE)
    parsed = [Assignment(*parse_override(text), COMMAND_LINE) for text in overrides]
    paths = [assignment.path for assignment in parsed]
    for path in paths:
        if paths.count(path) > 1:
            raise StepladderError(f"{COMMAND_LINE}: `{'.'.join(path)}` is given twice; overrides apply together, so say it once.")
        if path[0] not in TABLES and not is_key(Config, path):
            raise StepladderError(f"{COMMAND_LINE}: {_unknown_key_text(path)}")
    return parsed


def _unknown_key_text(path: Path) -> str:
    """What to say of a key that no kind has."""
    text = unknown_key(path, Config)
    return text if "did you mean" in text else f"{text} A config has {', '.join(Config.model_fields)}; `stepladder show` prints their keys."
