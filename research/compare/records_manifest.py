"""A manifest made of finished cells alone, whichever sweeps they came from: what the tables of a sweep are drawn by."""

import json
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import NamedTuple

from research.compare.cells import Manifest
from research.config.errors import StepladderError
from research.config.plain import Json, Tree
from research.config.sweep import Sweep, TableLayout
from research.config.value_labels import label_values, value_text
from research.runs.records import CellEntry, Result, RungWords
from research.runs.where import near_key

DIGEST, VERSION = "the data's digest", "code_version"  # in what cells of equal words may differ


class CellFacts(NamedTuple):
    """What a table reads of a cell beside its runs. `words`: by dotted key, defaults too. `tuned`: those that a sweep tried for its row."""

    cell_id: str
    seeds: tuple[int, ...]
    config: Mapping[str, Json]
    words: Mapping[str, Json]
    results: tuple[Result, ...] = ()
    deterministic: bool = False
    data_digest: str | None = None
    tuned: Mapping[str, Json] = {}
    rung: RungWords | None = None  # of a row that is halved: see config.halving.Rung


class Grouping(NamedTuple):
    """The keys whose values are rows and columns, the metrics, and what chooses among tuned values."""

    rows: tuple[str, ...]
    columns: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ("test.perplexity",)
    select: str | None = None
    notes: tuple[str, ...] = ()
    command: str = ""


def records_manifest(cells: Sequence[CellFacts], grouping: Grouping) -> Manifest:
    """The cells by the values of the keys, in their order. Cells that differ in tuned words alone are the trials of one row.

    Raises StepladderError for a key that no cell has, and for two cells in one place, naming what they differ in.
    """
    keys = (*grouping.rows, *grouping.columns)
    _check_keys(cells, grouping)
    cells = [cell._replace(tuned={key: value for key, value in cell.tuned.items() if key not in keys}) for cell in cells]
    places: dict[tuple[Json, ...], list[CellFacts]] = {}
    for cell in cells:
        places.setdefault(tuple(_text(cell, key) for key in keys), []).append(cell)
    for place in places.values():
        _check_place(place, keys)
    ordered = sorted(cells, key=lambda cell: [_order(cell.words.get(key)) for key in keys])
    labels = {key: _labels(ordered, key) for key in keys}
    tuned_keys = dict.fromkeys(key for cell in ordered for key in cell.tuned)
    tried = {
        key: tuple({value_text(cell.tuned[key]): cell.tuned[key] for cell in ordered if key in cell.tuned}.values()) for key in tuned_keys
    }
    layout = TableLayout(rows=grouping.rows, columns=grouping.columns, metrics=grouping.metrics[1:], figure="none")
    spec = Sweep.model_validate({"tune": tried, "metric": grouping.metrics[0], "select": grouping.select, "table": layout})
    return {
        "name": "runs",
        "hash": sha256(json.dumps([sorted(cell.cell_id for cell in cells), list(keys)]).encode()).hexdigest()[:8],
        "question": "",
        "preset": None,
        "spec": spec.model_dump(mode="json"),
        "spec_file": "",
        "command": grouping.command,
        "created": "",
        "cells": [_entry(cell, {key: labels[key][cell.cell_id] for key in keys if key in cell.words}) for cell in ordered],
        "cards": [],
        "control": None,
        "notes": list(grouping.notes),
    }


def _entry(cell: CellFacts, labels: Tree) -> CellEntry:
    trained: Result = next((result for result in cell.results if result.get("steps")), Result())
    entry: CellEntry = {
        "cell_id": cell.cell_id,
        "labels": labels | dict(cell.tuned),
        "config": cell.config,
        "data_digest": cell.data_digest or "",
        "seeds": list(cell.seeds),
        "deterministic": cell.deterministic,
        "state": "ok",
        "reason": "",
        "tuned": cell.tuned,
        "params": trained.get("params", {}),
        "flops_per_token": trained.get("flops_per_token"),
    }
    return {**entry, "rung": cell.rung} if cell.rung and cell.tuned else entry


def _labels(cells: Sequence[CellFacts], key: str) -> dict[str, Json]:
    """The value of a key by cell, short and different from its neighbours."""
    having = [cell for cell in cells if key in cell.words]
    return dict(zip((cell.cell_id for cell in having), label_values([cell.words[key] for cell in having]), strict=True))


def _text(cell: CellFacts, key: str) -> str | None:
    return value_text(cell.words[key]) if key in cell.words else None


def _order(value: Json) -> tuple[int, float, str]:
    """Numbers by size, then texts, then nothing."""
    if isinstance(value, int | float):
        return 0, float(value), ""
    return (2, 0.0, "") if value is None else (1, 0.0, value_text(value))


def _check_keys(cells: Sequence[CellFacts], grouping: Grouping) -> None:
    present = dict.fromkeys(key for cell in cells for key in cell.words)
    if not grouping.rows:
        differing = [key for key in present if len({value_text(cell.words.get(key)) for cell in cells}) > 1 and key != "cell_id"]
        raise StepladderError(
            f"rows: name the key whose values are the rows, as model.mixer.kind. These cells differ in {', '.join(differing) or 'nothing'}."
        )
    for option, keys in (("rows", grouping.rows), ("columns", grouping.columns)):
        for key in keys:
            if key not in present:
                raise StepladderError(
                    f"{option}: {key!r} is no key of these cells{near_key(key, present)} A key is dotted, as model.width."
                )
    if twice := [key for key in grouping.rows if key in grouping.columns]:
        raise StepladderError(f"{twice[0]} is named by rows and by columns; a place of the table needs it once.")


def _check_place(cells: Sequence[CellFacts], keys: Iterable[str]) -> None:
    """Raises StepladderError unless the cells of a place are one, or the trials of one row."""
    first = cells[0]
    for other in cells[1:]:
        differing = _differing(first, other)
        if not differing and first.tuned and other.tuned:
            continue
        place = ", ".join(f"{key} = {value_text(first.words.get(key))}" for key in keys)
        clauses = [f"{key} ({value_text(mine)} and {value_text(its)})" for key, (mine, its) in differing.items()]
        named = [key for key in differing if key not in (DIGEST,)]
        choice = f"{named[0]} == {differing[named[0]][0]!r}" if named else f"cell_id == {first.cell_id!r}"
        raise StepladderError(
            f"Two cells have one place in the table, {place}: {first.cell_id} and {other.cell_id} differ in "
            f"{', '.join(clauses) or 'a file that they read'}. Add {' or '.join(named[:3]) or 'cell_id'} to rows or columns, or choose "
            f'one, as where = "{choice}".'
        )


def _differing(first: CellFacts, other: CellFacts) -> dict[str, tuple[Json, Json]]:
    tuned = {*first.tuned, *other.tuned} if first.tuned and other.tuned else set()
    if first.rung and other.rung and tuned:
        tuned |= {*first.rung["duration"], *other.rung["duration"]}
    mine, its = ({**cell.words, DIGEST: (cell.data_digest or "")[:12]} for cell in (first, other))
    keys = [key for key in dict.fromkeys((*mine, *its)) if key not in tuned and key != "cell_id"]
    return {key: (mine.get(key), its.get(key)) for key in keys if mine.get(key) != its.get(key)}
