"""Sweeps whose cells classify sentences: what slices and mistakes have in common."""

from pathlib import Path

from research.analyses.analysis import AnalysisUnit, data_kind, runnable_entries
from research.compare.cells import Manifest
from research.config.merge import DATA_KINDS
from research.config.value_labels import row_label
from research.runs import store
from research.runs.records import CellEntry


def classifying_entries(manifest: Manifest) -> list[CellEntry]:
    """The cells whose data have classes."""
    classifying = {kind for kind, data in DATA_KINDS.items() if data.asks == "classes"}
    return [entry for entry in runnable_entries(manifest) if data_kind(entry) in classifying]


def classifies(manifest: Manifest) -> bool:
    """Whether any cell does."""
    return bool(classifying_entries(manifest))


def row_of(unit: AnalysisUnit) -> str:
    """The name of a run's row."""
    return row_label(unit.entry["labels"])


def tested_folders(unit: AnalysisUnit) -> list[Path]:
    """The folders of all runs of the unit's cell that were tested."""
    folders = [unit.folder.parent / f"seed-{seed}" for seed in unit.entry["seeds"]]
    return [folder for folder in folders if store.status_of(folder) == "done"]
