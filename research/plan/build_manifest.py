"""What a sweep was when it was launched, as a file: all that a report reads beside results."""

import json
import time
from pathlib import Path
from typing import Any

from research.compare.cells import load_cells
from research.compare.spec_check import check_spec
from research.config.loader import spec_digest
from research.config.plugins import carried_plugins
from research.config.serialise import to_tree
from research.config.sweep import Sweep
from research.config.tuned_by import choices_text
from research.plan.metric_names import metric_names
from research.plan.planned_cell import PlannedCell
from research.plan.price import cores_for_a_run
from research.plan.resolve_plan import Plan
from research.plan.work_plan import WorkPlan, read_work_plan
from research.runs import store
from research.runs.readable_manifests import readable_manifest
from research.runs.sweep_manifest import Launch, launched_path, manifest_path, sweep_hash
from research.train import lanes

PLAIN = Sweep().model_dump(mode="json")  # of a file without a [sweep]


def build_manifest(plan: Plan, launch: Launch) -> dict[str, Any]:
    """The plan as plain values, with what it was launched by."""
    loaded, sweep = plan.loaded, plan.loaded.sweep
    experiment = loaded.experiment
    return {
        "name": plan.name,
        "hash": sweep_hash(loaded),
        "question": experiment.question if experiment else "",
        "spec": (sweep.model_dump(mode="json") if sweep else PLAIN) | {"select": plan.select},
        "spec_file": str(loaded.path),
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "matched": plan.matched,
        "cells": [_cell(row, plan) for row in plan.rows],
        "parts": [_cell(cell, plan) for cell in plan.cells if cell.cell_id not in {place.cell_id for place in plan.places}],
        "order": [cell.cell_id for cell in plan.cells],
        "choices": [choice.as_data() for choice in plan.choices],
        "settled": sorted(plan.settled),
        "cores": launch.cores or cores_for_a_run(_priced_runs(plan), lanes.core_count()),
        "tuned_by": choices_text(loaded.choices) if loaded.choices else "",
        "control": experiment.control.model_dump(mode="json") if experiment and experiment.control else None,
        "spread": experiment.spread if experiment else 0.0,
        **launch.as_data(),
        **_plugins(plan, launch),
    }


def _plugins(plan: Plan, launch: Launch) -> dict[str, Any]:
    """The texts of the plugins of its cells, and what tells a report that a file of the same words was launched, where there are any."""
    plugins = tuple(dict.fromkeys(plugin for cell in plan.cells if cell.config for plugin in cell.config.plugins))
    return {"plugins": carried_plugins(plugins), "spec_digest": spec_digest(plan.loaded.path, launch.overrides)} if plugins else {}


def work_plan_of(plan: Plan) -> WorkPlan:
    """What its manifest says is to be done, without a file."""
    return read_work_plan(json.loads(store.to_json(store.stamp(build_manifest(plan, Launch(str(plan.loaded.path)))))))


def checked_manifest(plan: Plan, runs_dir: Path, launch: Launch) -> dict[str, Any]:
    """The manifest. Raises StepladderError where its spec, its control or a card names a row or a metric that cannot be."""
    contents = build_manifest(plan, launch)
    if plan.loaded.sweep is not None:
        check_spec(contents, load_cells(contents, runs_dir))
    return contents


def write_manifest(plan: Plan, runs_dir: Path, launch: Launch) -> dict[str, Any]:
    """Write it under its name and hash. Raises as `checked_manifest`, before anything is written.

    A sweep launched again keeps the day it was first launched, so that its report keeps its bytes, and the cards of that day from its
    first run on: what is changed afterwards was not claimed before.
    """
    path = manifest_path(plan.loaded, runs_dir)
    new, old = checked_manifest(plan, runs_dir, launch), readable_manifest(launched_path(plan.loaded, runs_dir))
    if old is not None:
        new["created"] = old["created"]
        new["cores"] = launch.cores or old.get("cores") or new["cores"]
    if old is not None and old.get("cards") and _has_begun(new, runs_dir):
        new |= {key: old[key] for key in ("cards", "cards_sha256") if key in old}
    if old is not None and (earlier := old["hash"] if old["hash"] != new["hash"] else old.get("earlier_hash")):
        new["earlier_hash"] = earlier  # whose report is this sweep's too
    store.write_json(path, store.stamp(new))
    return json.loads(store.read_text_file(path))


def _priced_runs(plan: Plan) -> list[tuple[float, str | None]]:
    """Predicted core-seconds and program of every run."""
    return [(cell.predicted_seconds, cell.program or None) for cell in plan.cells for _ in cell.seeds]


def _has_begun(contents: dict[str, Any], runs_dir: Path) -> bool:
    folders = (store.seed_folder(runs_dir, entry["cell_id"], seed) for entry in contents["cells"] for seed in entry["seeds"])
    return any((folder / "status.json").exists() for folder in folders)


def _cell(cell: PlannedCell, plan: Plan) -> dict[str, Any]:
    labels = cell.labels or {"label": plan.name} if cell.shown else cell.labels
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
        "metrics": sorted(metric_names(cell.config)),
        "parents": list(cell.parents),
        "parent_seed": cell.parent_seed,
        "program": cell.program,
        "settled_parts": cell.settled_parts,
        "shown": cell.shown,
        "predicted_seconds": cell.predicted_seconds,
        **({"rung": cell.rung._asdict()} if cell.rung else {}),
        **cell.facts,
    }
