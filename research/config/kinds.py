"""Kinds that are added to the schema after it was written: a config class joins every union of its family.

The unions stand in the annotations of the fields that hold them; pydantic builds its validators from those, so that a class whose field
changed, and every class that holds such a one, is rebuilt.
"""

import inspect
from functools import partial, reduce
from operator import or_
from types import GenericAlias, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from research.config.data import Data
from research.config.data_kind import DataConfig
from research.config.errors import StepladderError
from research.config.fields import classes_by_kind, forget_schema, member_classes
from research.config.mixer import Cell, Mixer, MixerConfig, Score, ScoreConfig
from research.config.node import Node
from research.config.position import Position, PositionConfig
from research.config.registrations import Undo, registered_place
from research.config.task import TextTask, TextTaskConfig

BASES: dict[str, type[Node]] = {  # what a config class of a family derives from
    "mixer": MixerConfig,
    "cell": MixerConfig,
    "score": ScoreConfig,
    "position": PositionConfig,
    "task": TextTaskConfig,
    "dataset": DataConfig,
}
MEMBERS: dict[str, tuple[type[Node], ...]] = {
    "mixer": member_classes(Mixer),
    "cell": member_classes(Cell),
    "score": member_classes(Score),
    "position": member_classes(Position),
    "task": member_classes(TextTask),
    "dataset": member_classes(Data),
}


def add_kind(family: str, node: type[Node]) -> Undo:
    """Let a config name a new kind wherever it may name one of the family, and return what takes it back.

    Raises StepladderError for a class of another family, for one without a kind, and for a kind that is taken.
    """
    base, kind = BASES[family], kind_of(node)
    if kind is None or not issubclass(node, base):
        raise StepladderError(
            f"{node.__name__} is no {family}: its class derives from {base.__module__}.{base.__name__} and says `kind: Literal[...] = ...`."
        )
    holder = classes_by_kind(MEMBERS[family]).get(kind)
    if holder is not None:
        refuse_taken(family, kind, registered_place(family, kind) or class_place(holder), class_place(node))
    _set_members(family, (*MEMBERS[family], node))
    return partial(_remove, family, node)


def kind_of(node: type[Node]) -> str | None:
    """The kind that a config class stands for."""
    return next(iter(classes_by_kind((node,))), None)


def refuse_taken(family: str, name: str, old: str, new: str) -> None:
    """Raises StepladderError: two entries have one name."""
    raise StepladderError(f"the {family} {name!r} is taken: {old} has it, and {new} registers it again. Give yours another name.")


def class_place(node: type) -> str:
    """The file and the line where a class is written."""
    try:
        return f"{inspect.getsourcefile(node)}, line {inspect.getsourcelines(node)[1]}"
    except (OSError, TypeError):
        return node.__module__


def _remove(family: str, node: type[Node]) -> None:
    _set_members(family, tuple(member for member in MEMBERS[family] if member is not node))


def _set_members(family: str, members: tuple[type[Node], ...]) -> None:
    old = frozenset(MEMBERS[family])
    MEMBERS[family] = members
    changed = set()
    for node in _subclasses(Node):
        for field in node.model_fields.values():
            annotation = _with_members(field.annotation, old, members)
            if annotation != field.annotation:
                field.annotation = annotation
                changed.add(node)
    forget_schema()
    for node in _holders(changed):
        node.model_rebuild(force=True)


def _subclasses(node: type[Node]) -> tuple[type[Node], ...]:
    """Every class below, once."""
    return tuple(dict.fromkeys(below for child in node.__subclasses__() for below in (child, *_subclasses(child))))


def _with_members(annotation: Any, old: frozenset[type[Node]], new: tuple[type[Node], ...]) -> Any:
    """An annotation in which each union of just the old members is one of the new."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return Annotated[_with_members(parts[0], old, new), *parts[1:]]
    if origin in (Union, UnionType):
        return reduce(or_, new if frozenset(parts) == old else [_with_members(part, old, new) for part in parts])
    if origin is tuple:
        return GenericAlias(tuple, tuple(_with_members(part, old, new) for part in parts))
    return annotation


def _holders(changed: set[type[Node]]) -> list[type[Node]]:
    """These classes and all that hold one of them, a class after those that it holds."""
    order: dict[type[Node], bool] = {}

    def visit(node: type[Node]) -> bool:
        if node not in order:
            order[node] = node in changed
            held = [visit(member) for field in node.model_fields.values() for member in member_classes(field.annotation)]
            affected = order.pop(node) or any(held)
            order[node] = affected
        return order[node]

    for node in _subclasses(Node):
        visit(node)
    return [node for node, affected in order.items() if affected]
