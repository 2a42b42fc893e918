"""A linear probe of every layer: whose vectors, by what they are read, and what is told."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tomli_w
from scipy.sparse import csr_matrix
from tiny import Called, seeds_in
from typer.testing import CliRunner
from words import config_of

from research.cli import app
from research.config.classify import Softmax
from research.models.head_logits import class_logits
from research.models.layers import layer_names
from research.models.softmax_regression import fit_softmax, minimise_softmax
from research.tasks.parameters import init_params
from research.tasks.probing import L2, linear_probe
from research.tasks.sizes import Sizes
from research.use.frozen_model import Frozen
from research.use.probe import layer_features

GRU = {"layers": 2, "width": 8, "mixer": {"kind": "gru"}}
ATTENTION = GRU | {"mixer": [{"kind": "attention", "heads": 2}, {"kind": "lstm"}], "position": {"kind": "sinusoidal"}}
TEXT, LABELLED = {"kind": "pydoc"}, {"kind": "vader"}
MODELS = {
    "attention and recurrent": (TEXT, {"kind": "language_model"} | ATTENTION),
    "window": (TEXT, {"kind": "feed_forward_lm", "width": 4, "hidden": 5}),
    "bag": (LABELLED, {"kind": "classifier", "encoder": {"kind": "bag", "width": 4, "layers": 2}}),
    "convolution": (LABELLED, {"kind": "classifier", "encoder": {"kind": "max_convolution", "width": 4, "windows": [2], "maps": 3}}),
    "both ways": (LABELLED, {"kind": "classifier", "encoder": GRU | {"kind": "stack", "bidirectional": True, "norm": {"kind": "none"}}}),
}
VOCABULARY = 9
LINES = [np.random.default_rng(n).integers(1, VOCABULARY, n).astype(np.int32) for n in (3, 1, 6, 0, 4)]


def frozen_of(name):
    data, model = MODELS[name]
    config = config_of({"data": data, "model": model})
    sizes = Sizes(VOCABULARY, 6, 2) if data is LABELLED else Sizes(VOCABULARY, 6)
    shapes = jax.eval_shape(lambda: init_params(config, sizes, jax.random.key(0)))
    rng = np.random.default_rng(1)
    params = jax.tree.map(lambda leaf: jnp.asarray(0.3 * rng.normal(size=leaf.shape), leaf.dtype), shapes)
    return Frozen(config, params, None, None if data is LABELLED else 0)


@pytest.mark.parametrize("name", MODELS)
def test_a_sentence_s_vectors_depend_on_it_alone(name):
    """Neither on the padding behind it, nor on how many are read at once, nor on its neighbours."""
    frozen = frozen_of(name)
    found = layer_features(frozen, LINES, 6, at_once=len(LINES))
    assert len(found) == len(layer_names(frozen.config.model))
    for other in (
        layer_features(frozen, LINES, 9, at_once=2),
        [layer[::-1] for layer in layer_features(frozen, LINES[::-1], 6, at_once=2)],
    ):
        for one, same in zip(found, other, strict=True):
            np.testing.assert_allclose(one, same, rtol=1e-4, atol=1e-6)
    table = frozen.params.encoder.embedding if name in ("bag", "convolution") else None
    if table is not None:
        np.testing.assert_allclose(found[0][2], np.asarray(table)[LINES[2]].mean(axis=0), rtol=1e-5)
    assert all((layer[3] == 0).all() for layer in found) or name == "bag"  # a sentence of no words


@pytest.mark.parametrize("name", ["bag", "both ways"])
def test_the_last_layer_is_what_the_classifier_reads(name):
    """The model of mean pooling without a last normalisation: its logits are an affine map of the last layer's vectors."""
    frozen = frozen_of(name)
    last = layer_features(frozen, LINES[2:3], 6)[-1]
    tokens, valid = jnp.asarray(LINES[2])[None], jnp.ones((1, 6), bool)
    logits = class_logits(frozen.config.model, frozen.params, tokens, valid)
    kernel, bias = np.asarray(frozen.params.output), np.asarray(frozen.params.output_bias)
    np.testing.assert_allclose(last @ kernel + bias, logits, rtol=1e-4)


def test_dense_and_sparse_regression_have_one_minimum():
    rng = np.random.default_rng(0)
    x, labels = rng.normal(size=(40, 3)).astype(np.float32), rng.integers(3, size=40).astype(np.int32)
    fits = minimise_softmax(2.0, x, labels, 3), fit_softmax(Softmax(l2=2.0), csr_matrix(x), labels, 3)
    for one, other in zip(*(fit[:2] for fit in fits), strict=True):
        np.testing.assert_allclose(one - one.mean(axis=-1, keepdims=True), other - other.mean(axis=-1, keepdims=True), atol=1e-5)


def test_regularisation_is_chosen_without_the_test_split():
    """Vectors that tell the class, and vectors that tell nothing, in which a large l2 is best; test labels change only what is judged."""
    rng = np.random.default_rng(0)
    labels = {split: rng.integers(2, size=80).astype(np.int32) for split in ("train", "valid", "test")}
    noise = {split: rng.normal(size=(80, 30)).astype(np.float32) for split in labels}
    told = {split: noise[split] + np.float32(5) * labels[split][:, None].astype(np.float32) for split in labels}
    splits = lambda x, y: [(x[split], y[split]) for split in ("train", "valid", "test")]
    good, bad = linear_probe(*splits(told, labels), 2), linear_probe(*splits(noise, labels), 2)
    assert (good.predicted == labels["test"]).mean() > 0.95
    assert bad.l2 > good.l2
    turned = linear_probe(*splits(noise, labels | {"test": 1 - labels["test"]}), 2)
    assert (turned.l2, turned.valid_accuracy, turned.predicted.tolist()) == (bad.l2, bad.valid_accuracy, bad.predicted.tolist())
    moved = linear_probe(*splits({split: 100 * x - 7 for split, x in told.items()}, labels), 2)
    np.testing.assert_array_equal(moved.predicted, good.predicted)
    assert good.l2 in L2


def call(folder, *words):
    result = CliRunner().invoke(app, [*words, "--runs", str(folder / "runs")])
    return Called(result.exit_code, result.stdout, result.stderr, result.exception)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sentences whose class is one of their words, and a language model of them."""
    place = tmp_path_factory.mktemp("probe")
    rng = np.random.default_rng(0)
    line = lambda label: f"{'ab'[label]}\t{' '.join([*rng.choice(['film', 'plot', 'but'], rng.integers(1, 4)), ('bad', 'good')[label]])}\n"
    for split, n in (("train", 90), ("valid", 30), ("test", 30)):
        (place / f"{split}.txt").write_text("".join(line(int(i % 3 == 0)) for i in range(n)))
    sentences = {"kind": "labelled_files", **{split: str(place / f"{split}.txt") for split in ("train", "valid", "test")}}
    model = {"kind": "language_model", "layers": 2, "width": 8, "mixer": {"kind": "gru"}, "feed_forward": {"kind": "none"}}
    train = {"steps": 2, "batch_size": 4, "evaluations": 1}
    tree = {"data": {"kind": "unlabelled", "length": 5, "of": sentences}, "model": model, "train": train, "seeds": 1}
    (place / "lm.toml").write_text(tomli_w.dumps(tree))
    (place / "counts.toml").write_text(tomli_w.dumps({"data": tree["data"], "model": {"kind": "ngram", "order": 1}}))
    for name in ("lm", "counts"):
        assert call(place, "train", str(place / f"{name}.toml")).code == 0
    return place


def test_one_command_gives_a_table_and_a_figure(folder):
    run = next(path for path in seeds_in(folder / "runs").values() if (path / "checkpoints").exists()).parent.name
    called = call(folder, "probe", run, "--out", str(folder / "report"), "--json")
    assert called.code == 0, called
    told = json.loads(called.stdout)
    found = {entry["row"][0]: entry for entry in told["entries"] if entry["metric"] == "test.accuracy"}
    assert list(found) == ["majority", "embedding", "layer 1", "layer 2"]
    assert found["majority"]["mean"] == pytest.approx(2 / 3)
    assert found["embedding"]["mean"] > 0.9
    assert {entry["interval"] for entry in found.values()} == {"items"}
    assert (folder / "report" / "figures" / f"probe_{run}.svg").exists()
    assert f"stepladder probe {run}/seed-0" in (folder / "report" / "report.html").read_text()
    few = call(folder, "probe", run, "data.train_sentences=12", "--out", str(folder / "few"), "--json")
    assert few.code == 0, few
    assert few.stdout != called.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["model.width=3"], "a probe has no config but its labelled data"),
        (["data.kind=pydoc"], "classifier needs classes, and pydoc has none"),
        (["data.lenght=3"], "did you mean `data.length`"),
    ],
)
def test_what_cannot_be_probed_is_told(folder, words, told):
    run = next(path for path in seeds_in(folder / "runs").values() if (path / "checkpoints").exists()).parent.name
    called = call(folder, "probe", run, *words)
    assert called.code == 2, called
    assert told in called.stderr


def test_counts_have_no_layers(folder):
    run = next(path for path in seeds_in(folder / "runs").values() if not (path / "checkpoints").exists()).parent.name
    called = call(folder, "probe", run)
    assert called.code == 2
    assert "has no layers to be probed" in called.stderr
