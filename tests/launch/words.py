"""Every word of a config: where it stands, and what else could stand there."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NamedTuple, get_args, get_origin

from pydantic import ValidationError

from research.config.fields import kind_classes, member_classes, node_keys
from research.config.merge import Assignment, Merged, apply_layer, with_default_kinds
from research.config.node import Node
from research.config.schema import Config


class Word(NamedTuple):
    """A field that is no table, and the other values that its annotation allows."""

    path: tuple[str, ...]
    name: str  # of its class and itself: LSTM.forget_bias
    others: tuple[Any, ...]


def words(node: Node, path: tuple[str, ...] = (), choices: tuple[Any, ...] = ()) -> Iterator[Word]:
    """The words of a node and of the nodes within it. `choices`: the kinds that could stand in its place, as tables."""
    for name, (key, field) in zip(type(node).model_fields, node_keys(type(node)).items(), strict=True):
        value, at = getattr(node, name), (*path, key)
        if isinstance(value, Node):
            yield from words(value, at, _tables(field, value))
        elif isinstance(value, tuple) and any(isinstance(item, Node) for item in value):
            for index, item in enumerate(value):
                yield from words(item, (*at, str(index)), _tables(field, item))
        elif value is not None:
            others = choices if key == "kind" else (*_literals(field.annotation), *_like(value, field.annotation))
            different = tuple(other for other in others if (other["kind"] if key == "kind" else other) != value)
            yield Word(path if key == "kind" else at, f"{type(node).__name__}.{key}", different)


def changes(tree: dict[str, Any], word: Word) -> Iterator[Config]:
    """The configs that differ from a tree in this one word, as far as they are configs."""
    for other in word.others:
        changed = apply_layer(Merged(tree, (), {}), [Assignment(word.path, other, "test")]).tree
        try:
            yield Config.model_validate(changed)
        except ValidationError:
            continue


def all_names(node: type[Node] = Config) -> Iterator[str]:
    """The words of the whole schema, whatever the kinds."""
    for key, field in node_keys(node).items():
        nodes = member_classes(field.annotation)
        if not nodes:
            yield f"{node.__name__}.{key}"
        for member in nodes if key != "parts" else ():
            yield from all_names(member)


def config_of(tree: dict[str, Any]) -> Config:
    """A config from a tree that leaves out what has a default."""
    return Config.model_validate(with_default_kinds(tree))


PAIRS = ("train_pairs", "valid_pairs", "test_pairs")


def _tables(field: Any, node: Node) -> tuple[dict[str, Any], ...]:
    """A table of each kind, with a number for each word that has no default, and no more pairs than the node."""
    needed = lambda other: [key for key, field in node_keys(other).items() if field.is_required() and key != "kind"]
    few = lambda other: {key: getattr(node, key) for key in PAIRS if key in node.model_fields_set & node_keys(other).keys()}
    return tuple({"kind": kind} | dict.fromkeys(needed(other), 3) | few(other) for kind, other in kind_classes(field).items())


def _literals(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Literal:
        return get_args(annotation)
    return tuple(value for part in get_args(annotation) for value in _literals(part))


def _types(annotation: Any) -> set[type]:
    if isinstance(annotation, type):
        return {annotation}
    if get_origin(annotation) is Annotated:
        return _types(get_args(annotation)[0])
    return {one for part in get_args(annotation) if get_origin(annotation) is not Literal for one in _types(part)}


def _like(value: Any, annotation: Any) -> tuple[Any, ...]:
    types = _types(annotation)
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else 0
    match value:
        case bool():
            return (not value,)
        case tuple() if types & {int}:
            return ([*value, max((*value, 3)) * 2], [3])
        case tuple() if types & {str}:
            return (["hidden"],)
        case _ if float in types:
            return (number / 2, number + 0.25, 0.5)
        case _ if int in types:
            return (2 * number, number + 1, number - 1, 3, 100)
    return ()
