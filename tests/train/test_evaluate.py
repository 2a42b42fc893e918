"""A score is the model's and the text's: how many rows were scored at once does not matter."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.config.schema import Config
from research.data.dataset import TextSplit
from research.data.eval_batches import eval_batches
from research.tasks.language_modelling import Sizes
from research.train.evaluate import Belonging, Scores, concatenate, evaluate_batch, first_carry, in_order, measure
from research.train.update import Member, Program, begin

TYPES, EOS, N = 11, 1, 240
MODEL = {"kind": "language_model", "layers": 1, "width": 8, "mixer": {"kind": "attention", "heads": 2}, "position": {"kind": "learned"}}


def text():
    tokens = np.random.default_rng(0).integers(2, TYPES, N).astype(np.int32)
    tokens[7::8] = EOS
    return TextSplit(tokens, (np.arange(N) // 8).astype(np.int32))


@cache
def scores(context, tokens_per_batch):
    config = Config.model_validate({"data": {"kind": "pydoc", "length": 8}, "model": MODEL, "eval": {"context": context, "stride": 5}})
    program = Program(config, Sizes(TYPES, 8), steps=1, steps_per_epoch=1)
    params = begin(program, config.model, Member(jnp.uint32(0), jnp.float32(0), jnp.float32(0))).params
    score = jax.jit(partial(evaluate_batch, program))
    batches = eval_batches(config.data, config.eval, text(), EOS, 8, 5, tokens_per_batch)
    nats, likeliest = [], []
    for stacked in batches:
        for i in range(len(stacked.inputs)):
            batch = jax.tree.map(lambda leaf, i=i: leaf[i], stacked)
            found = score(params, first_carry(program, len(batch.inputs)), jnp.bool_(True), batch)
            nats.append(np.asarray(found[0]))
            likeliest.append(np.asarray(found[1]))
    return in_order(batches, concatenate(nats), concatenate(likeliest), N)


@pytest.mark.parametrize("context", ["stream", "sentence"])
def test_the_batch_does_not_matter(context):
    few, many = scores(context, 64), scores(context, 4096)
    np.testing.assert_allclose(few.nats, many.nats, atol=1e-5)
    np.testing.assert_array_equal(few.correct, many.correct)
    assert few.nats.std() > 0.1


def test_the_context_does():
    assert np.abs(scores("stream", 4096).nats - scores("sentence", 4096).nats).max() > 0.01


@pytest.mark.parametrize(("level", "size"), [("word", "all"), ("bpe", 99), ("char", "all"), ("byte", None)])
def test_bits_a_character_are_all_bits_over_all_characters(level, size):
    words = {"vocabulary": {"size": size}} if size else {}
    data = Config.model_validate({"data": {"kind": "pydoc", "level": level} | words, "model": {"kind": "ngram"}}).data
    nats = np.array([0.5, 2.0, 3.5])
    characters = 3 if level in ("char", "byte") else 12
    found = measure(Scores(nats, None), data, Belonging(np.arange(3), characters=characters))
    name = "bits_per_byte" if level == "byte" else "bits_per_character"
    assert found[name] == pytest.approx(6.0 / np.log(2) / characters)
    assert [key for key in found if key.startswith("bits")] == [name]
