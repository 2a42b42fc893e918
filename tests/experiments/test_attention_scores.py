"""The maps in the report of attention_scores, from runs that were begun and never trained."""

import jax
import numpy as np
import pytest

from experiments.attention_scores.analysis import ANALYSIS, QueryMap, clearest
from research.analyses.analysis import AnalysisPlace
from research.analyses.stage import analysis_sections, run_analyses
from research.catalog.choose import choose_experiment
from research.config.serialise import to_toml
from research.data.loading import load_dataset
from research.plan.build_manifest import build_manifest
from research.plan.resolve_plan import resolve_plan
from research.runs import store
from research.runs.analysis_files import read_measurement
from research.runs.sweep_manifest import Launch
from research.tasks.parameters import init_params
from research.tasks.registry import model_sizes
from research.train import checkpoint
from research.use.attention_maps import read_attention_map

AXES = '{"model.mixer.score.kind" = ["scaled_dot", "dot"], "model.mixer.heads" = [4, 1], "data.train_examples" = [64]}'
SIZES = [
    "model.width=16",
    "sweep.tuned_by=''",
    "data.test_examples=4",
    "data.valid_examples=4",
    "train.steps=60",
]
SMALL = [*SIZES, f"sweep.axes={AXES}", "sweep.exclude=[]"]


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """The quick preset on a small scale, its wide heads and its narrow dot product alone done."""
    runs = tmp_path_factory.mktemp("runs")
    chosen = choose_experiment("attention_scores", "quick", SMALL)
    plan = resolve_plan(chosen.loaded, runs, None)
    for cell in plan.cells[1:]:
        params = jax.jit(
            lambda config=cell.config: init_params(config, model_sizes(config, load_dataset(config.data)), jax.random.key(0))
        )()
        folder = store.seed_folder(runs, cell.cell_id, 1)
        checkpoint.save_checkpoint(folder / "checkpoints", checkpoint.FINAL, params)
        store.write_json(folder / "result.json", {})
        store.write_json(folder / "status.json", {"status": "done"})
        store.write_text(folder.parent / "config.toml", to_toml(cell.config))
    manifest = build_manifest(plan, Launch("attention_scores", preset="quick"))
    assert run_analyses([ANALYSIS], manifest, AnalysisPlace(runs), lambda _: None)
    return manifest, runs


def test_there_is_a_section_for_each_number_of_heads_with_a_panel_for_each_score_that_is_done(begun):
    four, one = analysis_sections([ANALYSIS], *begun).sections
    assert (four.title, one.title) == (
        "What a query looks at: 4 heads of width 4, 64 examples",
        "What a query looks at: 1 head of width 16, 64 examples",
    )
    assert "seed 1" in one.picture.caption
    panels = lambda section: {score for score in ("scaled_dot", "dot") if f">{score}<" in section.picture.svg}
    assert panels(four) == {"dot"}
    assert panels(one) == {"scaled_dot", "dot"}


def test_rows_are_the_queries_and_columns_the_whole_example(begun):
    manifest, runs = begun
    symbols = read_attention_map(manifest["cells"][1], runs, None).symbols
    assert len(symbols) == 12
    svg = analysis_sections([ANALYSIS], *begun).sections[1].picture.svg
    for place, symbol in enumerate(symbols):
        assert svg.count(f">{symbol}<") >= (2 if place >= 8 else 1)


def test_without_runs_there_is_no_section(begun, tmp_path):
    assert analysis_sections([ANALYSIS], begun[0], tmp_path) == ((), ())


def test_the_clearest_head_is_the_one_that_looks_at_the_right_values():
    """k0 v5 k1 v6, then k1 k0: the right values are at 3 and 1, and what is behind them counts as well."""
    weights = np.full((2, 3, 6, 6), 0.1)
    weights[1, 2, 4, 3] = weights[1, 2, 5, 2] = 0.6
    weights[1, 1, 4, 1] = weights[1, 1, 5, 3] = weights[0, 0, 4, 3] = 0.9
    found = QueryMap(weights, ("k0", "v5", "k1", "v6", "k1", "k0"), 0)
    np.testing.assert_array_equal(clearest(found, pairs=2), weights[1, 2])


def test_the_record_holds_the_map_of_the_first_run(begun):
    manifest, runs = begun
    (unit, measurement), *_ = [(unit, read_measurement(unit.folder, ANALYSIS.name)) for unit in ANALYSIS.units(manifest, runs)]
    expected = read_attention_map(unit.entry, runs, None)
    np.testing.assert_array_equal(measurement.arrays["weights"], expected.weights)
    assert (tuple(measurement.values["symbols"]), unit.seed) == (expected.symbols, expected.seed)
