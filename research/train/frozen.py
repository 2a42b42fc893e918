"""What `init.freeze` names stays as it is: it has no gradient, no state of the optimiser and no part in the gradient's norm.

A name is the beginning of a parameter's path in whole parts: `output` is not `output_bias`. The layers of a stack are counted through,
whatever its pattern, and a part may be a range of them, both ends included: `blocks.0-3`, `encoder.forward.blocks.0`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, PyTree

from research.config.errors import StepladderError, did_you_mean
from research.config.schema import Config

ParameterPath = tuple[str, ...]


def frozen_rows(config: Config, params: PyTree) -> PyTree:
    """Of every leaf whether it is frozen, [1], or of each of the layers that are stacked in it, [n]."""
    names = config.init.freeze if config.init else ()
    rows = [np.array([_is_named(names, path) for path in paths]) for paths in _paths(params)]
    return jax.tree.unflatten(jax.tree.structure(params), rows)


def partition_frozen(frozen: PyTree, params: PyTree) -> tuple[PyTree, PyTree]:
    """What is trained and what is frozen: each the tree with None, or the other layers alone, in the place of the other."""
    rows, treedef = jax.tree.flatten(frozen)
    others, leaves = [~row for row in rows], jax.tree.leaves(params)
    return jax.tree.unflatten(treedef, map(_trained_part, rows, leaves)), jax.tree.unflatten(treedef, map(_trained_part, others, leaves))


def combine_frozen(frozen: PyTree, trained: PyTree, still: PyTree) -> PyTree:
    """The inverse of `partition_frozen`."""
    rows, treedef = jax.tree.flatten(frozen)
    parts = (jax.tree.leaves(tree, is_leaf=lambda leaf: leaf is None) for tree in (trained, still))
    return jax.tree.unflatten(treedef, map(_joined_leaf, rows, *parts))


def check_freeze(config: Config, shapes: PyTree) -> None:
    """Raises StepladderError for a name that no parameter has, and where nothing is left to be trained."""
    names = config.init.freeze if config.init else ()
    paths = [path for leaf_paths in _paths(shapes) for path in leaf_paths]
    for name in names:
        if not all(any(_has_prefix(path, part) for path in paths) for part in (name, *_range_ends(name))):
            raise StepladderError(_unknown_name(name, paths))
    if names and all(_is_named(names, path) for path in paths):
        raise StepladderError(
            f"init.freeze = [{', '.join(names)}] names every parameter, so nothing would be trained. Leave a name out, such as output."
        )


def _unknown_name(name: str, paths: Sequence[ParameterPath]) -> str:
    beginnings = dict.fromkeys(".".join(path[:n]) for path in paths for n in range(1, len(path) + 1))
    names = list(dict.fromkeys(".".join(path) for path in paths))
    return (
        f"init.freeze names {name!r}, which is no parameter of this model{did_you_mean(name, beginnings)}. A name is the first parts of a "
        f"path, each whole; a layer of a stack, or a range of them, is one, as in blocks.0-3. This model has {', '.join(names[:8])}"
        f"{' and so on' if len(names) > 8 else ''}."
    )


def _trained_part(frozen: Bool[np.ndarray, " n"], leaf: PyTree) -> PyTree:
    if frozen.all():
        return None
    return leaf[np.flatnonzero(~frozen)] if frozen.any() else leaf


def _joined_leaf(frozen: Bool[np.ndarray, " n"], trained: Array | None, still: Array | None) -> PyTree:
    if trained is None or still is None:
        return still if trained is None else trained
    order = np.argsort(np.concatenate([np.flatnonzero(~frozen), np.flatnonzero(frozen)]))
    return jnp.concatenate([trained, still])[order]


def _paths(params: PyTree) -> Iterator[Sequence[ParameterPath]]:
    """Of every leaf its path; of a leaf that stands for several layers the path of each."""
    leaves = [([_part_name(key) for key in path], leaf) for path, leaf in jax.tree_util.tree_flatten_with_path(params)[0]]
    periods: dict[ParameterPath, int] = {}
    for path, _ in leaves:
        if "blocks" in path:
            index = path.index("blocks")
            stack = tuple(path[:index])
            periods[stack] = max(periods.get(stack, 0), int(path[index + 1]) + 1)
    for path, leaf in leaves:
        if "blocks" not in path:
            yield [tuple(path)]
            continue
        index = path.index("blocks")
        period, offset = periods[tuple(path[:index])], int(path[index + 1])
        layers = [str(repeat * period + offset) for repeat in range(leaf.shape[0])]
        yield [(*path[: index + 1], layer, *path[index + 2 :]) for layer in layers]


def _part_name(key: Any) -> str:
    return jax.tree_util.keystr((key,), simple=True)


def _is_named(names: Sequence[str], path: ParameterPath) -> bool:
    return any(_has_prefix(path, name) for name in names)


def _has_prefix(path: ParameterPath, name: str) -> bool:
    parts = name.split(".")
    return len(parts) <= len(path) and all(map(_is_part, parts, path))


def _is_part(part: str, path_part: str) -> bool:
    low, dash, high = part.partition("-")
    if not (dash and path_part.isdigit() and low.isdigit() and high.isdigit()):
        return part == path_part
    return int(low) <= int(path_part) <= int(high)


def _range_ends(name: str) -> list[str]:
    """The name with the first and with the last number of its ranges."""
    return [".".join(part.split("-")[end] if part.replace("-", "").isdigit() else part for part in name.split(".")) for end in (0, -1)]
