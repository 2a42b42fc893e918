"""What holds of every kind of data: the same words give the same data, a seed decides the order, and splits are there and apart."""

import jax
import jax.numpy as jnp
import numpy as np

from research.config.data import AnyData
from research.config.node import Node
from research.data.batch_arrays import Batch
from research.data.batches import steps_per_epoch, train_batch
from research.data.dataset import SPLITS, Dataset, Split, TextSplit
from research.data.loading import SOURCE_KINDS, dataset_digest
from research.data.split_memory import device_arrays
from research.laws.kind_variants import kind_variants
from research.laws.law import Fault, LawResult, apply_laws

COMMON = 0.5  # of the items of a scored split at most so many may stand in training too: short spaces repeat by their nature
BATCH_SIZE = 4


def digest_fault(config: AnyData) -> Fault:
    """The digest is the same each time it is asked for."""
    digests = [dataset_digest(config) for _ in range(2)]
    return None if digests[0] == digests[1] else f"the digest is {digests[0][:12]}, and {digests[1][:12]} the next time"


def reading_fault(config: AnyData) -> Fault:
    """Read twice, every array of every split is the same."""
    first, second = _load(config), _load(config)
    for name in SPLITS:
        for field, (a, b) in _arrays(first, second, name).items():
            if not np.array_equal(a, b):
                return f"read twice, {name}.{field} is not the same ({a.shape} and {b.shape}); randomness comes from a fixed seed"
    return None


def splits_fault(config: AnyData) -> Fault:
    """No split is empty, and those that are scored are not those that are trained on."""
    data = _load(config)
    rows = {name: _rows(split) for name, split in zip(SPLITS, (data.train, data.valid, data.test), strict=True)}
    empty = [name for name, items in rows.items() if not items]
    if empty:
        return f"the split {empty[0]} is empty: { ({name: len(items) for name, items in rows.items()}) }"
    train = set(rows["train"])
    for name in ("valid", "test"):
        common = sum(item in train for item in rows[name]) / len(rows[name])
        if common > COMMON:
            return f"{common:.0%} of the {len(rows[name])} items of {name} stand in training too; at most {COMMON:.0%} may"
    return None


def epoch_fault(config: AnyData) -> Fault:
    """The batch of a step is decided by the seed: the same for the same, and another for another."""
    data = _load(config)
    arrays, steps = device_arrays(data.train), steps_per_epoch(config, BATCH_SIZE, data.train)

    def batch(seed: int) -> Batch:
        return train_batch(config, BATCH_SIZE, arrays, jax.random.key(seed), jnp.int32(0))

    if not _equal(batch(0), batch(0)):
        return "the first batch of seed 0 is not the same the second time"
    if steps > 1 and all(_equal(batch(0), batch(seed)) for seed in range(1, 5)):
        return "the seeds 0 to 4 begin with one and the same batch"
    return None


LAWS = {"digest": digest_fault, "same each time": reading_fault, "splits": splits_fault, "order of batches": epoch_fault}


def check_dataset(node: type[Node]) -> list[LawResult]:
    """Of a kind of data by its defaults."""
    return apply_laws(LAWS, kind_variants(node)[:1])


def _load(config: AnyData) -> Dataset:
    """Read anew."""
    return SOURCE_KINDS[type(config)].load(config, None, dataset_digest(config))


def _arrays(first: Dataset, second: Dataset, name: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    a, b = ({**vars(split)} if isinstance(split, TextSplit) else split._asdict() for split in (getattr(first, name), getattr(second, name)))
    return {field: (value, b[field]) for field, value in a.items() if isinstance(value, np.ndarray)}


def _rows(split: Split) -> list[bytes]:
    """The items: the lines of a text, or examples with what is asked of them."""
    if isinstance(split, TextSplit):
        return [line.tobytes() for line in np.split(split.tokens, np.flatnonzero(np.diff(split.sentence)) + 1) if line.size]
    return [row.tobytes() + target.tobytes() for row, target in zip(np.where(split.valid, split.inputs, -1), split.targets, strict=True)]


def _equal(a: Batch, b: Batch) -> bool:
    return bool(jax.tree.all(jax.tree.map(np.array_equal, a, b)))
