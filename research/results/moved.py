"""What another machine may change: the verdicts of a table that turn when its numbers move by as much as they do between processors."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from research.results.cards import Judgement, judge_cards
from research.results.cells import Cell, Manifest
from research.results.measures import is_quality, split_name
from research.results.statistics import Items, SeedItems
from research.results.tables import Column, TableData, build_table

BOLD = "bold: "  # how the name of what may be bold begins
SUMS = ("loss", "misspelt")  # of items, in nats
MEANS = ("correct", "exact", "token_accuracy", "distinct_1", "distinct_2", "distinct_3", "self_bleu", "reciprocal_rank", "preferred")


class Turn(NamedTuple):
    """A claim, or a bold number, that is undecided: its verdict, and those that it may have on another machine."""

    what: str
    verdict: str
    others: tuple[str, ...]


def relative_spread(values: Sequence[float]) -> float:
    """How far apart numbers are, as a share of the smallest; infinite where one is not finite or not above zero."""
    if not all(math.isfinite(value) and value > 0 for value in values):
        return math.inf
    return max(values) / min(values) - 1


def turns_of(manifest: Manifest, cells: Sequence[Cell]) -> tuple[Turn, ...]:
    """What turns by the spread that the experiment says its numbers have between processors; nothing where it says none."""
    spread = manifest.get("spread") or 0.0
    return undecided(manifest, cells, spread) if spread else ()


def settled_cards(judged: Sequence[Judgement], turns: Sequence[Turn]) -> tuple[Judgement, ...]:
    """The judgements, with those that another machine may turn undecided."""
    others = {turn.what: f"undecided: {turn.verdict} here, or {' or '.join(turn.others)} on another machine" for turn in turns}
    return tuple(replace(judgement, verdict=others.get(f"claim: {judgement.claim}", judgement.verdict)) for judgement in judged)


def table_on_any_machine(manifest: Manifest, runs_dir: Path, cells: Sequence[Cell], turns: Sequence[Turn]) -> TableData:
    """The table of the cells without the bold that another machine may take away, and with a note of how far it may differ."""
    table = build_table(manifest, runs_dir, cells=cells)
    if not manifest.get("spread"):
        return table
    open_places = {turn.what for turn in turns}
    entries = tuple(
        tuple(
            entry and replace(entry, best=entry.best and _bold(row, column) not in open_places)
            for column, entry in zip(table.columns, line, strict=True)
        )
        for row, line in zip(table.rows, table.entries, strict=True)
    )
    named = [turn.what.removeprefix(BOLD) for turn in turns if turn.what.startswith(BOLD)]
    which = f"; in bold on some and not on others, so that it is undecided: {', '.join(named)}" if named else "; no bold turns by as much"
    told = f"Another machine: its processor moves the means of trained rows by up to {100 * manifest['spread']:.2g} %{which}."
    return replace(table, entries=entries, notes=(*table.notes, told))


def _bold(row: Sequence[str], column: Column) -> str:
    return BOLD + " | ".join((", ".join(row), *column.labels, column.metric))


def undecided(manifest: Manifest, cells: Sequence[Cell], spread: float) -> tuple[Turn, ...]:
    """What turns when each row in turn moves by `spread` one way and all others the other way. What has no chance in it does not move."""
    here = verdicts(manifest, cells)
    moves = [(at, factor) for at, cell in enumerate(cells) if not cell.deterministic for factor in (1 + spread, 1 / (1 + spread))]
    others: dict[str, set[str]] = {what: set() for what in here}
    for at, factor in moves:
        shifted = [moved(cell, factor if i == at else 1 / factor) for i, cell in enumerate(cells)]
        for what, verdict in verdicts(manifest, shifted).items():
            others[what].add(verdict)
    return tuple(Turn(what, here[what], tuple(sorted(others[what] - {here[what]}))) for what in here if others[what] - {here[what]})


def verdicts(manifest: Manifest, cells: Sequence[Cell]) -> dict[str, str]:
    """Of each claim what was decided, and of each outcome in the table whether it is bold."""
    found = {f"claim: {judgement.claim}": judgement.verdict for judgement in judge_cards(manifest, cells)}
    table = build_table(manifest, cells[0].folder.parent, cells=cells)
    for row, entries in zip(table.rows, table.entries, strict=True):
        for column, entry in zip(table.columns, entries, strict=True):
            if entry is not None and is_quality(column.metric):
                found[_bold(row, column)] = "bold" if entry.best else "not bold"
    return found


def moved(cell: Cell, factor: float) -> Cell:
    """The cell with its test metrics multiplied by a factor, items and all: a perplexity by that factor is a loss by its logarithm."""
    if cell.deterministic or factor == 1:
        return cell
    results = {seed: _moved_result(result, factor) for seed, result in cell.results.items()}
    items, prompts = (
        SeedItems({seed: _moved_items(items, factor) for seed, items in of.by_seed.items()}) for of in (cell.items, cell.prompts)
    )
    return replace(cell, results=results, items=items, prompts=prompts)


def _moved_result(result: Mapping[str, Any], factor: float) -> dict[str, Any]:
    metrics = {split: dict(values) for split, values in result.get("metrics", {}).items() if values is not None}
    metrics["test"] = {name: _moved_number(name, value, factor) for name, value in metrics.get("test", {}).items()}
    return {**result, "metrics": metrics}


def _moved_number(name: str, value: Any, factor: float) -> Any:
    if not isinstance(value, int | float):
        return value
    return value + math.log(factor) if split_name(f"test.{name}")[1].startswith("loss") else value * factor


def _moved_items(items: Items, factor: float) -> Items:
    sums = {name: value + math.log(factor) * items.tokens for name in SUMS if (value := getattr(items, name)) is not None}
    means = {name: np.asarray(value) * factor for name in MEANS if (value := getattr(items, name)) is not None}
    return items._replace(**sums, **means)
