"""The layout of today's file over the cells of a sweep that was launched: columns, rows and their order, the figure, the question."""

import json
from collections.abc import Mapping
from pathlib import Path

from research.compare.cells import Manifest, load_cells, read_spec
from research.compare.spec_check import check_spec
from research.config.loader import LoadedConfig
from research.config.plain import Json
from research.config.sweep_points import SweepPoint
from research.runs.records import CellEntry


def with_layout(manifest: Manifest, loaded: LoadedConfig, runs_dir: Path) -> Manifest:
    """The manifest as its file would be launched today, where that has the same name: nothing but the layout differs.

    Raises StepladderError where the layout names a row or a metric that the sweep does not have.
    """
    if loaded.sweep is None:
        return manifest
    question = loaded.experiment.question if loaded.experiment else ""
    launched = read_spec(manifest)
    today = loaded.sweep.model_copy(update={"select": launched.select})
    if today.model_dump_json() == launched.model_dump_json():
        return {**manifest, "question": question}
    spec = today.model_dump(mode="json")
    moved = {**manifest, "question": question, "spec": spec, "cells": _in_order(manifest["cells"], loaded.points())}
    check_spec(moved, load_cells(moved, runs_dir), where="a claim of the launch")
    return moved


def _in_order(entries: list[CellEntry], points: tuple[SweepPoint, ...]) -> list[CellEntry]:
    """The cells as the points of the sweep stand; a cell that is none of them keeps its place at the end."""
    places = {_place(point.labels): place for place, point in reversed(list(enumerate(points)))}
    return sorted(entries, key=lambda entry: places.get(_place(entry["labels"]), len(points)))


def _place(labels: Mapping[str, Json]) -> str:
    return json.dumps(labels, sort_keys=True, default=str)
