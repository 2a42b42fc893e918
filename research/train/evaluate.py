"""A split scored in full: the task's outcomes for every token, in the split's own order, whatever the batches were."""

from collections.abc import Mapping, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, PyTree

from research.data.batch_arrays import Batch
from research.tasks.outcomes import Outcomes, concatenate
from research.tasks.parameters import empty_carry
from research.tasks.registry import task_of
from research.train.lanes import shard_over_cores
from research.train.update import Program


def carries_between_batches(program: Program) -> bool:
    """Whether an evaluation batch starts where the one before it ended: a stream scored by a model that was trained on columns."""
    return task_of(program.config).carries(program.config) and program.config.eval.context == "stream"


def first_carry(program: Program, rows: int) -> PyTree:
    """The carry before the first evaluation batch."""
    return empty_carry(program.config, program.sizes, rows) if carries_between_batches(program) else ()


def evaluate_batch(
    program: Program, params: PyTree, carry: PyTree, active: Bool[Array, ""], batch: Batch
) -> tuple[dict[str, Array], PyTree]:
    """The outcomes [b q] of one batch, and the carry after it. A lane that is not active does no work."""
    start_carry = carry if carries_between_batches(program) else empty_carry(program.config, program.sizes, batch.inputs.shape[0])

    def score() -> tuple[dict[str, Array], PyTree]:
        end_carry, outcomes = task_of(program.config).outcome(program.config, params, start_carry, shard_over_cores(batch))
        return outcomes, end_carry if carries_between_batches(program) else ()

    shapes = jax.eval_shape(score)[0]
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
    scored: tuple[dict[str, Array], PyTree] = lax.cond(active, score, lambda: (zeros, carry))
    return scored


def in_split_order(batches: Sequence[Batch], outcomes: Mapping[str, np.ndarray], n: int) -> Outcomes:
    """Arrays in the order of batches -> in the order of the split; padding is dropped, and every token must have come once."""
    index, weight = (concatenate([getattr(batch, name) for batch in batches]) for name in ("index", "weight"))
    scored = weight > 0
    assert np.array_equal(np.bincount(index[scored], minlength=n), np.ones(n, int)), "every token of a split is scored once"
    order = np.argsort(index[scored])
    return {name: array[scored][order] for name, array in outcomes.items()}
