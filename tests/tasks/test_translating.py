"""What is written after a source depends on that source alone; scheduled sampling replaces what it should."""

from dataclasses import replace
from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from pydantic import TypeAdapter

from research.config.decoding import Decoder
from research.config.schema import Config
from research.data.batch_arrays import Batch
from research.data.loading import load_dataset
from research.models import MODELS
from research.tasks.parameters import empty_carry, init_params
from research.tasks.registry import model_sizes
from research.tasks.symbols import with_scheduled_sampling
from research.tasks.translating import (
    TranslationPrompts,
    mean_attention,
    source_attention,
    source_buckets,
    translate,
    translate_rows,
    translation_prompts,
)
from research.tasks.translation import target_loss
from research.text.sides import split_symbols

PAIRS = {"kind": "rewrite", "task": "reverse", "symbols": 5, "longest": 4, "train_pairs": 20, "valid_pairs": 5, "test_pairs": 7}
RECURRENT = {
    "kind": "encoder_decoder",
    "encoder": {"kind": "recurrent", "cell": {"kind": "gru"}, "width": 8, "bidirectional": False},
    "decoder": {"kind": "recurrent", "cell": {"kind": "gru"}, "width": 8},
}
BLOCK = {"kind": "stack", "layers": 2, "width": 8, "mixer": {"kind": "attention", "heads": 2}, "position": {"kind": "learned"}}
MODELS_OF_PAIRS = {
    "recurrent": RECURRENT,
    "stack": RECURRENT | {"decoder": BLOCK | {"cross": {"heads": 2}}},
    "language model": {"kind": "language_model", "layers": 1, "width": 8, "mixer": {"kind": "gru"}},
}
KEY = jax.random.key(0)

decoder = TypeAdapter(Decoder).validate_python
GREEDY, BEAM, SAMPLE = (decoder({"kind": kind}) for kind in ("greedy", "beam", "sample"))


@cache
def config(name, scheduled_sampling=0.0):
    return Config.model_validate(
        {"data": PAIRS, "model": MODELS_OF_PAIRS[name], "train": {"steps": 1, "scheduled_sampling": scheduled_sampling}}
    )


DATA = load_dataset(config("recurrent").data)
GIVEN = translation_prompts(DATA, "test")


@cache
def parameters(name):
    """Noise that makes texts of several lengths."""
    rng, made = np.random.default_rng(4), partial(init_params, config(name), model_sizes(config(name), DATA))
    return jax.tree.map(lambda leaf: jnp.asarray(rng.standard_normal(leaf.shape, np.float32)), jax.eval_shape(made, KEY))


def texts(name, decoder, given=GIVEN, rows=3, buckets=1):
    return translate(config(name).model, decoder, parameters(name), DATA, given, KEY, rows, buckets)


def test_a_prompt_is_a_source_and_its_end_and_a_reference_its_target():
    assert DATA.sides is not None
    for row, exists, source, target, reference in zip(GIVEN.rows, GIVEN.valid, *DATA.pairs["test"], GIVEN.references, strict=True):
        assert [DATA.vocabulary.types[number] for number in row[exists]] == [*source.split(), "<sep>"]
        assert reference == target == " ".join(source.split()[::-1])
    assert GIVEN.steps == 1 + max(len(split_symbols(DATA.sides.target, text)) for text in DATA.pairs["train"].targets)


@pytest.mark.parametrize(("name", "decoder"), [("recurrent", GREEDY), ("stack", SAMPLE), ("recurrent", BEAM), ("language model", SAMPLE)])
def test_a_text_depends_neither_on_its_batch_nor_on_other_rows(name, decoder):
    found = texts(name, decoder)
    assert len({*map(tuple, found)}) > 1
    assert len(found) == len(GIVEN.rows)
    assert texts(name, decoder, rows=2) == found
    others = np.arange(len(found))[::-1].copy()
    others[4] = 4  # the fourth prompt stays where it is, the others change places
    moved = TranslationPrompts(GIVEN.rows[others], GIVEN.valid[others], GIVEN.steps, GIVEN.references)
    assert texts(name, decoder, moved)[4] == found[4]


@pytest.mark.parametrize(("name", "decoder"), [("stack", SAMPLE), ("recurrent", BEAM), ("language model", SAMPLE)])
def test_buckets_of_source_length_change_no_text(name, decoder):
    parts = source_buckets(GIVEN.valid, 2)
    assert parts[0][1] < parts[1][1] == GIVEN.valid.sum(axis=1).max()
    assert texts(name, decoder, buckets=2) == texts(name, decoder)


def test_one_beam_is_greedy():
    assert texts("recurrent", decoder({"kind": "beam", "size": 1})) == texts("recurrent", GREEDY)


@pytest.mark.parametrize("name", ["recurrent", "stack"])
def test_greedy_is_the_likeliest_symbol_of_what_it_wrote_itself(name):
    """The texts, read again as in training, are what the model predicts of them."""
    model, params, rows, valid = config(name).model, parameters(name), jnp.asarray(GIVEN.rows), jnp.asarray(GIVEN.valid)
    numbers = jnp.arange(len(rows))
    kind = MODELS[type(model)]

    @jax.jit
    def both():
        drawn = translate_rows(model, GREEDY, params, rows, valid, KEY, numbers, GIVEN.steps, DATA.eos, DATA.vocabulary.size)[:, 0]
        read = jnp.concatenate([rows[:, -1:], drawn[:, :-1]], axis=1)
        carry = kind.read(model, params, rows[:, :-1], valid[:, :-1])
        h = kind.hidden(model, params, carry, read, jnp.ones(read.shape, bool))[1]
        return drawn, kind.logits(model, params, h).argmax(axis=-1)

    drawn, likeliest = map(np.asarray, both())
    going = np.cumsum(drawn == DATA.eos, axis=1) - (drawn == DATA.eos) == 0  # up to and with the first end
    np.testing.assert_array_equal(drawn[going], likeliest[going])
    assert (drawn[~going] == DATA.eos).all()


@pytest.mark.parametrize(("name", "layers", "heads"), [("recurrent", 1, 1), ("stack", 2, 2)])
def test_attention_is_over_what_exists(name, layers, heads):
    model, test = config(name).model, DATA.test
    found = np.asarray(jax.jit(partial(source_attention, model, source=test.source))(parameters(name), test.inputs, test.valid))
    n, q = test.targets.shape
    assert found.shape == (n, layers, heads, q, test.source)
    np.testing.assert_allclose(found.sum(axis=-1), 1, atol=1e-5)
    source = np.broadcast_to(test.valid[:, None, None, None, : test.source], found.shape)
    assert not found[~source].any()
    np.testing.assert_allclose(mean_attention(found), found[:, layers - 1].mean(axis=1), atol=1e-6)


def test_without_attention_there_is_none():
    decoder = RECURRENT["decoder"] | {"attention": {"kind": "none"}}
    words = Config.model_validate({"data": PAIRS, "model": RECURRENT | {"decoder": decoder}})
    params, test = jax.eval_shape(partial(init_params, words, model_sizes(words, DATA)), KEY), DATA.test
    assert jax.eval_shape(partial(source_attention, words.model, source=test.source), params, test.inputs, test.valid) is None


def batch():
    train = DATA.train
    n, q = train.targets.shape
    arrays = map(jnp.asarray, (train.inputs, train.valid, train.targets, train.weight, train.where))
    return Batch(*arrays, jnp.zeros((n, q), jnp.int32), train.source)


@pytest.mark.parametrize("name", ["recurrent", "language model"])
def test_scheduled_sampling_replaces_inputs_of_the_target_by_what_is_likeliest_there(name):
    """Some symbols after <sep> become the model's own of a pass over the true ones; nothing else changes."""
    words, params, true = config(name, 0.5), parameters(name), batch()
    start, kind = empty_carry(words, model_sizes(words, DATA), len(true.inputs)), MODELS[type(words.model)]

    @jax.jit
    def run():
        if kind.read:
            carry = kind.read(words.model, params, true.inputs[:, : true.source], true.valid[:, : true.source])
            h = kind.hidden(words.model, params, carry, true.inputs[:, true.source :], true.valid[:, true.source :])[1]
        else:
            h = kind.hidden(words.model, params, start, true.inputs, true.valid)[1][:, true.source :]
        return with_scheduled_sampling(words, params, start, true, KEY), kind.logits(words.model, params, h).argmax(axis=-1)

    mixed, likeliest = run()
    after = true.source + 1
    read, own, given = (np.asarray(a) for a in (mixed.inputs[:, after:], likeliest[:, :-1], true.inputs[:, after:]))
    np.testing.assert_array_equal(mixed.inputs[:, :after], true.inputs[:, :after])
    assert ((read == own) | (read == given)).all()
    differ = (own != given) & np.asarray(true.valid[:, after:])
    share = (read == own)[differ].mean()
    assert 0.3 < share < 0.7
    same = replace(mixed, inputs=true.inputs)
    jax.tree.map(np.testing.assert_array_equal, same, true)


def test_a_rate_of_zero_is_plain_training():
    """No first pass: the program is that of one pass over the batch as it is."""
    shown = lambda rate: str(
        jax.make_jaxpr(partial(target_loss, config("recurrent", rate), streams=lambda _: KEY))(parameters("recurrent"), (), batch())
    )
    assert "random_bits" not in shown(0.0)
    assert "random_bits" in shown(0.25)
