"""A study: a question whose cells are measured at once, such as what a tokenizer does to a text, and not trained, kept and resumed.

Its table, claims, figures and page are those of a sweep; what was measured is in its report.json, by cell and seed.
"""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from research.compare.cells import Cell, Manifest
from research.compare.statistics import Items, SeedItems
from research.compare.tables import build_table
from research.config.plain import Json
from research.config.sweep import Sweep, TableLayout
from research.report.build_report import build_report
from research.report.formats.registry import DEFAULT_FORMATS
from research.report.section import Section
from research.report.sheets import table_sheet
from research.report.terminal import print_sheet
from research.report.write_report import write_report
from research.runs.records import Cost
from research.runs.sweep_manifest import Launch


class StudyCell(NamedTuple):
    """One cell of the table: its place, and what was measured there."""

    labels: Mapping[str, Json]  # axis -> value
    test: Mapping[int, Mapping[str, float]]  # by seed, by name; the table knows them as `test.<name>`
    extra: Mapping[str, float] = {}  # what has no chance in it: `extra.<name>`
    items: Mapping[int, Items] = {}  # by seed, where the numbers are means over items
    seconds: float | None = None  # mean over seeds


class Study(NamedTuple):
    """A question, the settings of its preset, and what was measured."""

    name: str
    question: str
    preset: str
    settings: Mapping[str, Json]  # the words of the preset, as plain values
    digest: str  # of the data
    table: TableLayout
    metric: str  # of the table's first columns
    cells: tuple[StudyCell, ...]
    sections: tuple[Section, ...] = ()
    command: str = ""  # that makes its table, where it is no experiment's


def study_manifest(study: Study, cards: Sequence[Mapping[str, Json]]) -> Manifest:
    """What a report reads beside the numbers, as of a sweep that was launched. `cards`: the claims of expected.json."""
    spec = Sweep(name=study.name, metric=study.metric, table=study.table).model_dump(mode="json")
    identity = json.dumps([study.name, study.settings, spec], sort_keys=True)
    return {
        "name": study.name,
        "hash": hashlib.sha256(identity.encode()).hexdigest()[:8],
        "question": study.question,
        "preset": study.preset,
        "spec": spec,
        "spec_file": "",
        "command": study.command or Launch(study.name, preset=study.preset).command,
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "cells": [{"cell_id": _cell_id(study, cell), "labels": dict(cell.labels), "data_digest": study.digest} for cell in study.cells],
        "cards": list(cards),
        "control": None,
    }


def study_cells(study: Study) -> tuple[Cell, ...]:
    """The cells as a table reads them: every seed is done. A cell of one seed has no chance in it."""
    return tuple(_cell(study, cell) for cell in study.cells)


def write_study(
    study: Study, cards: Sequence[Mapping[str, Json]], out_dir: Path, formats: Sequence[str] = DEFAULT_FORMATS
) -> dict[str, Path]:
    """The files of its report, by name. Raises StepladderError where a claim names a row that is not there."""
    report = build_report(study_manifest(study, cards), study_cells(study), study.sections)
    return write_report(report, out_dir, formats)


def print_study(study: Study, cards: Sequence[Mapping[str, Json]]) -> None:
    """Its table, on the terminal."""
    from rich.console import Console

    manifest, cells = study_manifest(study, cards), study_cells(study)
    print_sheet(table_sheet(build_table(manifest, Path(), cells=cells)), Console(highlight=False, markup=False))


def _cell(study: Study, cell: StudyCell) -> Cell:
    seeds = tuple(cell.test)
    cost: Cost = {} if cell.seconds is None else {"seconds": {"train": cell.seconds}}
    return Cell(
        cell_id=_cell_id(study, cell),
        labels=cell.labels,
        config={**study.settings, **cell.labels},
        folder=Path(_cell_id(study, cell)),
        seeds=seeds,
        deterministic=len(seeds) == 1,
        cannot="",
        params={},
        flops_per_token=None,
        statuses=dict.fromkeys(seeds, "done"),
        messages=dict.fromkeys(seeds, ""),
        results={seed: {"metrics": {"test": dict(values)}, **({"cost": cost} if cost else {})} for seed, values in cell.test.items()},
        items=SeedItems(cell.items),
        extra=cell.extra,
    )


def _cell_id(study: Study, cell: StudyCell) -> str:
    identity = json.dumps([study.name, study.settings, study.digest, dict(cell.labels)], sort_keys=True)
    return hashlib.sha256(identity.encode()).hexdigest()[:12]
