"""The kind rule: how a child file, a command or a sweep's point changes a plain tree of config words.

Assignments of one layer apply together, kinds first. A value that changes a `kind` replaces that table: what the layer itself names
survives, and so do words that both kinds have from a common base class (the length of any text, the clipping of any optimiser), but for
those on a scale of one kind's own (the rate of SGD); the rest takes the new kind's defaults, and what is dropped is recorded. Which files
another kind of data has is no word that it shares.
"""

from collections.abc import Iterable
from copy import deepcopy
from itertools import pairwise
from typing import Any, NamedTuple

from pydantic.fields import FieldInfo

from research.config.data import Data
from research.config.data_kind import DataConfig
from research.config.errors import StepladderError
from research.config.fields import (
    Path,
    classes_by_kind,
    default_kind,
    is_index,
    kind_classes,
    leaves,
    member_classes,
    node_class,
    node_keys,
)
from research.config.levels import levels_where
from research.config.model_facts import MODEL_FACTS
from research.config.node import Node
from research.config.optim import Train
from research.config.plain import Json, Tree, section, table
from research.config.schema import Config

DATA_KINDS: dict[str, type[DataConfig]] = {
    kind: data for kind, data in classes_by_kind(member_classes(Data)).items() if issubclass(data, DataConfig)
}
MODEL_KINDS = classes_by_kind(tuple(MODEL_FACTS))
EVAL, DECODE, TASK = ("eval",), ("decode",), ("task",)


def inapplicable_to(data: type[DataConfig]) -> tuple[Path, ...]:
    """The sections that mean nothing to a kind of data."""
    sections = ((EVAL, data.reads != "text"), (DECODE, data.asks != "targets"), (TASK, data.asks != "tokens"))
    return tuple(section for section, meaningless in sections if meaningless)


INAPPLICABLE: dict[Path, dict[Any, tuple[Path, ...]]] = {  # a choice, its value, and what then has no meaning
    ("model", "kind"): {
        kind: tuple((section,) for section in MODEL_FACTS[model].meaningless)
        for kind, model in MODEL_KINDS.items()
        if MODEL_FACTS[model].meaningless
    },
    ("data", "kind"): {kind: inapplicable_to(data) for kind, data in DATA_KINDS.items()},
    ("data", "level"): dict.fromkeys(levels_where(lambda facts: bool(facts.own_types)), (("data", "vocabulary"),)),
}
MUTUALLY_EXCLUSIVE: dict[Path, Path] = {  # naming the first drops an inherited second
    ("train", "steps"): ("train", "epochs"),
    ("train", "epochs"): ("train", "steps"),
    ("init", "from"): ("init", "embeddings"),
    ("init", "embeddings"): ("init", "from"),
    ("seeds",): ("sweep", "seeds"),
}


class Assignment(NamedTuple):
    """A value for a key, and who says so."""

    path: Path
    value: Json
    source: str


class Dropped(NamedTuple):
    """An inherited value that another choice made meaningless."""

    key: str
    value: Json
    by: str


class Merged(NamedTuple):
    """A tree, what was dropped on the way, and where each value came from."""

    tree: Tree
    dropped: tuple[Dropped, ...]
    origin: dict[Path, str]


def assignments(tree: Tree, source: str) -> list[Assignment]:
    """A file's tree as assignments of its leaves, so that tables merge deeply."""
    return [Assignment(path, value, source) for path, value in leaves(tree)]


def apply_layer(merged: Merged, layer: Iterable[Assignment], keep: frozenset[Path] = frozenset()) -> Merged:
    """The tree after one layer of assignments. `keep`: inherited keys that survive a change of kind where the new kind has them.

    Raises StepladderError where a key leads through a value that is no table, or past the end of an array.
    """
    layer = sorted(layer, key=_rank)
    tree, origin = with_default_kinds(deepcopy(merged.tree)), dict(merged.origin)
    dropped: list[Dropped] = []
    for assignment in layer:
        before = _values(tree)
        _assign(tree, assignment, keep)
        dropped += _lost(
            before,
            tree,
            f"{'.'.join(assignment.path)} = {_short_value(assignment.value)}",
            () if isinstance(assignment.value, dict) else assignment.path,
        )
        origin = {path: source for path, source in origin.items() if path[: len(assignment.path)] != assignment.path}
        origin |= {path: assignment.source for path, _ in leaves({assignment.path[-1]: assignment.value}, assignment.path[:-1])}
    for path, by in _meaningless(tree, layer):
        before = _values(tree)
        _remove(tree, path)
        dropped += _lost(before, tree, by)
    present = _values(tree) | dict(leaves(tree))
    gone = [drop for drop in dropped if tuple(drop.key.split(".")) not in present]  # not what the layer itself sets anew
    return Merged(with_default_kinds(tree), (*merged.dropped, *gone), {path: source for path, source in origin.items() if path in present})


def with_default_kinds(tree: Tree) -> Tree:
    """The tree with the default kind written into tables that leave it out, and a duration into a [train] that names none."""
    tree = _complete(Config, tree)
    train = tree.get("train")
    if isinstance(train, dict) and not {"steps", "epochs"} & set(train):
        default: Train = Config.model_fields["train"].default
        return tree | {"train": train | {"steps": default.steps}}
    return tree


def _complete(node: type[Node], table: Tree) -> Tree:
    return {key: _complete_field(node_keys(node).get(key), value) for key, value in table.items()}


def _complete_field(field: FieldInfo | None, value: Json) -> Json:
    if field is None:
        return value
    if isinstance(value, list | tuple):
        return [_complete_item(field, item) for item in value]
    node = node_class(field, value)
    if node is None or not isinstance(value, dict):
        return value
    missing = bool(kind_classes(field)) and "kind" not in value
    return _complete(node, {"kind": default_kind(field), **value} if missing else value)


def _complete_item(field: FieldInfo, item: Json) -> Json:
    """Of an array: a table that names its kind is completed."""
    node = node_class(field, item)
    return _complete(node, item) if node is not None and isinstance(item, dict) and "kind" in item else item


def _rank(assignment: Assignment) -> tuple[int, bool]:
    """A table, then its kind, then its keys."""
    is_kind = assignment.path[-1] == "kind"
    return len(assignment.path) - is_kind, is_kind


def _assign(tree: Tree, assignment: Assignment, keep: frozenset[Path]) -> None:
    """Set one value in place, replacing the table whose kind it changes."""
    *parents, last = assignment.path
    if last == "kind" and parents:
        table = _child(tree, tuple(parents), assignment)
        old = _get(table, parents[-1])
        if not isinstance(old, dict) or old.get("kind", assignment.value) != assignment.value:
            _set(table, parents[-1], {"kind": assignment.value} | _surviving(tree, tuple(parents), old, assignment.value, keep))
            return
    table = _child(tree, assignment.path, assignment)
    old, value = _get(table, last), deepcopy(assignment.value)
    if isinstance(value, dict) and isinstance(old, dict):
        kind = {"kind": old["kind"]} if "kind" in old else {}
        value = _surviving(tree, assignment.path, old, value.get("kind", old.get("kind")), keep) | kind | value
    _set(table, last, value)


def _child(tree: Tree, path: Path, assignment: Assignment) -> Tree | list[Json]:
    """The table or array that holds the last part of a path; tables on the way are made."""
    holder: Tree | list[Json] = tree
    for index, (part, following) in enumerate(pairwise(path), start=1):
        if isinstance(holder, dict):
            holder.setdefault(part, {})
        value = _get(holder, part, assignment)
        if not isinstance(value, dict | list) or isinstance(value, list) != is_index(following):
            key = ".".join(path[:index])
            obstacle = f"an array of {len(value)}: write {key}.0.{following}" if isinstance(value, list) else "no table"
            obstacle = "one table, not an array: leave the number out" if isinstance(value, dict) else obstacle
            raise StepladderError(f"{assignment.source}: `{'.'.join(assignment.path)}` cannot be set, because `{key}` is {obstacle}.")
        holder = value
    _get(holder, path[-1], assignment)
    return holder


def _get(table: Tree | list[Json], part: str, assignment: Assignment | None = None) -> Json:
    if isinstance(table, dict):
        return table.get(part)
    if int(part) >= len(table) and assignment is not None:
        raise StepladderError(
            f"{assignment.source}: `{'.'.join(assignment.path)}` cannot be set: the array has {len(table)} entries, counted from 0."
        )
    return table[int(part)]


def _set(table: Tree | list[Json], part: str, value: Json) -> None:
    if isinstance(table, list):
        table[int(part)] = value
    else:
        table[part] = value


def _surviving(tree: Tree, path: Path, old: Json, kind: Json, keep: frozenset[Path]) -> Tree:
    """What stays of an old table at a path when one of this kind replaces it: words of a common base, and those that are named.

    A word stays where the new kind has it for the same sort of value.
    """
    if not isinstance(old, dict):
        return {}
    before, after = (_class_at(tree, path, name) for name in (old.get("kind"), kind))
    fields = node_keys(after) if after else {}
    named = {key for key in old if any(kept_path[: len(path) + 1] == (*path, key) for kept_path in keep)}
    staying = (named | _common_words(before, after)) - {"kind"}
    is_table = {key: bool(member_classes(field.annotation)) for key, field in fields.items()}
    return {
        key: _of_class(node_class(fields[key], value), value)
        for key, value in old.items()
        if key in staying and is_table.get(key) == isinstance(value, dict | list)
    }


def _of_class(node: type[Node] | None, value: Json) -> Json:
    """A table without the words that its class in the new kind has not: two kinds may call different tables by one name."""
    if node is None or not isinstance(value, dict):
        return value
    fields = node_keys(node)
    return {key: _of_class(node_class(fields[key], inner), inner) for key, inner in value.items() if key in fields}


def _common_words(old: type[Node] | None, new: type[Node] | None) -> set[str]:
    """The words that two classes have from a base, on one scale, none of their own and no paths of data."""
    if old is None or new is None:
        return set()
    bases = [base for base in old.__mro__ if base in new.__mro__ and issubclass(base, Node) and base not in (old, new)]
    return {key for base in bases for key in node_keys(base)} - {*new.paths, *old.alone, *new.alone}


def _class_at(tree: Json, path: Path, kind: Json) -> type[Node] | None:
    """The class of a table at a path of the tree when it has this kind; None where the path leads nowhere."""
    node: type[Node] | None = Config
    field = None
    for part in path:
        if is_index(part):
            tree = dict(enumerate(tree)).get(int(part)) if isinstance(tree, list) else None
        else:
            field = node_keys(node).get(part) if node else None
            tree = tree.get(part) if isinstance(tree, dict) else None
        node = node_class(field, tree) if field is not None else None
    if field is None:
        return None
    if kind_classes(field):
        return kind_classes(field).get(kind) if isinstance(kind, str) else None
    return next(iter(member_classes(field.annotation)), None)


def _meaningless(tree: Tree, layer: list[Assignment]) -> list[tuple[Path, str]]:
    """The inherited sections that this layer's choices leave without meaning, and which choice does."""
    meaningless = []
    set_paths = [assignment.path for assignment in layer]
    for choice, values in INAPPLICABLE.items():
        value = table(tree.get(choice[0])).get(choice[1])
        if any(path in (choice, choice[:1]) for path in set_paths) and isinstance(value, str):
            meaningless += [(path, f"{'.'.join(choice)} = {value}") for path in values.get(value, ())]
    meaningless += [(MUTUALLY_EXCLUSIVE[path], ".".join(path)) for path in set_paths if path in MUTUALLY_EXCLUSIVE]
    return [
        (path, by) for path, by in meaningless if not any(set_path[: len(path)] == path or set_path == path[:1] for set_path in set_paths)
    ]


def _remove(tree: Tree, path: Path) -> None:
    for part in path[:-1]:
        tree = section(tree, part)
    tree.pop(path[-1], None)


def _values(tree: Tree) -> dict[Path, Json]:
    return dict(leaves(tree, inside_arrays=True))


def _lost(before: dict[Path, Json], tree: Tree, by: str, replaced: Path = ()) -> list[Dropped]:
    """The values that are there no more, except those below `replaced`, which has a new value in their place."""
    after = _values(tree)
    lost = [path for path in before if path not in after and not (replaced and path[: len(replaced)] == replaced)]
    return [Dropped(".".join(path), before[path], by) for path in lost]


def _short_value(value: Json) -> str:
    return str(value.get("kind", "{...}")) if isinstance(value, dict) else str(value)
