"""A classifier that starts from a language model of the same sentences."""

import json
import tomllib

import jax
import numpy as np
import pytest
import tomli_w
from tiny import seeds_in
from typer.testing import CliRunner

from research.cli import app
from research.compare.cells import load_cells
from research.compare.comparisons import why_incomparable
from research.config.data import Unlabelled
from research.config.errors import StepladderError
from research.config.loader import load_config
from research.config.schema import Config
from research.data.loading import load_dataset
from research.plan.resolve_plan import resolve_plan
from research.tasks.parameters import init_params
from research.tasks.registry import model_sizes
from research.train import checkpoint

STACK = {"layers": 1, "width": 6, "mixer": {"kind": "gru"}, "feed_forward": {"kind": "none"}}
ADAM = {"kind": "adam", "learning_rate": 0.02}
TRAIN = {"steps": 6, "batch_size": 8, "evaluations": 1}


def write_family(folder):
    """A language model, and two classifiers that start from it: one leaves it as it is. They stand before their parent."""
    rng = np.random.default_rng(0)
    for split, n in (("train", 120), ("valid", 20), ("test", 20)):
        lines = (f"{'ab'[i % 2]}\t{' '.join(rng.choice([f'w{j}' for j in range(9)], rng.integers(1, 7)))}\n" for i in range(n))
        (folder / f"{split}.txt").write_text("".join(lines))
    sentences = {"kind": "labelled_files", **{split: str(folder / f"{split}.txt") for split in ("train", "valid", "test")}}
    classifier = {"kind": "classifier", "encoder": {"kind": "stack", "pooling": "mean", **STACK}}
    text = {"kind": "unlabelled", "of": sentences, "length": 6}
    rows = [
        {"label": "probe", "init.from": "parent", "init.freeze": ["encoder"]},
        {"label": "tuned", "init.from": "parent"},
        {"label": "parent", "data": text, "model": {"kind": "language_model", **STACK}},
    ]
    tree = {"data": sentences | {"length": 7}, "model": classifier, "optim": ADAM, "train": TRAIN, "seeds": 1}
    path = folder / "family.toml"
    path.write_text(
        tomli_w.dumps(tree | {"sweep": {"name": "family", "metric": "test.accuracy", "list": rows, "table": {"rows": "label"}}})
    )
    return path


@pytest.fixture
def family(tmp_path):
    return write_family(tmp_path)


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """The family when it has been run; one row learns from fewer sentences."""
    family = write_family(tmp_path_factory.mktemp("family"))
    text = family.read_text().replace('label = "tuned"', 'label = "tuned"\n"data.train_sentences" = 90')
    family.write_text(text)
    assert "train_sentences" in text
    called = CliRunner().invoke(app, ["sweep", str(family), "--runs", str(family.parent / "runs")])
    assert called.exit_code == 0, called.output
    return family


def test_rows_of_other_labels_compare_and_the_language_model_with_none(swept):
    """The same test sentences whatever was trained on; the next word of them is another target."""
    runs = swept.parent / "runs"
    manifest = json.loads(next((runs / "sweeps").iterdir()).read_text())
    cells = {cell.labels["label"]: cell for cell in load_cells(manifest, runs)}
    why = lambda a, b, metric="test.accuracy": why_incomparable(cells[a], cells[b], metric)
    assert why("probe", "tuned") == ""
    assert why("probe", "parent") == why("parent", "tuned") == "other test data"
    assert why("probe", "parent", "valid.loss") == "other valid data"


def final(run, config):
    template = jax.eval_shape(lambda: init_params(config, model_sizes(config, load_dataset(config.data)), jax.random.key(0)))
    return checkpoint.restore_checkpoint(run / "checkpoints", checkpoint.FINAL, template)


def test_the_encoder_begins_as_the_language_model_ended(swept):
    plan = resolve_plan(load_config(swept), swept.parent / "runs", None)
    assert plan.cells[0].labels["label"] == "parent"
    runs = seeds_in(swept.parent / "runs")
    found = {cell.labels["label"]: final(runs[f"{cell.cell_id}/seed-0"], cell.config) for cell in plan.cells}
    parent = found["parent"]
    for name in ("embedding", "blocks", "norm"):
        probe, tuned = (getattr(found[label].encoder.forward, name) for label in ("probe", "tuned"))
        jax.tree.map(np.testing.assert_array_equal, probe, getattr(parent, name))
        changes = jax.tree.map(lambda a, b: np.abs(a - b).max(initial=0), tuned, getattr(parent, name))
        assert 0 < max(jax.tree.leaves(changes)) < 0.2
    assert np.abs(found["probe"].output).max() > 0


def test_sentences_and_their_text_have_one_vocabulary(family):
    """However few of them are learned from."""
    config = Config.model_validate(load_config(family).points()[0].config.model_dump(by_alias=True, exclude_unset=True))
    text = Unlabelled(kind="unlabelled", of=config.data.model_copy(update={"length": 64}))
    few = config.data.model_copy(update={"train_sentences": 10})
    assert load_dataset(config.data).vocabulary == load_dataset(text).vocabulary == load_dataset(few).vocabulary
    assert len(load_dataset(few).train.inputs) == 10


def test_another_vocabulary_is_refused(family):
    tree = tomllib.loads(family.read_text())
    tree["sweep"]["list"][0]["data.vocabulary"] = {"size": 5}
    family.write_text(tomli_w.dumps(tree))
    with pytest.raises(StepladderError, match="another vocabulary"):
        resolve_plan(load_config(family), family.parent / "runs", None)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["model.encoder.bidirectional=true"], "in one direction"),
        (["model.encoder={kind='bag'}"], "in one direction"),
        (["model.encoder.width=8"], "is not of this model"),
    ],
)
def test_what_cannot_be_taken_over_is_said(family, words, told):
    with pytest.raises(StepladderError, match=told):
        resolve_plan(load_config(family, words), family.parent / "runs", None)
