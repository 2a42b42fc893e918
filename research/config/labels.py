"""How a value is called in a table: short, and different from its neighbours."""

from collections.abc import Iterable, Sequence
from typing import Any

from research.config.fields import leaves


def text(value: Any) -> str:
    """A value as a table's head shows it: true, 0.001, lstm, a pattern as attention+lstm, a table by its kind."""
    match value:
        case bool():
            return str(value).lower()
        case float():
            return f"{value:g}" if float(f"{value:g}") == value else repr(value)
        case dict():
            return _table_text(value, None)
        case list() | tuple():
            return "+".join(text(item) for item in value) or "none"
        case _:
            return str(value)


def row_label(labels: dict[str, Any], keys: str | Iterable[str]) -> str:
    """What a row (or column) is called: the labels of its axes, in order."""
    return ", ".join(text(labels[key]) for key in ([keys] if isinstance(keys, str) else keys))


def named_values(values: dict[str, Any]) -> str:
    """Values with the last word of their keys: `learning rate 0.001, order 3`."""
    return ", ".join(f"{_short_key(key).replace('_', ' ')} {text(value)}" for key, value in values.items())


def short_text(values: dict[str, Any]) -> str:
    """Assignments in a few words: `layers=2, mixer=lstm`."""
    return ", ".join(f"{_short_key(key)}={text(value)}" for key, value in values.items()) or "base"


def label_values(values: Sequence[Any]) -> list[Any]:
    """A label for each value of an axis: itself, or for a table its kind and the fields in which it differs from its like."""
    return [
        _table_text(value, _differing(value, values)) if isinstance(value, dict) else text(value) if isinstance(value, list) else value
        for value in values
    ]


def _short_key(key: str) -> str:
    *above, last = key.split(".")
    return above[-1] if last == "kind" and above else last


def _differing(table: dict[str, Any], values: Sequence[Any]) -> set[str]:
    """The leaves that are not the same in all tables of the same kind."""
    like = [_flat(other) for other in values if isinstance(other, dict) and other.get("kind") == table.get("kind")]
    return {key for flat in like for key in flat if any(other.get(key) != flat[key] for other in like)}


def _flat(table: dict[str, Any]) -> dict[str, Any]:
    return {".".join(path): value for path, value in leaves(table)}


def _table_text(table: dict[str, Any], wanted: set[str] | None) -> str:
    flat = _flat(table)
    kind = flat.pop("kind", None)
    shown = {key: value for key, value in flat.items() if wanted is None or key in wanted}
    rest = ", ".join(f"{key.removesuffix('.kind')}={text(value)}" for key, value in shown.items())
    return " ".join(str(word) for word in (kind, rest) if word) or "default"
