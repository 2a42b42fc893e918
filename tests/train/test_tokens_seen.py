"""What training calls a token: an input that exists, however wide the arrays are and wherever they are cut."""

import jax
import jax.numpy as jnp

from research.config.schema import Config
from research.data.loading import load_dataset
from research.data.split_memory import device_arrays
from research.plan.programs import program_of
from research.train.update import Member, initial_state, train_until

DATA = {"kind": "rewrite", "symbols": 4, "longest": 9, "train_pairs": 60, "valid_pairs": 2, "test_pairs": 2}
MODEL = {"kind": "language_model", "layers": 1, "width": 4, "mixer": {"kind": "convolution"}, "feed_forward": {"kind": "none"}}


def test_of_an_epoch_of_pairs_the_sources_the_separators_and_the_targets() -> None:
    train = {"epochs": 1, "batch_size": 5, "buckets": 2}
    config = Config.model_validate({"data": DATA, "model": MODEL, "train": train})
    data = load_dataset(config.data)
    pairs = data.pairs["train"]
    words = sum(len(source.split()) + 1 + len(target.split()) for source, target in zip(pairs.sources, pairs.targets, strict=True))
    program, member = program_of(config, data), Member(jnp.uint32(0), jnp.float32(1e-3), jnp.float32(0))
    arrays = device_arrays(data.train, 2)
    run = jax.jit(
        lambda arrays: train_until(program, member, initial_state(program, config.model, member), arrays, jnp.int32(program.steps))
    )
    assert int(run(arrays)[1].sums.tokens) == words < data.train.inputs.size
