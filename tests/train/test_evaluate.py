"""A score is the model's and the text's: how many rows were scored at once does not matter."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.config.corpora import Files
from research.config.schema import Config
from research.data.dataset import TextSplit, units
from research.data.eval_batches import eval_batches
from research.data.loading import load_dataset
from research.tasks.language_modelling import measure_tokens
from research.tasks.membership import token_membership
from research.tasks.outcomes import concatenate
from research.tasks.sizes import Sizes
from research.train.evaluate import evaluate_batch, first_carry, in_split_order
from research.train.update import Member, Program, jitted_initial_state

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
    params = jitted_initial_state(program, config.model, Member(jnp.uint32(0), jnp.float32(0), jnp.float32(0))).params
    score = jax.jit(partial(evaluate_batch, program))
    batches = eval_batches(config.data, config.eval, text(), EOS, 8, 5, tokens_per_batch)
    scored = []
    for stacked in batches:
        for i in range(len(stacked.inputs)):
            batch = jax.tree.map(lambda leaf, i=i: leaf[i], stacked)
            scored.append(score(params, first_carry(program, len(batch.inputs)), jnp.bool_(True), batch)[0])
    return in_split_order(batches, {name: concatenate([np.asarray(batch[name]) for batch in scored]) for name in scored[0]}, N)


@pytest.mark.parametrize("context", ["stream", "sentence"])
def test_the_batch_does_not_matter(context):
    few, many = scores(context, 64), scores(context, 4096)
    np.testing.assert_allclose(few["nats"], many["nats"], atol=1e-5)
    np.testing.assert_array_equal(few["correct"], many["correct"])
    assert few["nats"].std() > 0.1


def test_the_context_does():
    assert np.abs(scores("stream", 4096)["nats"] - scores("sentence", 4096)["nats"]).max() > 0.01


@pytest.mark.parametrize(("level", "size"), [("word", "all"), ("bpe", 40), ("byte_bpe", 260), ("char", "all"), ("byte", None)])
def test_bits_are_all_bits_over_all_characters_and_over_all_bytes(level, size, tmp_path):
    """At every level alike, so that a row of bytes stands beside a row of words."""
    text = "ein café\nund die naïve Katze\n"
    (tmp_path / "text").write_text(text, encoding="utf-8")
    words = {"vocabulary": {"size": size}} if size else {}
    files = {split: str(tmp_path / "text") for split in ("train", "valid", "test")}
    config = Config.model_validate({"data": {"kind": "files", "level": level} | files | words, "model": {"kind": "ngram"}})
    data = load_dataset(config.data)
    nats = np.random.default_rng(0).random(len(data.test.tokens))
    found = measure_tokens(config, "test", {"nats": nats}, token_membership(data, "test"))
    assert found["bits_per_character"] == pytest.approx(nats.sum() / np.log(2) / len(text))
    assert found["bits_per_byte"] == pytest.approx(nats.sum() / np.log(2) / len(text.encode()))
    per_token = {"char": "bits_per_character", "byte": "bits_per_byte"}.get(level)
    assert per_token is None or found[per_token] == pytest.approx(nats.mean() / np.log(2))


def test_a_line_end_inside_a_word_is_counted_with_its_characters(tmp_path):
    text = "<s>old</s> price\n" * 3
    (tmp_path / "text").write_text(text, encoding="utf-8")
    data = load_dataset(Files(kind="files", **{split: str(tmp_path / "text") for split in ("train", "valid", "test")}))
    assert units(data.test) == {"character": len(text), "byte": len(text)}
    assert data.vocabulary.decode(data.test.tokens) == text
