"""A model's own initial values, or another distribution over the same leaves."""

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Key, PyTree

from research.config.model import Initialiser, NormalInit, UniformInit


def reinitialise(init: Initialiser, key: Key[Array, ""], params: PyTree) -> PyTree:
    """variance: matrices times `scale`. normal: matrices N(0, scale^2). uniform: matrices U(-scale, scale), and as much added to biases.

    A leaf's name decides: `*scale` belongs to a norm or a score and is left alone, `*bias` is a vector, the rest are matrices.
    """
    paths, tree = jax.tree_util.tree_flatten_with_path(params)
    keys = jax.random.split(key, len(paths))
    return jax.tree.unflatten(tree, [_leaf(init, k, _name(path), leaf) for (path, leaf), k in zip(paths, keys, strict=True)])


def _name(path: tuple[Any, ...]) -> str:
    named = [entry.name for entry in path if isinstance(entry, jax.tree_util.GetAttrKey)]
    return named[-1] if named else ""


def _leaf(init: Initialiser, key: Key[Array, ""], name: str, leaf: Array) -> Array:
    if name.endswith("scale"):
        return leaf
    bias = name.endswith("bias")
    if isinstance(init, UniformInit):
        drawn = jax.random.uniform(key, leaf.shape, leaf.dtype, -init.scale, init.scale)
        return leaf + drawn if bias else drawn
    if isinstance(init, NormalInit):
        return leaf if bias else init.scale * jax.random.normal(key, leaf.shape, leaf.dtype)
    return leaf if bias else leaf * jnp.asarray(init.scale, leaf.dtype)
