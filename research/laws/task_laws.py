"""What holds of every task of a text: its loss can be trained, its items are its metrics, and the order of batches says nothing.

Tried on a text of forty lines and a model eight numbers wide, that reads from the left or all around, as the task wants.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from research.config.node import Node
from research.config.schema import Config
from research.data.batch_arrays import Batch
from research.data.batches import steps_per_epoch, train_batch
from research.data.buckets import in_narrowest
from research.data.dataset import Dataset
from research.data.loading import load_dataset
from research.data.split_memory import device_arrays
from research.laws.kind_variants import kind_variants
from research.laws.law import Fault, LawResult, apply_laws
from research.laws.mixer_inputs import jit
from research.metrics.item_values import read_fields, statistic_value
from research.metrics.registry import METRICS
from research.nn.random_streams import stream_key_at_step
from research.tasks.outcomes import Outcomes
from research.tasks.parameters import empty_carry, init_params
from research.tasks.registry import model_sizes, task_of
from research.tasks.task_kind import TEST
from research.train.evaluate import in_split_order

SMALL_MODELS = {
    False: {"kind": "language_model", "layers": 1, "width": 8, "mixer": {"kind": "gru"}, "feed_forward": {"kind": "none"}},
    True: {"kind": "token_encoder", "encoder": {"kind": "stack", "layers": 1, "width": 8, "mixer": {"kind": "attention", "heads": 2}}},
}


class TaskCase(NamedTuple):
    """A config with its data and its first parameters."""

    config: Config
    data: Dataset
    params: PyTree


def loss_fault(case: TaskCase) -> Fault:
    """The loss of a batch is finite and has weight, and its gradient is finite and not zero."""
    config, data = case.config, case.data
    arrays, size = device_arrays(data.train), config.train.batch_size
    steps_per_epoch(config.data, size, data.train)
    batch = train_batch(config.data, size, arrays, jax.random.key(0), jnp.int32(0))
    streams = partial(stream_key_at_step, jax.random.key(0), step=jnp.int32(0))
    carry = empty_carry(config, model_sizes(config, data), size)

    def objective(params: PyTree) -> tuple[Any, Any]:
        _, sums = in_narrowest(batch, lambda narrow: task_of(config).loss(config, params, carry, narrow, streams))
        return sums.objective, sums

    gradient, sums = jit(jax.grad(objective, has_aux=True))(case.params)
    if not all(np.isfinite(np.asarray(value)).all() for value in sums) or float(sums.weight) <= 0:
        return f"a batch of {size} windows of {config.data.length}: { ({name: float(value) for name, value in sums._asdict().items()}) }"  # type: ignore[union-attr]
    sizes = [float(np.abs(leaf).max(initial=0.0)) for leaf in jax.tree.leaves(gradient)]
    if not np.isfinite(sizes).all() or max(sizes) == 0:
        return f"the gradient's greatest number is {max(sizes)}: it must be finite and not zero"
    return None


def items_fault(case: TaskCase) -> Fault:
    """A metric that is made of items has the value that the statistics make of the items."""
    task, split = task_of(case.config), task_of(case.config).splits(case.config, case.data)[TEST]
    outcomes = _outcomes(case, split.batches)
    measured = task.measure(case.config, TEST, outcomes, split.belongs)
    arrays = task.items(TEST, outcomes, split.belongs)
    fields = read_fields(arrays, {"tokens": arrays["tokens"]})
    for name, value in measured.items():
        metric = METRICS.get(name)
        if (
            metric is None
            or metric.statistic is None
            or metric.statistic.shown == "proportional"
            or metric.statistic.field.name not in fields
        ):
            continue
        of_items = statistic_value(metric.statistic, fields)
        if not np.isclose(value, of_items, rtol=1e-5):
            return f"{len(arrays['id'])} items: it measures {name} = {value:.6g}, and its items make {of_items:.6g}"
    return None


def batch_order_fault(case: TaskCase) -> Fault:
    """What becomes of an item does not depend on which batches come before its own."""
    split = task_of(case.config).splits(case.config, case.data)[TEST]
    straight, turned = (_outcomes(case, batches) for batches in (split.batches, split.batches[::-1]))
    for name, values in straight.items():
        if len(far := np.flatnonzero(~np.isclose(values, turned[name], rtol=1e-5, atol=1e-6))):
            return f"token {far[0]} of {len(values)}: {name} is {values[far[0]]:.6g}, and {turned[name][far[0]]:.6g} in the opposite order"
    return None


LAWS = {"loss": loss_fault, "items": items_fault, "order of batches": batch_order_fault}


def check_task(node: type[Node]) -> list[LawResult]:
    """Of a task of a text, by its defaults."""
    words, task = kind_variants(node)[0]
    with TemporaryDirectory() as folder:
        config = Config.model_validate(
            {"data": write_lines(Path(folder)), "task": task.model_dump(), "model": SMALL_MODELS[task.sees_around]}
        )
        data = load_dataset(config.data)
        return apply_laws(LAWS, [(words, TaskCase(config, data, init_params(config, model_sizes(config, data), jax.random.key(0))))])


def write_lines(folder: Path) -> dict[str, Any]:
    """Lines of six of nine words, each split its own: the words of [data]."""
    random = np.random.default_rng(0)
    for split, lines in (("train", 40), ("valid", 8), ("test", 12)):
        words = random.integers(9, size=(lines, 6))
        (folder / f"{split}.txt").write_text("".join(" ".join(f"w{word}" for word in line) + "\n" for line in words), encoding="utf-8")
    return {"kind": "files", "length": 6, **{split: str(folder / f"{split}.txt") for split in ("train", "valid", "test")}}


@partial(jit, static_argnums=0)
def _score(config: Config, params: PyTree, carry: PyTree, batch: Batch) -> dict[str, Array]:
    return task_of(config).outcome(config, params, carry, batch)[1]


def _outcomes(case: TaskCase, batches: Sequence[Any]) -> Outcomes:
    """In the order of the split."""
    config, sizes = case.config, model_sizes(case.config, case.data)
    parts: list[dict[str, np.ndarray]] = []
    flat = [jax.tree.map(lambda leaf, i=i: leaf[i], stacked) for stacked in batches for i in range(len(stacked.inputs))]
    for batch in flat:
        parts.append(jax.tree.map(np.asarray, _score(config, case.params, empty_carry(config, sizes, len(batch.inputs)), batch)))
    joined = {name: np.concatenate([part[name].ravel() for part in parts]) for name in parts[0]}
    return in_split_order(flat, joined, int(sum((np.asarray(batch.weight) > 0).sum() for batch in flat)))
