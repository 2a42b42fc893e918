"""What keys the schema has, and where: read off the nodes' own annotations."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from research.config.node import Node
from research.config.plain import Json

Path = tuple[str, ...]


def member_classes(annotation: Any) -> tuple[type[Node], ...]:
    """The node classes that a value of this annotation may hold, inside unions, arrays and Annotated too."""
    return _members(annotation)


@cache
def _members(annotation: Any) -> tuple[type[Node], ...]:
    if isinstance(annotation, type) and issubclass(annotation, Node):
        return (annotation,)
    if get_origin(annotation) is Literal:
        return ()
    return tuple(node for part in get_args(annotation) for node in member_classes(part))


def kind_classes(field: FieldInfo) -> dict[str, type[Node]]:
    """The class for each `kind` that a field accepts; empty for a field without kinds."""
    return classes_by_kind(member_classes(field.annotation))


@cache
def classes_by_kind(nodes: tuple[type[Node], ...]) -> dict[str, type[Node]]:
    """The classes by each `kind` that they stand for; those without a kind are left out."""
    with_kind = (node for node in nodes if "kind" in node.model_fields)
    return {kind: node for node in with_kind for kind in get_args(node.model_fields["kind"].annotation)}


def default_kind(field: FieldInfo) -> str | None:
    """The kind of a field's default, None where there is no default or it has no kind."""
    return getattr(field.default, "kind", None)


@cache
def node_keys(node: type[Node]) -> dict[str, FieldInfo]:
    """A node's fields by the word that a file uses for them."""
    return {field.alias or name: field for name, field in node.model_fields.items()}


def node_class(field: FieldInfo, value: Json) -> type[Node] | None:
    """The class that a plain table stands for at a field; None if its kind is unknown or it is no table."""
    if not isinstance(value, dict):
        return None
    class_by_kind = kind_classes(field)
    if class_by_kind:
        kind = value.get("kind", default_kind(field))
        return class_by_kind.get(kind) if isinstance(kind, str) else None
    nodes = member_classes(field.annotation)
    return nodes[0] if nodes else None


def is_index(part: str) -> bool:
    """Whether a part of a dotted key counts the entries of an array: digits of ASCII, and not more than any array has."""
    return part.isascii() and part.isdigit() and len(part) < 10


def is_key(root: type[Node], path: Path) -> bool:
    """Whether some choice of kinds has this key."""
    nodes: set[type[Node]] = {root}
    for part in path:
        if is_index(part):
            continue
        fields = [node_keys(node)[part] for node in nodes if part in node_keys(node)]
        if not fields:
            return False
        nodes = {member for field in fields for member in member_classes(field.annotation)}
    return True


@cache
def all_keys(root: type[Node]) -> tuple[str, ...]:
    """Every dotted key of the schema under every kind, tables included, shallow ones first; arrays without their indices."""
    return tuple(sorted(dict.fromkeys(".".join(path) for path in _walk(root, ())), key=lambda key: key.count(".")))


def _walk(node: type[Node], prefix: Path) -> Iterator[Path]:
    for key, field in node_keys(node).items():
        yield (*prefix, key)
        if key != "parts":  # an interpolation's parts repeat the words of a model
            for member in member_classes(field.annotation):
                yield from _walk(member, (*prefix, key))


@cache
def node_classes(root: type[Node]) -> frozenset[type[Node]]:
    """Every class of the schema, the root among them."""
    seen: set[type[Node]] = set()
    pending = [root]
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            pending += [member for field in node_keys(node).values() for member in member_classes(field.annotation)]
    return frozenset(seen)


def forget_schema() -> None:
    """What was read off the annotations is read again: a union has another member."""
    for function in (_members, classes_by_kind, node_keys, all_keys, node_classes):
        function.cache_clear()


def leaves(tree: Mapping[str, Json], prefix: Path = (), inside_arrays: bool = False) -> Iterator[tuple[Path, Json]]:
    """The values of a plain tree that are no tables, with their paths. An array is one value, unless one looks inside arrays of tables."""
    pending = [((*prefix, key), value) for key, value in reversed(list(tree.items()))]
    while pending:
        path, value = pending.pop()
        if inside_arrays and isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            value = {str(index): item for index, item in enumerate(value)}
        if isinstance(value, dict):
            pending += [((*path, key), inner) for key, inner in reversed(value.items())]
        else:
            yield path, value
