"""A masked model sees all but what is hidden, is scored on every token once, and compares with no model that reads from the left."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.compare.statistics import ScoredSplit, comparable
from research.config.schema import Config
from research.data.dataset import Identity
from research.data.loading import load_dataset
from research.tasks.language_modelling import LANGUAGE_MODELLING
from research.tasks.masked_language_modelling import MASKED_LANGUAGE_MODELLING, masked_loss
from research.tasks.masking import hide_tokens
from research.tasks.parameters import init_params
from research.tasks.registry import task_of
from research.tasks.task_kind import TEST
from research.train.evaluate import evaluate_batch, in_split_order
from research.train.update import Program

LINES = {"train": 40, "valid": 6, "test": 9}
ENCODER = {"kind": "stack", "layers": 1, "width": 8, "mixer": {"kind": "attention", "heads": 2}}


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("text")
    for name, lines in LINES.items():
        rows = [" ".join(rng.choice(list("abcdefgh"), size=rng.integers(3, 9))) for _ in range(lines)]
        (folder / name).write_text("\n".join(rows) + "\n")
    return {"kind": "files", "length": 8} | {name: str(folder / name) for name in LINES}


def masked(text, **changes):
    tree = {
        "data": text,
        "task": {"kind": "masked_language_modelling", "share": 0.3},
        "model": {"kind": "token_encoder", "encoder": ENCODER},
    }
    return Config.model_validate(tree | changes)


@cache
def params_of(config):
    data = load_dataset(config.data)
    return jax.jit(lambda: init_params(config, MASKED_LANGUAGE_MODELLING.sizes(config, data), jax.random.key(0)))()


def outcomes(config):
    data = load_dataset(config.data)
    split = MASKED_LANGUAGE_MODELLING.splits(config, data)[TEST]
    program = Program(config, MASKED_LANGUAGE_MODELLING.sizes(config, data), 1, 1)
    score = jax.jit(partial(evaluate_batch, program))
    parts = []
    for stacked in split.batches:
        for i in range(len(stacked.inputs)):
            batch = jax.tree.map(lambda leaf, i=i: leaf[i], stacked)
            parts.append(score(params_of(config), (), jnp.bool_(True), batch)[0])
    joined = {name: np.concatenate([np.asarray(part[name]).ravel() for part in parts]) for name in parts[0]}
    return data, split, in_split_order(split.batches, joined, split.size)


@cache
def _outcome(config):
    return jax.jit(lambda params, batch: MASKED_LANGUAGE_MODELLING.outcome(config, params, (), batch)[1]["nats"])


def nats_of(config, params, batch):
    """Of every token of a batch."""
    return np.asarray(_outcome(config)(params, batch))


@pytest.mark.parametrize("context", ["stream", "sentence"])
def test_every_token_of_a_split_is_scored_once_and_is_not_read_while_it_is(text, context):
    data, split, scored = outcomes(masked(text, eval={"context": context}))
    assert len(scored["nats"]) == len(data.test.tokens)
    mask = data.vocabulary.size
    for stacked in split.batches:
        hidden = stacked.weight > 0
        np.testing.assert_array_equal(stacked.inputs[hidden], mask)
        np.testing.assert_array_equal(stacked.inputs[stacked.valid & ~hidden], stacked.targets[stacked.valid & ~hidden])
        assert not (hidden & ~stacked.valid).any()


def test_what_stands_behind_a_token_changes_its_loss(text):
    config = masked(text)
    data = load_dataset(config.data)
    batch = jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), MASKED_LANGUAGE_MODELLING.splits(config, data)[TEST].batches[0])
    weight, valid = np.asarray(batch.weight), np.asarray(batch.valid)
    places = np.arange(weight.shape[1])
    row, column = next(place for place in np.argwhere(weight > 0) if ((weight[place[0]] == 0) & valid[place[0]])[place[1] :].any())
    behind = int(np.argwhere((weight[row] == 0) & valid[row] & (places > column))[0, 0])
    other = batch.inputs.at[row, behind].set((batch.inputs[row, behind] + 1) % data.vocabulary.size)
    nats = [nats_of(config, params_of(config), batch.replace(inputs=inputs))[row, column] for inputs in (batch.inputs, other)]
    assert abs(nats[0] - nats[1]) > 1e-5


def test_the_loss_is_that_of_the_hidden_tokens(text):
    """By hand: the mean over the hidden places of a batch of the loss that evaluation gives with the same tokens hidden."""
    config = masked(text, task={"kind": "masked_language_modelling", "share": 0.25, "masked": 1.0, "random": 0.0})
    data, params = load_dataset(config.data), params_of(masked(text))
    tokens = data.train.tokens[:16].reshape(2, 8)
    batch = LANGUAGE_MODELLING.splits(Config(data=config.data, model={"kind": "language_model"}), data)[TEST].batches[0]
    ones = np.ones(tokens.shape, np.float32)
    batch = jax.tree.map(lambda leaf: np.asarray(leaf[0][:2]), batch)
    batch = batch.replace(inputs=tokens, targets=tokens, valid=ones > 0, weight=ones, index=np.zeros(tokens.shape, np.int32))
    streams = lambda name: jax.random.key({"masking": 3, "dropout": 4}[name])
    sums = jax.jit(lambda params, batch: masked_loss(config, params, (), batch, streams)[1])(params, batch)
    assert float(sums.weight) == 4
    inputs, where = jax.jit(lambda tokens: hide_tokens(config.task, tokens, streams("masking"), data.vocabulary.size))(tokens)
    nats = nats_of(config, params, batch.replace(inputs=inputs))
    np.testing.assert_allclose(sums.objective, np.take_along_axis(nats, np.asarray(where), axis=1).sum(), rtol=1e-5)


def test_a_pseudo_perplexity_compares_with_no_perplexity_and_with_no_other_masking(text):
    config, data = masked(text), load_dataset(masked(text).data)
    identity = lambda config: task_of(config).splits(config, data)[TEST].belongs.identity
    causal = Config(data=config.data, model={"kind": "language_model"})
    other = masked(text, task={"kind": "masked_language_modelling", "share": 0.1})
    trained_otherwise = masked(text, task={"kind": "masked_language_modelling", "share": 0.3, "masked": 1.0, "random": 0.0})
    scored = lambda identity: ScoredSplit(*identity, None)
    assert not comparable(scored(identity(config)), scored(identity(causal)), "loss")
    assert not comparable(scored(identity(config)), scored(identity(other)), "loss")
    assert comparable(scored(identity(config)), scored(identity(trained_otherwise)), "loss")
    assert isinstance(identity(config), Identity)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model": {"kind": "language_model"}}, "use model.kind = token_encoder"),
        ({"task": {"kind": "language_modelling"}}, "task.kind = masked_language_modelling"),
        ({"eval": {"stride": 4}}, "eval.stride"),
        ({"eval": {"also": (16,)}}, "eval.also"),
        ({"eval": {"misspelt": 0.1}}, "misspelt"),
        ({"data": {"kind": "recall"}}, "is for text"),
        ({"data": {"kind": "vader"}, "model": {"kind": "classifier"}}, "leave it out"),
    ],
)
def test_what_means_nothing_is_refused(text, changes, message):
    if "eval" in changes and "misspelt" in changes["eval"]:
        changes = changes | {"data": text | {"level": "char"}}
    with pytest.raises(ValueError, match=message):
        masked(text, **changes)
