"""What a sweep was when it was launched, as a file: all that a report reads beside results."""

import json
import time
from pathlib import Path
from typing import Any

from research.config.sweep import Sweep
from research.config.write import to_tree
from research.launch.plan import Cell, Plan
from research.results import store
from research.results.cards import judge_cards
from research.results.cells import load_cells
from research.results.comparisons import named_comparisons
from research.results.manifest import manifest_path, sweep_hash

PLAIN = Sweep().model_dump(mode="json")  # of a file without a [sweep]


def manifest(plan: Plan, cards: list[Any], preset: str | None) -> dict[str, Any]:
    """The plan as plain values. `cards`: the experiment's expected.json."""
    loaded, sweep = plan.loaded, plan.loaded.sweep
    experiment = loaded.experiment
    return {
        "name": plan.name,
        "hash": sweep_hash(loaded),
        "question": experiment.question if experiment else "",
        "preset": preset,
        "spec": sweep.model_dump(mode="json") if sweep else PLAIN,
        "spec_file": str(loaded.path),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cells": [_cell(row, plan) for row in plan.rows],
        "cards": cards,
        "control": experiment.control.model_dump(mode="json") if experiment and experiment.control else None,
    }


def write_manifest(plan: Plan, runs_dir: Path, cards: list[Any], preset: str | None) -> dict[str, Any]:
    """Write it under its name and hash; a sweep launched again keeps the day it was first launched, so that its report keeps its bytes.

    Raises StepladderError, before anything is written, where a comparison or a card names a row or a metric that cannot be.
    """
    path = manifest_path(plan.loaded, runs_dir)
    new, old = manifest(plan, cards, preset), store.read_json(path)
    shown = load_cells(new, runs_dir)
    named_comparisons(new, shown)
    judge_cards(new, shown)
    if old is not None:
        new["created"] = old["created"]
    store.write_json(path, new)
    return json.loads(store.read_text(path))


def _cell(cell: Cell, plan: Plan) -> dict[str, Any]:
    labels = cell.labels or {"label": plan.name}
    if cell.config is None:
        return {
            "cell_id": "",
            "labels": labels,
            "config": {},
            "seeds": [],
            "deterministic": False,
            "state": "cannot",
            "reason": cell.reason,
            "tuned": cell.tuned,
        }
    return {
        "cell_id": cell.cell_id,
        "labels": labels,
        "config": to_tree(cell.config),
        "data_digest": cell.data_digest,
        "seeds": list(cell.seeds),
        "deterministic": cell.deterministic,
        "state": "ok",
        "reason": "",
        "tuned": cell.tuned,
        "predicted_seconds": cell.predicted_seconds,
        **cell.facts,
    }
