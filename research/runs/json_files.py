"""A run's JSON: strict, with infinities as texts, and a stamp of what a reader must know first."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from research.config.code_version import CODE_VERSION
from research.config.plain import Json
from research.runs.atomic_files import create_file, write_text
from research.runs.damaged_files import damaged_file, unreadable_file

JsonObject = dict[str, Any]  # a line of metrics.jsonl, or what else a file holds as it was read
INFINITE = "infinite"  # what JSON, which has no infinity, says of one
FORMAT = 1  # of a run's JSON files, raised when a reader must tell an old one from a new one


def write_json(path: Path, value: object) -> None:
    """As `write_bytes`, in the JSON of `to_json`."""
    write_text(path, to_json(value, indent=2) + "\n")


def create_json(path: Path, value: object) -> bool:
    """As `create_file`, in the JSON of `to_json`."""
    return create_file(path, (to_json(value, indent=2) + "\n").encode())


def to_json(value: object, indent: int | None = None) -> str:
    """Strict JSON: infinity is the text "infinite" or "-infinite", NaN is null, and scalars of numpy and jax are numbers."""
    return json.dumps(_json_value(value), indent=indent, allow_nan=False)


def stamp(value: Mapping[str, object], data_digest: str | None = None) -> dict[str, object]:
    """The value of a JSON file with what a reader must know first: its format, the code's integer and, where data made it, their digest."""
    digest_entry = {} if data_digest is None else {"data_digest": data_digest}
    return {"format": FORMAT, "code_version": CODE_VERSION, **digest_entry, **value}


def _json_value(value: object) -> Json:
    if isinstance(value, dict):
        return {str(key): _json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else _not_finite(value)
    return _json_value(value.tolist()) if hasattr(value, "tolist") else cast(Json, value)


def _not_finite(value: float) -> str | None:
    return None if math.isnan(value) else INFINITE if value > 0 else f"-{INFINITE}"


def restore_infinities(value: Json) -> Json:
    """The numbers of `to_json`, read again."""
    if isinstance(value, dict):
        return {key: restore_infinities(item) for key, item in value.items()}
    if isinstance(value, list):
        return [restore_infinities(item) for item in value]
    return {INFINITE: math.inf, f"-{INFINITE}": -math.inf}.get(value, value) if isinstance(value, str) else value


def read_json(path: Path) -> Any:
    """The object that a file holds; None where there is no file. Raises DamagedFileError where it holds none."""
    try:
        value = parse_json(Path(path).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise unreadable_file(path, error) from None
    except (ValueError, RecursionError) as error:
        raise damaged_file(path, f"is not the JSON that was written ({error})") from None
    if not isinstance(value, dict):
        raise damaged_file(path, f"holds a JSON {type(value).__name__} where an object was written")
    return value


def parse_json(content: bytes) -> Json:
    """The value of strict JSON in UTF-8. Raises ValueError for what is none, and RecursionError for what is nested too deeply."""
    value: Json = json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
    return value


def _refuse_constant(word: str) -> Json:
    raise ValueError(f"{word} is no number of JSON")
