"""gradient_flow: measurements against closed forms and training's own gradient, cells that share programs, claims that meet numbers."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from experiments.gradient_flow.analysis import ANALYSIS, claimed_numbers
from experiments.gradient_flow.flow import EXAMPLES, Flow, read_flows
from experiments.gradient_flow.jacobians import kernel_parts, norms, parameter_norms
from experiments.gradient_flow.summary import falls_under, far_share, middle, slope, theory
from research.analyses.analysis import AnalysisPlace, Measured
from research.analyses.stage import analysis_sections, run_analyses
from research.catalog.choose import choose_experiment
from research.catalog.claims import claim_cards
from research.catalog.folders import find_experiment
from research.compare.cells import load_cells
from research.config.cell_identity import program_key
from research.config.errors import StepladderError
from research.config.schema import Config
from research.config.serialise import to_tree
from research.data.batch_arrays import Batch
from research.data.loading import load_dataset
from research.report.build_report import build_report
from research.report.write_report import write_report
from research.runs import store
from research.runs.analysis_files import Measurement, read_measurement
from research.tasks.parameters import empty_carry, init_params
from research.tasks.registry import model_sizes
from research.tasks.symbols import symbol_loss

pytestmark = pytest.mark.trains

SMALL = ["data.distances=[6, 34]", "data.train_examples=64", "data.test_examples=32", "model.width=6"]
POINTS = {point.labels["label"]: point for point in choose_experiment("gradient_flow", "quick", SMALL).loaded.points()}


def config_of(label: str) -> Config:
    config = POINTS[label].config
    assert config is not None
    return config


def entry(label: str) -> dict[str, Any]:
    return {"cell_id": label, "labels": {"label": label}, "config": to_tree(config_of(label)), "seeds": [0, 1], "deterministic": False}


def manifest_of_points() -> dict[str, Any]:
    sweep = choose_experiment("gradient_flow", "quick", SMALL).loaded.sweep
    assert sweep is not None
    return dict.fromkeys(("question", "preset", "spec_file", "created"), "") | {
        "name": "gradient_flow",
        "hash": "0123abcd",
        "spec": sweep.model_dump(mode="json"),
        "cells": [entry(label) for label in POINTS],
        "cards": claim_cards(find_experiment("gradient_flow"), "quick"),
        "control": None,
    }


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every run has diverged: norms before training alone."""
    folder = tmp_path_factory.mktemp("runs")
    for label in POINTS:
        for seed in (0, 1):
            store.write_json(store.seed_folder(folder, label, seed) / "status.json", {"status": "diverged"})
    assert run_analyses([ANALYSIS], manifest_of_points(), AnalysisPlace(folder), lambda _: None)
    return folder


@pytest.fixture(scope="module")
def flows(runs: Path) -> dict[str, Flow]:
    units = ANALYSIS.units(manifest_of_points(), runs)
    measured = [Measured(unit, read_measurement(unit.folder, ANALYSIS.name) or Measurement()) for unit in units]
    return {flow.label: flow for flow in read_flows(measured)}


def test_a_family_is_one_program() -> None:
    keys = {label: program_key(config_of(label)) for label in POINTS}
    assert len(POINTS) == 9
    assert len(set(keys.values())) == 3
    assert keys["linear, rho 0.9"] == keys["linear, rho 1.1"] != keys["tanh, rho 1.1"]


@pytest.mark.parametrize("rho", [0.9, 1.0, 1.1])
def test_linear_units_follow_theory_and_tanh_units_stay_below_it(flows: dict[str, Any], rho: float) -> None:
    linear, tanh = flows[f"linear, rho {rho}"], flows[f"tanh, rho {rho}"]
    powers = rho ** np.arange(1, 36)[:, None]
    np.testing.assert_allclose(linear.before["state"], np.broadcast_to(powers, linear.before["state"].shape), rtol=1e-5)
    np.testing.assert_allclose(theory(linear), powers[:, 0])
    assert slope(linear.before["state"]) == pytest.approx(np.log(rho), abs=1e-5)
    assert (tanh.before["state"] <= powers * (1 + 1e-5)).all()


@pytest.mark.parametrize("label", ["linear, rho 1.1", "LSTM, forget bias 3"])
def test_the_parts_sum_to_the_gradient_of_training(label: str) -> None:
    config = config_of(label)
    data, model = load_dataset(config.data), program_key(config).model
    longest = data.test.valid.all(axis=1)
    tokens, valid, targets, where = (jnp.asarray(array[longest][:EXAMPLES]) for array in data.test[:4])
    params = jax.jit(lambda: init_params(config, model_sizes(config, data), jax.random.key(5)))()
    batch = Batch(tokens, valid, targets, jnp.ones(targets.shape), where, jnp.zeros(targets.shape, jnp.int32))

    def in_training(params: Any) -> Any:
        carry = empty_carry(config, model_sizes(config, data), EXAMPLES)
        return symbol_loss(config, params, carry, batch, lambda _: jax.random.key(0))[1].objective

    whole = np.asarray(jax.jit(jax.grad(in_training))(params).blocks[0].mixer.recurrent_kernel[0])
    parts = np.asarray(jax.jit(kernel_parts, static_argnums=0)(model, params, tokens, targets[:, 0]))
    assert np.linalg.norm(parts.sum(axis=(0, 1)) - whole) < 1e-5 * np.linalg.norm(whole)
    steps_back = norms(model, params, tokens, targets[:, 0])["kernel"]
    np.testing.assert_allclose(steps_back[::-1].T, np.linalg.norm(parts, axis=(2, 3)), rtol=1e-5)


def test_the_direct_path_of_a_memory_starts_at_the_forget_gate(flows: dict[str, Any]) -> None:
    direct = flows["LSTM, forget bias 3"].before["direct"]
    assert (np.diff(direct, axis=1) < 0).all(), "a product of gates shrinks with every gate"
    assert (flows["LSTM, forget bias 0"].before["direct"] < flows["LSTM, forget bias 1"].before["direct"]).all()
    assert (flows["LSTM, forget bias 1"].before["direct"] < direct).all()


def test_seeds_are_drawn_as_training_draws_them_and_a_missing_run_has_no_after(flows: dict[str, Any]) -> None:
    for flow in flows.values():
        assert flow.after == {}
        assert not np.array_equal(flow.before["kernel"][0], flow.before["kernel"][1])


def test_another_model_or_task_is_a_mistake() -> None:
    tree = entry("tanh, rho 1.0")["config"]
    tree["model"]["layers"] = 2
    config = Config.model_validate(tree)
    assert not ANALYSIS.applies({"cells": [{"cell_id": "a", "config": tree}]})
    with pytest.raises(StepladderError, match="one bare recurrent layer"):
        parameter_norms(config, None, None)


def test_summaries_of_a_power() -> None:
    powers = np.broadcast_to(0.5 ** np.arange(1, 121)[None, :, None], (2, 120, 3))
    np.testing.assert_allclose(middle(powers), 0.5 ** np.arange(1, 121))
    assert slope(powers) == pytest.approx(np.log(0.5))
    assert falls_under(powers, 1e-3) == 10
    assert falls_under(np.ones((1, 5, 1)), 1e-3) is None
    assert far_share(np.ones((1, 10, 1)) * np.array([1.0, 0.0]), 4) == 0.5
    assert middle(np.array([[[0.0], [1.0]]])).tolist() == [0.0, 1.0]


def test_claims_are_judged_by_what_was_measured(flows: dict[str, Flow], runs: Path, tmp_path: Path) -> None:
    manifest = manifest_of_points()
    sections, missing = analysis_sections([ANALYSIS], manifest, runs)
    assert missing == ()
    written = write_report(build_report(manifest, load_cells(manifest, runs), sections), tmp_path / "out")
    judged = json.loads(written["report.json"].read_text())["cards"]
    assert [card["verdict"] for card in judged] == ["holds"] * 7
    assert all(section.title in written["report.html"].read_text() for section in sections)
    linear = flows["linear, rho 0.9"]
    doubled = replace(linear, before={"state": 2 * linear.before["state"]})
    assert claimed_numbers(doubled)[0]["theory_error_ppm"] == pytest.approx(1e6, rel=1e-4)
