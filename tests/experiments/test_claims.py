"""The claims of every experiment are about rows and metrics that its presets have, whatever becomes of them."""

import json

import pytest

import experiments
from research.config.write import to_tree
from research.results.cards import judge_cards
from research.results.cells import load_cells

EVERY = [(name, preset) for name in experiments.names() for preset in experiments.presets(name)]


def not_yet_run(name, preset):
    """The manifest of a preset, without what only its data says."""
    chosen = experiments.choose(name, preset, [])
    known = [point for point in chosen.loaded.points() if point.config]
    cells = [
        {
            "cell_id": f"cell{i}",
            "labels": point.labels,
            "tuned": point.tuned,
            "config": to_tree(point.config),
            "seeds": [0, 1],
            "state": "ok",
        }
        for i, point in enumerate(known)
    ]
    return {"name": name, "spec": chosen.loaded.sweep.model_dump(mode="json"), "cells": cells, "cards": chosen.cards}


@pytest.mark.parametrize(("name", "preset"), EVERY)
def test_claims_name_rows_that_are_there(name, preset, tmp_path):
    manifest = json.loads(json.dumps(not_yet_run(name, preset)))
    judged = judge_cards(manifest, load_cells(manifest, tmp_path), f"{name}/expected.json")
    assert {judgement.verdict for judgement in judged} <= {"not run here"}


@pytest.mark.parametrize(("name", "preset"), EVERY)
def test_a_claim_about_a_longer_window_has_one(name, preset):
    chosen = experiments.choose(name, preset, [])
    told = json.dumps(chosen.cards)
    also = chosen.loaded.tree.get("eval", {}).get("also", [])
    windows = {int(part.split('"')[0]) for part in told.split("test.perplexity_at_")[1:]}
    assert windows <= set(also)
