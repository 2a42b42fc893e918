"""Buckets of examples: an epoch visits each once, a batch is of one bucket, and what is cut off changes nothing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.config.errors import StepladderError
from research.config.pairs import Rewrite
from research.data.batches import steps_per_epoch, train_batch
from research.data.buckets import bucket_widths, in_narrowest
from research.data.loading import load_dataset
from research.data.split_memory import device_arrays

DATA = Rewrite(kind="rewrite", symbols=4, longest=9, train_pairs=103, valid_pairs=2, test_pairs=2)
TRAIN = load_dataset(DATA).train
BUCKETS, ROWS, KEY = 4, 5, jax.random.key(1)
ARRAYS = device_arrays(TRAIN, BUCKETS)
STEPS = steps_per_epoch(DATA, ROWS, TRAIN, BUCKETS)
jitted = jax.jit(train_batch, static_argnums=(0, 1))


def batches(epoch):
    return [jitted(DATA, ROWS, ARRAYS, KEY, jnp.int32(epoch * STEPS + i)) for i in range(STEPS)]


def lengths(batch):
    return np.asarray(batch.valid).sum(axis=1)


def test_an_epoch_visits_no_pair_twice_and_each_bucket_equally_often():
    seen = np.concatenate([np.asarray(batch.index)[:, 0] for batch in batches(0)])
    assert len(np.unique(seen)) == len(seen) == BUCKETS * (len(TRAIN.inputs) // BUCKETS // ROWS) * ROWS
    size = len(TRAIN.inputs) // BUCKETS
    rank = {int(index): place // size for place, index in enumerate(np.asarray(ARRAYS.index)[:, 0])}
    of_batch = [{rank[int(index)] for index in np.asarray(batch.index)[:, 0]} for batch in batches(0)]
    assert all(len(buckets) == 1 for buckets in of_batch)
    assert np.bincount([bucket.pop() for bucket in of_batch]).tolist() == [STEPS // BUCKETS] * BUCKETS


def test_epochs_differ_in_their_order():
    first, second = (np.concatenate([np.asarray(batch.index)[:, 0] for batch in batches(epoch)]) for epoch in (0, 1))
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("step", range(4))
def test_a_batch_is_cut_to_a_width_that_holds_it_and_keeps_all_that_exists(step):
    batch = batches(0)[step]
    widths = []

    def compute(cut):
        widths.append(cut.inputs.shape[1])
        here = jnp.where(cut.valid, cut.inputs + 1, 0).sum(axis=1)
        at_where = jnp.take_along_axis(cut.inputs, cut.where, axis=1)
        return here, jnp.where(cut.weight > 0, 100 * at_where + cut.targets, 0).sum(axis=1), jnp.int32(cut.inputs.shape[1])

    cut, whole = jax.jit(lambda batch: in_narrowest(batch, compute))(batch), compute(batch)
    np.testing.assert_array_equal(cut[0], whole[0])
    np.testing.assert_array_equal(cut[1], whole[1])
    assert lengths(batch).max() <= int(cut[2])
    assert int(cut[2]) in {width.source + width.rest for width in bucket_widths(TRAIN, BUCKETS)}


def test_short_batches_are_computed_narrower_than_long_ones():
    width = jax.jit(lambda batch: in_narrowest(batch, lambda cut: jnp.int32(cut.inputs.shape[1])))
    found = sorted({int(width(batch)) for batch in batches(0)})
    assert len(found) > 1
    assert found[0] < TRAIN.inputs.shape[1]


def test_too_few_pairs_for_every_bucket_are_refused_with_the_buckets_named():
    with pytest.raises(StepladderError, match=r"train\.buckets = 30"):
        steps_per_epoch(DATA, ROWS, TRAIN, 30)
