"""What a report has beside the runs' own metrics: the spread of logits before training, windows out of reach, attention maps."""

import json

import jax
import numpy as np
import pytest

from research.compare.cells import load_cells
from research.compare.tables import build_table
from research.config.errors import StepladderError
from research.config.loader import load_config
from research.config.schema import Config
from research.data.eval_batches import eval_batches
from research.data.loading import load_dataset
from research.models.observe import attention_maps, logit_deviation
from research.nn.random_streams import stream_key
from research.report.figures import sweep_figures
from research.report.sheets import table_sheet
from research.runs import store
from research.runs.sweep_manifest import manifest_path
from research.tasks.language_modelling import unavailable_metrics
from research.tasks.parameters import init_params
from research.tasks.registry import model_sizes
from research.train import checkpoint
from research.use.attention_maps import attention_section, read_attention_map

ATTENTION = {"kind": "attention", "heads": 1}
MODEL = {"kind": "language_model", "layers": 1, "width": 16, "mixer": ATTENTION, "feed_forward": {"kind": "none"}}
TRAIN, EVALUATION = {"steps": 6, "batch_size": 4, "evaluations": 1}, {"segments": 3, "also": [9]}
POSITION, METRICS = "model.position.kind", ["extra.logit_deviation", "test.perplexity_at_9"]


@pytest.fixture(scope="module")
def swept(shared_place):
    """With learned positions and without, on a text of six words a line: the manifest, and where the runs are."""
    tree = {"data": {"length": 6}, "model": MODEL, "train": TRAIN, "eval": EVALUATION}
    sweep = {"name": "columns", "axes": {POSITION: ["none", "learned"]}, "table": {"rows": POSITION, "metrics": METRICS}}
    path = shared_place.write(tree, "columns", sweep=sweep)
    shared_place.done("sweep", path, runs="columns")
    runs = shared_place.folder / "columns"
    return json.loads(manifest_path(load_config(path), runs).read_text()), runs


def metrics(runs, entry):
    return store.read_result(store.seed_folder(runs, entry["cell_id"], 0))["metrics"]["test"]


def test_the_spread_of_logits_is_that_of_the_initial_parameters_on_the_first_validation_batch(swept):
    manifest, runs = swept
    entry = manifest["cells"][0]
    config = Config.model_validate(entry["config"])
    data = load_dataset(config.data)
    batches = eval_batches(config.data, config.eval, data.valid, data.eos, 6, 6)[0]
    params = jax.jit(lambda: init_params(config, model_sizes(config, data), stream_key(jax.random.key(0), "init")))()
    expected = logit_deviation(config.model, params, jax.tree.map(lambda leaf: leaf[0], batches))
    assert entry["extra"]["logit_deviation"] == pytest.approx(expected, rel=1e-5)
    for cell in manifest["cells"]:
        assert store.read_result(store.seed_folder(runs, cell["cell_id"], 0))["extra"] == cell["extra"]


def test_a_table_shows_what_was_measured_before_training_without_an_interval(swept):
    manifest, runs = swept
    table = build_table(manifest, runs, metrics=["extra.logit_deviation"])
    known = manifest["cells"][0]["extra"]["logit_deviation"]
    assert (table.entries[0][0].interval.mean, table.entries[0][0].source) == (known, "none")
    assert float(table_sheet(table).rows[0][1].text) == pytest.approx(known, abs=1e-3)


def test_a_window_beyond_learned_positions_cannot_be_and_says_why(swept):
    manifest, runs = swept
    none, learned = manifest["cells"]
    assert learned["lacks"] == {"test.perplexity_at_9": "learned positions end at data.length = 6"}
    assert "lacks" not in none
    assert "perplexity_at_9" not in metrics(runs, learned)
    assert metrics(runs, none)["perplexity_at_9"] > 1
    sheet = table_sheet(build_table(manifest, runs, metrics=["test.perplexity_at_9"]))
    assert sheet.rows[1][1].text == "cannot"
    assert any("learned positions end at data.length = 6" in note for note in sheet.notes)


def test_the_figure_of_lengths_begins_at_the_length_of_the_scoring_window(swept):
    manifest, runs = swept
    drawn = next(picture for picture in sweep_figures(manifest, load_cells(manifest, runs)) if picture.name == "lengths")
    for said in ("6", "9", "none", "learned"):
        assert f">{said}<" in drawn.svg


def test_only_windows_beyond_the_end_are_lacking():
    config = {"data": {"kind": "pydoc", "length": 8}, "model": {"kind": "language_model", "position": {"kind": "learned"}}}
    longer = lambda also: unavailable_metrics(Config.model_validate(config | {"eval": {"stride": 4, "also": also}}))
    assert longer((4, 8)) == {}
    assert set(longer((8, 9, 16))) == {"test.perplexity_at_9", "test.perplexity_at_16"}


def test_a_map_is_that_of_the_final_parameters_on_a_line(swept):
    manifest, runs = swept
    entry = manifest["cells"][0]
    found, config = read_attention_map(entry, runs, None, item=2), Config.model_validate(entry["config"])
    data = load_dataset(config.data)
    line = data.test.tokens[data.test.sentence == 2][:-1]
    assert found.symbols == ("</s>", *(data.vocabulary.types[token] for token in line))[:6]
    template = jax.eval_shape(lambda: init_params(config, model_sizes(config, data), jax.random.key(0)))
    params = checkpoint.restore_checkpoint(store.seed_folder(runs, entry["cell_id"], 0) / "checkpoints", checkpoint.FINAL, template)
    tokens = np.array([data.eos, *line], np.int32)[:6]
    np.testing.assert_allclose(found.weights, attention_maps(config.model, params, tokens, np.ones(6, bool)), atol=1e-6)


def test_a_section_shows_every_head_over_the_words_of_the_line(swept):
    manifest, runs = swept
    section = attention_section(manifest, runs, None, "none", item=2)
    assert section.title == "Attention of none"
    assert "Layer 1 of 1, seed 0, test item 2" in section.picture.caption
    for word in ("head 1", "&lt;/s&gt;", *read_attention_map(manifest["cells"][0], runs, None, item=2).symbols[1:]):
        assert word in section.picture.svg


def test_what_was_not_run_has_no_map(swept, tmp_path):
    assert read_attention_map(swept[0]["cells"][0], tmp_path, None) is None
    with pytest.raises(StepladderError, match="No run of none is done"):
        attention_section(swept[0], tmp_path, None)
