"""A manifest as what is to be done: whoever executes it reads this file alone, not the SPEC that it was made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from research.config.code_version import CODE_VERSION
from research.config.errors import StepladderError
from research.config.halving import Rung
from research.config.loader import config_from_tree
from research.config.plugins import load_carried_plugins
from research.plan.planned_cell import PlannedCell
from research.runs.run_state import RunId
from research.runs.sweep_manifest import reading_entries
from research.runs.trial_choice import Choice, parse_reference

FACTS = ("params", "flops_per_token", "lacks", "embeddings", "extra", "advice")  # of a cell's entry: what result.json repeats


@dataclass(frozen=True)
class WorkPlan:
    """The cells of a manifest with what is chosen among them."""

    name: str
    metric: str  # of the table
    cells: tuple[PlannedCell, ...]  # each once, parents before children
    choices: tuple[Choice, ...]
    settled: frozenset[str]  # cells that stand for a row whatever validation says: their test split is scored at once
    cores: int = 1  # of each run

    @property
    def runs(self) -> tuple[RunId, ...]:
        """Every run of every cell, in the order of the cells."""
        return tuple(RunId(cell.cell_id, seed) for cell in self.cells for seed in cell.seeds)

    @cached_property
    def by_id(self) -> dict[str, PlannedCell]:
        """The cells by their ids."""
        return {cell.cell_id: cell for cell in self.cells}

    def parents_of(self, cell: PlannedCell) -> tuple[str, ...]:
        """The ids of the cells that a cell may start from: of a choice, all of its trials in full."""
        return tuple(cell_id for name in cell.parents for cell_id in _named_cells(name))


@lru_cache(maxsize=2**12)
def _named_cells(parent: str) -> tuple[str, ...]:
    """The cell that a parent's name is, or all trials in full of the choice."""
    choice = parse_reference(parent)
    return choice.finalists if choice else (parent,)


def read_work_plan(manifest: Mapping[str, Any], where: str = "The manifest") -> WorkPlan:
    """The work that a manifest describes. Raises StepladderError for one of another version, and for one that is not complete."""
    command = manifest.get("command") or "stepladder sweep SPEC"
    version = manifest.get("code_version", CODE_VERSION)
    if version != CODE_VERSION:
        raise StepladderError(
            f"{where} was made by version {version} of the code, and this is {CODE_VERSION}: its cells have other ids here. Launch the "
            f"sweep again with `{command}`, or execute it with the code that made it."
        )
    if missing := [key for key in ("name", "cells", "parts", "order", "choices", "settled") if key not in manifest]:
        raise StepladderError(
            f"{where} cannot be executed: it has no {', '.join(missing)}. An older code wrote it, or it is no manifest; launch the sweep "
            f"again with `{command}`: what is done is not done again."
        )
    load_carried_plugins(manifest.get("plugins"), where)
    cells: dict[str, PlannedCell] = {}
    with reading_entries(where):
        for entry in (*manifest["cells"], *manifest["parts"]):
            if entry["cell_id"] and entry["cell_id"] not in cells:
                cells[entry["cell_id"]] = _cell_of(entry, where)
        choices = tuple(map(_choice_of, manifest["choices"]))
        metric = str((manifest.get("spec") or {}).get("metric") or "")
        cells_in_order = tuple(cells[cell_id] for cell_id in manifest["order"])
        settled = frozenset(manifest["settled"])
    return WorkPlan(manifest["name"], metric, cells_in_order, choices, settled, manifest.get("cores", 1))


def _choice_of(entry: Mapping[str, Any]) -> Choice:
    trials = {cell_id: tuple(seeds) for cell_id, seeds in entry["trials"].items()}
    return Choice(entry["row"], trials, entry["select"], entry.get("halving", 1), tuple(map(tuple, entry.get("rungs", ()))))


def _cell_of(entry: Mapping[str, Any], where: str) -> PlannedCell:
    return PlannedCell(
        labels=dict(entry["labels"]),
        config=config_from_tree(entry["config"], f"{where}, cell {entry['cell_id']}"),
        cell_id=entry["cell_id"],
        data_digest=entry["data_digest"],
        tuned=dict(entry["tuned"]),
        parents=tuple(entry["parents"]),
        parent_seed=entry["parent_seed"],
        facts={name: entry[name] for name in FACTS if name in entry},
        predicted_seconds=entry["predicted_seconds"],
        settled_parts=entry["settled_parts"],
        program=entry["program"],
        rung=Rung(**entry["rung"]) if "rung" in entry else None,
        shown=entry["shown"],
    )
