"""How a value is called in a table: short, and different from its neighbours."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from research.config.fields import leaves
from research.config.plain import Json, Tree

SMALL = 0.01  # numbers below it are written as 5e-4
RATE = "learning_rate"  # the axis whose numbers are known by how they look


def value_text(value: Json) -> str:
    """A value as a table's head shows it: true, 0.05, 5e-4, lstm, a pattern as attention+lstm, a table by its kind."""
    match value:
        case bool():
            return str(value).lower()
        case float():
            return _float_text(value)
        case dict():
            return _table_text(value, None)
        case list() | tuple():
            return "+".join(value_text(item) for item in value) or "none"
        case _:
            return str(value)


def _float_text(value: float) -> str:
    """The shortest text that is the number."""
    if 0 < abs(value) < SMALL:
        return f"{Decimal(repr(float(value))).normalize():e}"
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def axis_titles(axes: Sequence[str]) -> tuple[str, ...]:
    """Short titles of axes: `model.mixer.score.kind` is "score", with the name before it where two would be equal."""
    short = [_title(axis, 1) for axis in axes]
    return tuple(_title(axis, 2) if short.count(title) > 1 else title for axis, title in zip(axes, short, strict=True))


def _title(axis: str, words: int) -> str:
    parts = axis.split(".")
    if axis == "label":
        return "variant"
    if len(parts) > 1 and parts[-1] in ("kind", "name"):
        parts = parts[:-1]
    return " ".join(parts[-words:]).replace("_", " ")


def row_label(labels: Mapping[str, Json], keys: str | Iterable[str] | None = None) -> str:
    """What a row is called, by these of its axes in order: "heads 4, rotary, 5e-4". A number or a truth value has its axis' word."""
    axes = [keys] if isinstance(keys, str) else [key for key in (labels if keys is None else keys) if key in labels]
    return ", ".join(_with_word(axis, title, labels[axis]) for axis, title in zip(axes, axis_titles(axes), strict=True))


def plain_label(labels: Mapping[str, Json], keys: Iterable[str] | None = None) -> str:
    """The same without words, as a spec may call a row too: "4, rotary, 5e-4"."""
    return ", ".join(value_text(labels[key]) for key in (labels if keys is None else keys) if key in labels)


def _with_word(axis: str, title: str, value: Json) -> str:
    says_itself = axis == "label" or axis.endswith(RATE) or not isinstance(value, bool | int | float)
    return value_text(value) if says_itself else f"{title} {value_text(value)}"


def named_values(values: Mapping[str, Json]) -> str:
    """Words of a config with their values: `learning rate 1e-3, kind lstm`."""
    return ", ".join(f"{_short_key(key).replace('_', ' ')} {value_text(value)}" for key, value in values.items())


def assignments_text(values: Tree) -> str:
    """Assignments in a few words: `layers=2, mixer=lstm`."""
    return ", ".join(f"{_short_key(key)}={value_text(value)}" for key, value in values.items()) or "base"


def label_values(values: Sequence[Json]) -> list[Json]:
    """A label for each value of an axis: itself, or for a table its kind and the fields in which it differs from its like."""
    return [
        _table_text(value, _differing(value, values))
        if isinstance(value, dict)
        else value_text(value)
        if isinstance(value, list)
        else value
        for value in values
    ]


def _short_key(key: str) -> str:
    *above, last = key.split(".")
    return above[-1] if last == "kind" and above else last


def _differing(table: Tree, values: Sequence[Json]) -> set[str]:
    """The leaves that are not the same in all tables of the same kind."""
    same_kind = [_flat(other) for other in values if isinstance(other, dict) and other.get("kind") == table.get("kind")]
    return {key for flat in same_kind for key in flat if any(other.get(key) != flat[key] for other in same_kind)}


def _flat(table: Tree) -> Tree:
    return {".".join(path): value for path, value in leaves(table)}


def _table_text(table: Tree, keys: set[str] | None) -> str:
    flat = _flat(table)
    kind = flat.pop("kind", None)
    selected = {key: value for key, value in flat.items() if keys is None or key in keys}
    fields = ", ".join(f"{key.removesuffix('.kind')}={value_text(value)}" for key, value in selected.items())
    return " ".join(str(word) for word in (kind, fields) if word) or "default"
