"""The claims of every experiment are about rows and metrics that its presets have, whatever becomes of them."""

import json
import re

import pytest

from research.catalog.choose import choose_experiment
from research.catalog.claims import claim_cards
from research.catalog.folders import ExperimentFolder, shipped_experiments
from research.compare.cards import evaluate_cards
from research.compare.cells import load_cells
from research.compare.spec_check import check_spec
from research.config.errors import StepladderError
from research.config.serialise import to_tree
from research.plan.metric_names import metric_names

EVERY = [(folder.spec, preset) for folder in shipped_experiments() if folder.is_sweep for preset in folder.presets]


def not_yet_run(name, preset):
    """The manifest of a preset, without what only its data says."""
    chosen = choose_experiment(name, preset, [])
    known = [point for point in chosen.loaded.points() if point.config]
    cells = [
        {
            "cell_id": f"cell{i}",
            "labels": point.labels,
            "tuned": point.tuned,
            "config": to_tree(point.config),
            "seeds": [0, 1],
            "state": "ok",
            "metrics": sorted(metric_names(point.config)),
        }
        for i, point in enumerate(known)
    ]
    control = chosen.loaded.experiment.control
    spec = chosen.loaded.sweep.model_dump(mode="json")
    told = control.model_dump(mode="json") if control else None
    return {"name": name, "spec": spec, "cells": cells, "cards": chosen.cards, "control": told}


MISSPELT = [
    (lambda m: m["cards"][0].update(metric="test.perplexty"), "test.perplexity"),
    (lambda m: m["cards"][0].update(metric="test.bleu"), "can have"),
    (lambda m: m["cards"][0].update(metric="test.perplexity_at_512"), "can have"),
    (lambda m: m["spec"].update(metric="test.perplexit"), "did you mean `test.perplexity`"),
    (lambda m: m["spec"]["table"].update(metrics=["test.foo"]), "table.metrics names the metric 'test.foo'"),
    (lambda m: m["spec"]["table"].update(baseline="no such row"), "table.baseline names 'no such row'"),
    (lambda m: m["spec"].update(comparisons=[{"better": "LSTM", "worse": "LSTMs"}]), "did you mean `LSTM`"),
    (lambda m: m["spec"].update(comparisons=[{"better": "LSTM", "worse": "LSTM"}]), "with itself"),
    (lambda m: m["control"].update(label="4-gram"), "the control names '4-gram'"),
    (lambda m: m["control"].update(metric="test.accuracy"), "which the row 3-gram can have"),
]


@pytest.mark.parametrize(("mistake", "told"), MISSPELT)
def test_what_names_nothing_is_told_before_anything_is_run(mistake, told, tmp_path):
    manifest = json.loads(json.dumps(not_yet_run("lm_ladder", "quick")))
    check_spec(manifest, load_cells(manifest, tmp_path))
    mistake(manifest)
    with pytest.raises(StepladderError, match=re.escape(told)):
        check_spec(manifest, load_cells(manifest, tmp_path))


def test_a_preset_that_a_claim_names_is_there(tmp_path):
    (tmp_path / "quick.toml").write_text("")
    (tmp_path / "expected.json").write_text(json.dumps({"cards": [{"presets": ["quik"]}]}))
    with pytest.raises(StepladderError, match=r"card 1: `presets` names 'quik'.*did you mean `quick`"):
        claim_cards(ExperimentFolder("mine", tmp_path), "quick")


@pytest.mark.parametrize(("name", "preset"), EVERY)
def test_claims_name_rows_that_are_there(name, preset, tmp_path):
    manifest = json.loads(json.dumps(not_yet_run(name, preset)))
    cells = load_cells(manifest, tmp_path)
    check_spec(manifest, cells, f"{name}/expected.json")
    judged = evaluate_cards(manifest, cells, f"{name}/expected.json")
    assert {judgement.verdict for judgement in judged} <= {"not run here"}


@pytest.mark.parametrize(("name", "preset"), EVERY)
def test_a_claim_about_a_longer_window_has_one(name, preset):
    chosen = choose_experiment(name, preset, [])
    told = json.dumps(chosen.cards)
    also = chosen.loaded.tree.get("eval", {}).get("also", [])
    windows = {int(part.split('"')[0]) for part in told.split("test.perplexity_at_")[1:]}
    assert windows <= set(also)
