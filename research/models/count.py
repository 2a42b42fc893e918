"""What a model costs, from its config alone: parameters, and floating point operations for a token.

FLOPs are of the forward pass, a multiply-add counted as two; nonlinearities, norms and sums are left out (a few in a hundred of a small
model). Training is three times the forward pass. Masked keys count: they are computed. Tested against XLA's own count.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import jax
from jaxtyping import PyTree

from research.config.node import Node
from research.models import MODELS
from research.models.fields import field_at


class ParameterCounts(NamedTuple):
    total: int
    body: int  # without the embedding, its positions and the output layer


@lru_cache(maxsize=4096)  # sizes are solved for many cells of the same models
def count_parameters(config: Node, *sizes: int) -> ParameterCounts:
    """Counted on the shapes of the real parameters. `sizes`: those of `tasks.sizes.init_sizes`."""
    return count_parameters_in(config, jax.eval_shape(lambda key: MODELS[type(config)].init(config, key, *sizes), jax.random.key(0)))


def count_parameters_in(config: Node, shapes: PyTree) -> ParameterCounts:
    """Counted in a model's parameters, or in their shapes."""
    total, outside = _numbers(shapes), [field_at(shapes, path) for path in MODELS[type(config)].outside(config)]
    return ParameterCounts(total, total - _numbers(outside))


def _numbers(shapes: PyTree) -> int:
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(shapes))


def flops_per_token(config: Node, vocabulary: int, length: int, *more: int, scored: float = 1.0) -> float:
    """Forward, for one token of a window of `length`; `scored` is the share of tokens that pay for the output layer.

    Sizes are those of `tasks.sizes.init_sizes`. Of an encoder-decoder the tokens of a window are its source's and its target's.
    """
    return MODELS[type(config)].flops(config, vocabulary, length, *more, scored=scored)
