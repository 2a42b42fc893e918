"""How a refused config is told: what, where, the nearest right thing, what to do."""

from collections.abc import Callable, Mapping

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from research.config.aliases import canonical_key
from research.config.errors import IncompatibleConfig, clipped, did_you_mean
from research.config.fields import Path, all_keys, is_index, kind_classes, node_class, node_keys
from research.config.node import Node
from research.config.plain import Json
from research.config.value_labels import value_text

SCALARS = ("str", "int", "float", "bool")  # pydantic's names for branches of a union
NO_TABLE = ("model_attributes_type", "model_type", "dict_type")  # pydantic's names for another value in a table's place


def explain(error: ValidationError, root: type[Node], tree: Mapping[str, Json], where: Callable[[Path], str], table: str = "") -> str:
    """One paragraph for a refused tree: the first error in full, the keys of the others.

    `where` says, for a key's path, which file or command it comes from. Keys are dotted, without the names of union branches. `table`: the
    table that the tree is, where it is no whole config.
    """
    errors_by_path: dict[Path, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        if (path := _path(detail, tree)) is not None:
            errors_by_path.setdefault(path, []).append(detail)
    # a misspelt key explains a missing one
    first, *others = sorted(errors_by_path, key=lambda path: errors_by_path[path][0]["type"] != "extra_forbidden")
    text = f"{where(first)}: {_sentence(first, errors_by_path[first], root, tree, table)}"
    if not others:
        return text
    return f"{text} And {len(others)} more: {', '.join('.'.join(path) or 'the whole' for path in others)}."


def is_incompatible(error: ValidationError) -> bool:
    """Whether all that is wrong is a combination that cannot be."""
    return all(isinstance(detail.get("ctx", {}).get("error"), IncompatibleConfig) for detail in error.errors())


def unknown_key(
    path: Path, root: type[Node], node: type[Node] | None = None, siblings: dict[str, type[Node]] | None = None, table: str = ""
) -> str:
    """What to say of a key that is not there: it belongs to another kind, stands elsewhere in the schema, or is nearly another's name."""
    key, above, last = ".".join(path), path[:-1], path[-1]
    prefix = "".join(f"{part}." for part in above)
    other_kinds = [kind for kind, sibling in (siblings or {}).items() if last in node_keys(sibling)]
    if other_kinds:
        here = f" Of this kind it may be `{canonical}`." if (canonical := canonical_key(path, root)) and canonical != key else ""
        return f"unknown key `{key}`; `{last}` belongs to {prefix}kind = {' or '.join(other_kinds)}.{here}"
    elsewhere = [name for name in all_keys(root) if name.split(".")[-1] == last]
    table_keys = [prefix + name for name in node_keys(node)] if node else []
    hint = f"; did you mean `{canonical}`?" if (canonical := canonical_key(path, root)) else ""
    hint = hint or did_you_mean(key, elsewhere) or (f"; did you mean `{elsewhere[0]}`?" if elsewhere else "")
    hint = hint or did_you_mean(key, table_keys) or did_you_mean(key, all_keys(root))
    holder = ".".join(part for part in (table, *above) if part)
    listed = f" The keys of {f'[{holder}]' if holder else 'a config'} are {', '.join(node_keys(node))}." if node else ""
    return f"unknown key `{key}`{hint or '.'}{listed}"


def _path(detail: ErrorDetails, tree: Mapping[str, Json]) -> Path | None:
    """The dotted path of an error, or None if it is about a branch that the value does not take."""
    path: list[str] = []
    value: Json = tree
    branch: Json = None  # the kind of a table that was just entered: its name follows in the location
    for part in detail["loc"]:
        text = str(part)
        if text == branch:
            branch = None
            continue
        if text in SCALARS and not isinstance(value, dict | list | tuple):
            continue
        if "[" in text or text.startswith("constrained-"):
            if (text.startswith("tuple[") and isinstance(value, dict)) or (
                text.startswith("tagged-union[") and isinstance(value, list | tuple)
            ):
                return None
            continue
        path.append(text)
        value = _item(value, part)
        branch = value.get("kind") if isinstance(value, dict) else None
    return tuple(path)


def _item(value: Json, part: int | str) -> Json:
    """What a table or an array holds there; None where it holds nothing."""
    if isinstance(value, dict):
        return value.get(part)
    return value[part] if isinstance(value, list | tuple) and isinstance(part, int) and part < len(value) else None


def _node_at(root: type[Node], tree: Json, path: Path) -> tuple[type[Node] | None, FieldInfo | None]:
    """The node class and the field at a path, as far as the tree's kinds say."""
    node: type[Node] | None = root
    field, value = None, tree
    for part in path:
        if is_index(part) and isinstance(value, list | tuple):
            value = value[int(part)] if int(part) < len(value) else None
        else:
            field = node_keys(node).get(part) if node else None
            value = value.get(part) if isinstance(value, dict) else None
        node = node_class(field, value) if field is not None else None
    return node, field


def _sentence(path: Path, errors: list[ErrorDetails], root: type[Node], tree: Mapping[str, Json], table: str) -> str:
    """What is wrong at one key, and what would be right."""
    detail, key = errors[0], ".".join(path)
    _, field = _node_at(root, tree, path)
    match detail["type"]:
        case "extra_forbidden":
            above, union = _node_at(root, tree, path[:-1])
            return unknown_key(path, root, above, kind_classes(union) if union is not None else {}, table)
        case "missing":
            valid = ", ".join(kind_classes(field)) if field is not None else ""
            if valid:
                return f"`{key}` is missing; write [{key}] with a kind in the file, or {key}.kind=... . The kinds are {valid}."
            return f"`{key}` is missing, and has no default; write it in the file, or {key}=... on the command line."
        case "union_tag_invalid" | "union_tag_not_found":
            return _unknown_kind(key, detail["input"], list(kind_classes(field)) if field is not None else [], root)
        case "value_error":
            reason = str(detail["ctx"]["error"])
            return f"{'' if not key or key in reason else f'`{key}`: '}{reason}."
        case "too_short":
            return f"`{key}` is empty; give it at least one value."
    return _wrong_value(key, errors, list(kind_classes(field)) if field is not None else []) + _keys_of_table(key, detail["type"], field)


def _keys_of_table(key: str, error_type: str, field: FieldInfo | None) -> str:
    """The keys of a table without kinds, where something else was given in its place."""
    node = node_class(field, {}) if field is not None and error_type in NO_TABLE and not kind_classes(field) else None
    return f" Its keys are {', '.join(f'{key}.{name}' for name in node_keys(node))}." if node else ""


def _unknown_kind(key: str, table: Json, valid: list[str], root: type[Node]) -> str:
    kind = table.get("kind") if isinstance(table, dict) else None
    listed = f"The kinds are {', '.join(valid)}."
    if kind is None:
        return f"`{key}` has no kind; write {key}.kind = ... in the file. {listed}"
    if not isinstance(kind, str):
        return f"`{key}.kind` must be the name of a kind, not {_describe_value(kind)}. {listed}"
    accepting_keys = [name for name in all_keys(root) if name.startswith(f"{key}.") and kind in _kinds_at(root, name)]
    hint = did_you_mean(str(kind), valid) or (f"; {kind} is a kind of `{accepting_keys[0]}`." if accepting_keys else ".")
    return f"unknown kind '{kind}' at `{key}.kind`{hint} {listed}"


def _kinds_at(root: type[Node], name: str) -> set[str]:
    """The kinds that a key may have under any kind above it."""
    nodes: list[type[Node]] = [root]
    *above, last = name.split(".")
    for part in above:
        nodes = [member for node in nodes if part in node_keys(node) for member in {*kind_classes(node_keys(node)[part]).values()}]
    return {kind for node in nodes if last in node_keys(node) for kind in kind_classes(node_keys(node)[last])}


def _wrong_value(key: str, errors: list[ErrorDetails], valid: list[str]) -> str:
    value = errors[0]["input"]
    expected = list(dict.fromkeys(_expected(detail, key, valid) for detail in errors))
    choices = [word for detail in errors if detail["type"] == "literal_error" for word in _quoted(detail["ctx"]["expected"])]
    hint = did_you_mean(value, choices) if isinstance(value, str) else ""
    hint = f"; did you mean `{key}.kind = {value}`?" if isinstance(value, str) and value in valid else hint
    return f"`{key}` must be {' or '.join(expected)}, not {_describe_value(value)}{hint or '.'}"


def _expected(detail: ErrorDetails, key: str, valid: list[str]) -> str:
    """What a value should have been, from pydantic's name of the mistake."""
    limits = {
        "greater_than_equal": ("at least", "ge"),
        "greater_than": ("above", "gt"),
        "less_than_equal": ("at most", "le"),
        "less_than": ("below", "lt"),
    }
    if detail["type"] in limits:
        word, limit = limits[detail["type"]]
        return f"{word} {value_text(detail['ctx'][limit])}"
    if detail["type"] == "literal_error":
        return " or ".join(_quoted(detail["ctx"]["expected"]))
    if detail["type"] in NO_TABLE:
        return f'a table, as {{ kind = "{valid[0]}" }} (or {key}.kind = ...; the kinds are {", ".join(valid)})' if valid else "a table"
    words = {
        "int_type": "a whole number",
        "int_from_float": "a whole number",
        "float_type": "a number",
        "finite_number": "a finite number",
        "bool_type": "true or false",
        "string_type": "a text",
        "tuple_type": "an array",
        "string_pattern_mismatch": "of small letters, digits and _",
    }
    return words.get(detail["type"], detail["msg"][:1].lower() + detail["msg"][1:])


def _quoted(expected: str) -> list[str]:
    return [word.strip("' ") for word in expected.replace(" or ", ", ").split(", ")]


def _describe_value(value: Json) -> str:
    """A value as a reader would write it, with its sort where the sort is the mistake."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return f"the text '{clipped(value)}'"
        case dict():
            return "a table"
        case list() | tuple():
            return "an array"
        case _:
            return str(value)
