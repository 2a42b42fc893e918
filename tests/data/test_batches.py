"""A training batch is a function of (seed, step), and an epoch is what it says: each window once, each column in one piece."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from research.config.corpora import Pydoc
from research.config.data import Data
from research.config.errors import StepladderError
from research.config.generated import AgreementTask, AssociativeRecall
from research.data.batches import host_batch, resets_state, steps_per_epoch, train_batch
from research.data.dataset import ExampleSplit, TextSplit
from research.data.loading import load_dataset
from research.data.split_memory import belongs_on_host, device_arrays, host_arrays

EOS = 1
KEY = jax.random.key(3)


def text(n):
    """A text whose token i is i + 2, so that every token says where it stands; it ends with eos."""
    tokens = np.arange(2, n + 2, dtype=np.int32)
    tokens[-1] = EOS
    return TextSplit(tokens, np.zeros(n, np.int32))


def words(length, batches="windows"):
    return Pydoc(kind="pydoc", length=length, batches=batches)


jitted = jax.jit(train_batch, static_argnums=(0, 1))


def epoch(config, batch_size, split, number=0, key=KEY):
    steps = steps_per_epoch(config, batch_size, split)
    arrays = device_arrays(split)
    return [jax.tree.map(np.asarray, jitted(config, batch_size, arrays, key, jnp.int32(number * steps + i))) for i in range(steps)]


def equal(one, other):
    return all((x == y).all() for x, y in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True))


EXAMPLES = AssociativeRecall(kind="recall", keys=4, pairs=2, queries=2, train_examples=23)
CASES = [(words(5), text(203)), (words(5, "columns"), text(203)), (EXAMPLES, load_dataset(EXAMPLES).train)]
EVERY = pytest.mark.parametrize(("config", "split"), CASES, ids=["windows", "columns", "examples"])


@pytest.mark.parametrize(("config", "split"), CASES[:2], ids=["windows", "columns"])
def test_the_target_of_a_position_is_the_next_token_and_the_first_input_is_eos(config, split):
    before = np.concatenate([[EOS], split.tokens])
    for batch in epoch(config, 4, split):
        np.testing.assert_array_equal(batch.targets, split.tokens[batch.index])
        np.testing.assert_array_equal(batch.inputs, before[batch.index])
        assert batch.valid.all()
        assert (batch.weight == 1).all()


SHAPES = [(41, 1, 1), (150, 7, 4), (97, 5, 3), (64, 6, 2)]  # tokens, length, rows: each is a program to compile


@settings(max_examples=12, deadline=None)
@given(shape=st.sampled_from(SHAPES), number=st.integers(0, 5))
def test_an_epoch_of_windows_visits_no_token_twice_and_all_but_a_few(shape, number):
    n, length, batch_size = shape
    batches = epoch(words(length), batch_size, text(n), number)
    seen = np.concatenate([batch.index.ravel() for batch in batches])
    assert len(np.unique(seen)) == len(seen)
    assert len(seen) > n - 2 * length - batch_size * length
    starts = np.concatenate([batch.index[:, 0] for batch in batches])
    assert len(np.unique(starts % length)) == 1  # one offset an epoch


def test_epochs_of_windows_differ_in_offset_and_order():
    arrays, steps = device_arrays(text(200)), steps_per_epoch(words(8), 2, text(200))
    firsts = [jitted(words(8), 2, arrays, KEY, jnp.int32(number * steps)).index[:, 0] for number in range(12)]
    assert len({int(first[0]) % 8 for first in firsts}) > 3
    assert len({tuple((first // 8).tolist()) for first in firsts}) > 6


@pytest.mark.parametrize(("n", "length", "batch_size"), SHAPES)
def test_the_chunks_of_a_column_are_the_text_in_one_piece(n, length, batch_size):
    split = text(n)
    columns = np.concatenate([batch.targets for batch in epoch(words(length, "columns"), batch_size, split)], axis=1)
    size = n // batch_size
    for i, column in enumerate(columns):
        np.testing.assert_array_equal(column, split.tokens[i * size :][: len(column)])
        assert size - len(column) < length


def test_a_carried_state_is_reset_when_an_epoch_of_columns_begins():
    anew = [bool(resets_state(words(5, "columns"), jnp.int32(step), 3)) for step in range(7)]
    assert anew == [True, False, False, True, False, False, True]
    assert resets_state(words(5), jnp.int32(1), 3)
    assert resets_state(EXAMPLES, jnp.int32(1), 3)


def test_an_epoch_of_examples_visits_each_once_in_a_new_order():
    split = load_dataset(EXAMPLES).train
    rows = {row.tobytes() for row in split.inputs}
    orders = []
    for number in range(3):
        batches = epoch(EXAMPLES, 5, split, number)
        example = np.concatenate([batch.index[:, 0] // 2 for batch in batches])
        assert len(np.unique(example)) == len(example) == 20
        np.testing.assert_array_equal(np.concatenate([batch.inputs for batch in batches]), split.inputs[example])
        orders.append(tuple(example))
    assert len(set(orders)) == 3
    assert {row.tobytes() for batch in batches for row in batch.inputs} <= rows


def test_padding_of_an_example_has_no_weight_and_no_number():
    config = AgreementTask(kind="agreement", distances=(1, 4), train_examples=8)
    (batch,) = epoch(config, 8, load_dataset(config).train)
    assert sorted(batch.index.ravel()) == list(range(8))
    assert (batch.valid.sum(axis=1) == batch.where[:, 0] + 1).all()


@EVERY
def test_a_batch_is_a_function_of_seed_and_step(config, split):
    batch = partial(jitted, config, 4, device_arrays(split))
    one, again, later = batch(KEY, jnp.int32(9)), batch(KEY, jnp.int32(9)), batch(KEY, jnp.int32(10))
    other = batch(jax.random.key(4), jnp.int32(9))
    assert equal(one, again)
    assert not equal(one, later)
    columns = getattr(config, "batches", "") == "columns"
    assert equal(one, other) == columns  # the order of columns is the text's


@EVERY
def test_the_host_gathers_the_same_batches_bit_for_bit(config, split):
    device, host = device_arrays(split), host_arrays(split)
    for step in (0, 3, 11):
        on_device = jitted(config, 4, device, KEY, jnp.int32(step))
        on_host = host_batch(config, 4, host, KEY, step)
        assert equal(on_device, on_host)
        assert [leaf.dtype for leaf in jax.tree.leaves(on_device)] == [leaf.dtype for leaf in jax.tree.leaves(on_host)]


def test_only_a_long_text_is_kept_on_the_host():
    assert not belongs_on_host(text(203))
    assert belongs_on_host(text(203), above=4 * 202)
    assert isinstance(host_arrays(text(203)).tokens, np.memmap)


@pytest.mark.parametrize(("batches", "need"), [("windows", 4 * 5 + 4), ("columns", 4 * 5)])
def test_too_little_text_for_one_batch_says_how_much_is_needed(batches, need):
    assert steps_per_epoch(words(5, batches), 4, text(need)) == 1
    for n in range(1, need):
        with pytest.raises(StepladderError, match=rf"{n} tokens; one batch of train.batch_size = 4 and data.length = 5 needs {need}"):
            steps_per_epoch(words(5, batches), 4, text(n))


@pytest.mark.parametrize("batches", ["windows", "columns"])
@pytest.mark.parametrize("n", range(1, 40))
def test_an_epoch_has_as_many_steps_as_fit_or_there_is_an_error(batches, n):
    """By counting: windows after the largest offset, or the chunks of the shorter of 3 columns."""
    fit = len(range(4, n - 4, 5)) // 3 if batches == "windows" else len(range(0, n // 3 - 4, 5))
    if fit:
        assert steps_per_epoch(words(5, batches), 3, text(n)) == fit
    else:
        with pytest.raises(StepladderError, match=r"needs"):
            steps_per_epoch(words(5, batches), 3, text(n))


LABELLED = {"kind": "labelled_files", "train": "t", "valid": "v", "test": "w"}
PAIR_FILES = {"kind": "pair_files"} | {f"{split}_{side}": "x" for split in ("train", "valid", "test") for side in ("source", "target")}
FEW = [
    (EXAMPLES.model_dump(), r"examples, .*or raise data.train_examples"),
    (LABELLED, r"sentences, .*or bring more sentences"),
    (LABELLED | {"train_sentences": 8}, r"sentences, .*or raise data.train_sentences"),
    ({"kind": "acceptability", "train_pairs": 5}, r"sentences, .*or raise data.train_pairs"),
    ({"kind": "acceptability", "train_sentences": 5}, r"sentences, .*or raise data.train_sentences"),
    ({"kind": "vader"}, r"sentences, too few for train.batch_size = 24, which needs 24. Lower train.batch_size\.$"),
    (PAIR_FILES, r"pairs, .*or bring more pairs"),
    (PAIR_FILES | {"train_pairs": 5}, r"pairs, .*or raise data.train_pairs"),
    ({"kind": "numerals"}, r"pairs, .*or raise data.train_pairs"),
    ({"kind": "multi30k"}, r"pairs, .*Lower train.batch_size\.$"),
    ({"kind": "glyphs"}, r"pairs, .*Lower train.batch_size\.$"),
]


@pytest.mark.parametrize(("data", "told"), FEW)
def test_too_few_examples_for_one_batch_names_a_key_that_there_is_and_that_helps(data, told):
    read = TypeAdapter(Data).validate_python(data)
    split = ExampleSplit(*(np.zeros((23, 1)),) * 5, np.zeros(23))
    with pytest.raises(StepladderError, match=rf"There are 23 training {told}"):
        steps_per_epoch(read, 24, split)
    with pytest.raises(StepladderError, match=r"train.batch_size = 12 and train.buckets = 2, which needs 24. Lower one of them"):
        steps_per_epoch(read, 12, split, 2)
