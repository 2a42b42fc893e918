"""A test split that grows changes no number of training: longer and further sentences, words and symbols that training has not."""

from functools import partial

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from research.config.schema import Config
from research.data.batches import steps_per_epoch
from research.data.dataset import TextSplit
from research.data.loading import load_dataset
from research.data.split_memory import device_arrays
from research.plan.position_limits import beyond_training
from research.tasks.parameters import init_params
from research.tasks.registry import model_sizes
from research.tasks.translating import translation_prompts

LEARNED = {"kind": "learned"}
STACK = {"kind": "stack", "width": 8, "layers": 1, "position": LEARNED, "mixer": {"kind": "attention", "heads": 2}}
DECODER = STACK | {"cross": {"heads": 2}}
MODELS = {
    "text": {"kind": "language_model", "width": 8, "layers": 1, "position": LEARNED, "mixer": {"kind": "attention", "heads": 2}},
    "labelled": {"kind": "classifier", "encoder": {"kind": "bag"}},
    "acceptability": {"kind": "classifier", "encoder": STACK},
    "pairs": {"kind": "encoder_decoder", "encoder": STACK, "decoder": DECODER},
    "row": {"kind": "language_model", "width": 8, "layers": 1, "position": LEARNED, "mixer": {"kind": "attention", "heads": 2}},
    "pictures": {
        "kind": "encoder_decoder",
        "encoder": {"kind": "patches", "size": 4, "width": 8},
        "decoder": DECODER | {"position": {"kind": "none"}},
    },
}
WORDS = st.lists(st.sampled_from(["a", "b", "zebra", "x1", "é"]), min_size=1, max_size=9)


def config(kind, folder, test):
    """Data of a kind whose files lie in `folder`, with `test` as the lines of the test split; pictures: as many as there are lines."""
    lines = {"train": ["a b a", "b a", "a a b b", "b"], "valid": ["a b", "b"], "test": [" ".join(line) for line in test]}
    label = lambda split: [f"{('pos', 'neg')[i % 2]}\t{line}" for i, line in enumerate(lines[split])]
    for split in lines:
        for name, written in (("txt", lines[split]), ("tsv", label(split)), ("source", lines[split]), ("target", lines[split][::-1])):
            (folder / f"{split}.{name}").write_text("".join(f"{line}\n" for line in written))
    files = lambda ending: {split: str(folder / f"{split}.{ending}") for split in lines}
    pairs = {f"{split}_{side}": str(folder / f"{split}.{side}") for split in lines for side in ("source", "target")}
    data = {
        "text": {"kind": "files", "length": 2, **files("txt")},
        "labelled": {"kind": "labelled_files", "length": 6, **files("tsv")},
        "acceptability": {"kind": "acceptability", "shortest": 1, "corruption": "double", "corpus": {"kind": "files", **files("txt")}},
        "pairs": {"kind": "pair_files", "longest": 5, **pairs},
        "row": {"kind": "pair_files", "longest": 5, **pairs},
        "pictures": {"kind": "glyphs", "size": 8, "train_pairs": 30, "test_pairs": len(test)},
    }[kind]
    return Config.model_validate({"data": data, "model": MODELS[kind], "train": {"steps": 2, "batch_size": 2}})


def training(words):
    """All that training and its decoding know of data: arrays in buckets and steps, vocabulary, sizes, initial parameters, limits."""
    data = load_dataset(words.data)
    parts = device_arrays(data.train, 2) if words.data.kind not in ("files",) else device_arrays(data.train)
    valid = (data.valid.tokens, data.valid.sentence) if isinstance(data.valid, TextSplit) else data.valid
    numbers = [*jax.tree.leaves(parts), *(leaf for leaf in valid if isinstance(leaf, np.ndarray))]
    shapes = jax.tree.map(
        lambda leaf: (leaf.shape, leaf.dtype), jax.eval_shape(partial(init_params, words, model_sizes(words, data)), jax.random.key(0))
    )
    limit = translation_prompts(data, "test").steps if data.sides else 0
    facts = data.vocabulary, model_sizes(words, data), steps_per_epoch(words.data, 2, data.train), shapes, limit, data.classes
    return facts, numbers


@pytest.mark.parametrize("kind", MODELS)
@settings(max_examples=4, deadline=None)
@given(more=st.lists(WORDS, min_size=1, max_size=3))
def test_a_test_split_that_grows_changes_no_number_of_training(tmp_path_factory, kind, more):
    folder, small = tmp_path_factory.mktemp("data"), [["zz", "b"]]
    before, after = (training(config(kind, folder, test)) for test in (small, [*small, *more]))
    assert before[0] == after[0]
    assert all(np.array_equal(one, other) for one, other in zip(before[1], after[1], strict=True))


@pytest.mark.parametrize(("kind", "side"), [("pairs", "source"), ("row", "text")])
def test_pairs_beyond_the_learned_positions_of_training_are_told(tmp_path, kind, side):
    long = config(kind, tmp_path, [["a"] * 5])
    assert beyond_training(long.model, load_dataset(long.data)).startswith(f"test has a {side} of")
    short = config(kind, tmp_path, [["a"]])
    assert not beyond_training(short.model, load_dataset(short.data))
