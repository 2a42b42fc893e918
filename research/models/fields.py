"""Fields of nested parameters by their path."""

from dataclasses import replace
from typing import Any

from jax.tree_util import DictKey, FlattenedIndexKey, GetAttrKey, SequenceKey
from jaxtyping import PyTree

Path = tuple[str, ...]  # the names of the fields that lead to it, the outermost first
KeyPath = tuple[GetAttrKey | SequenceKey | DictKey | FlattenedIndexKey, ...]  # of `jax.tree_util.tree_map_with_path`


def field_at(params: PyTree, path: Path) -> PyTree:
    """What lies there."""
    return field_at(getattr(params, path[0]), path[1:]) if path else params


def replace_field(params: PyTree, path: Path, value: PyTree) -> PyTree:
    """The same parameters with another value there."""
    if not path:
        return value
    changed: dict[str, Any] = {path[0]: replace_field(getattr(params, path[0]), path[1:], value)}
    return replace(params, **changed)


def field_names(path: KeyPath) -> frozenset[str]:
    """The fields that lead to a leaf, of the path that `jax.tree_util.tree_map_with_path` gives."""
    return frozenset(entry.name for entry in path if isinstance(entry, GetAttrKey))
