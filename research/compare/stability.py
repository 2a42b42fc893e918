"""What another machine may change: the verdicts of a table that turn when its numbers move by as much as they do between processors."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from research.compare.cards import CardResult, evaluate_cards
from research.compare.cells import Cell, Manifest
from research.compare.statistics import Items, SeedItems
from research.compare.tables import Column, TableData, build_table
from research.metrics.metric_kind import Holds
from research.metrics.registry import fields_of_items
from research.runs.measures import is_quality, split_name
from research.runs.records import Result

BOLD = "bold: "  # how the name of what may be bold begins


class UnstableVerdict(NamedTuple):
    """A claim, or a bold number, that is undecided: its verdict, and those that it may have on another machine."""

    what: str
    verdict: str
    others: tuple[str, ...]


def relative_spread(values: Sequence[float]) -> float:
    """How far apart numbers are, as a share of the smallest; infinite where one is not finite or not above zero."""
    if not all(math.isfinite(value) and value > 0 for value in values):
        return math.inf
    return max(values) / min(values) - 1


def find_unstable_verdicts(manifest: Manifest, cells: Sequence[Cell]) -> tuple[UnstableVerdict, ...]:
    """What turns by the spread that the experiment says its numbers have between processors; nothing where it says none."""
    spread = manifest.get("spread") or 0.0
    return perturb_verdicts(manifest, cells, spread) if spread else ()


def cards_on_any_machine(card_results: Sequence[CardResult], unstable_verdicts: Sequence[UnstableVerdict]) -> tuple[CardResult, ...]:
    """The card results; one that another machine may change is undecided."""
    verdict_texts = {
        unstable.what: f"undecided: {unstable.verdict} here, or {' or '.join(unstable.others)} on another machine"
        for unstable in unstable_verdicts
    }
    return tuple(replace(result, verdict=verdict_texts.get(f"claim: {result.claim}", result.verdict)) for result in card_results)


def table_on_any_machine(
    manifest: Manifest, runs_dir: Path, cells: Sequence[Cell], unstable_verdicts: Sequence[UnstableVerdict]
) -> TableData:
    """The table of the cells without the bold that another machine may take away, and with a note of how far it may differ."""
    table = build_table(manifest, runs_dir, cells=cells)
    if not manifest.get("spread"):
        return table
    unstable_names = {unstable.what for unstable in unstable_verdicts}
    entries = tuple(
        tuple(
            entry and replace(entry, best=entry.best and _bold_name(row, column) not in unstable_names)
            for column, entry in zip(table.columns, line, strict=True)
        )
        for row, line in zip(table.rows, table.entries, strict=True)
    )
    unstable_bold = [unstable.what.removeprefix(BOLD) for unstable in unstable_verdicts if unstable.what.startswith(BOLD)]
    bold_text = (
        f"; in bold on some and not on others, so that it is undecided: {', '.join(unstable_bold)}"
        if unstable_bold
        else "; no bold turns by as much"
    )
    note = f"Another machine: its processor moves the means of trained rows by up to {100 * manifest['spread']:.2g} %{bold_text}."
    return replace(table, entries=entries, notes=(*table.notes, note))


def _bold_name(row: Sequence[str], column: Column) -> str:
    return BOLD + " | ".join((", ".join(row), *column.labels, column.metric))


def perturb_verdicts(manifest: Manifest, cells: Sequence[Cell], spread: float) -> tuple[UnstableVerdict, ...]:
    """What turns when each row in turn moves by `spread` one way and all others the other way. What has no chance in it does not move."""
    verdicts_here = table_verdicts(manifest, cells)
    moves = [(index, factor) for index, cell in enumerate(cells) if not cell.deterministic for factor in (1 + spread, 1 / (1 + spread))]
    other_verdicts: dict[str, set[str]] = {name: set() for name in verdicts_here}
    for index, factor in moves:
        shifted = [scale_test_metrics(cell, factor if i == index else 1 / factor) for i, cell in enumerate(cells)]
        for name, verdict in table_verdicts(manifest, shifted).items():
            other_verdicts[name].add(verdict)
    return tuple(
        UnstableVerdict(name, verdicts_here[name], tuple(sorted(other_verdicts[name] - {verdicts_here[name]})))
        for name in verdicts_here
        if other_verdicts[name] - {verdicts_here[name]}
    )


def table_verdicts(manifest: Manifest, cells: Sequence[Cell]) -> dict[str, str]:
    """Of each claim what was decided, and of each outcome in the table whether it is bold."""
    outcomes = {f"claim: {result.claim}": result.verdict for result in evaluate_cards(manifest, cells)}
    table = build_table(manifest, cells[0].folder.parent, cells=cells)
    for row, entries in zip(table.rows, table.entries, strict=True):
        for column, entry in zip(table.columns, entries, strict=True):
            if entry is not None and is_quality(column.metric):
                outcomes[_bold_name(row, column)] = "bold" if entry.best else "not bold"
    return outcomes


def scale_test_metrics(cell: Cell, factor: float) -> Cell:
    """The cell with its test metrics multiplied by a factor, items and all: a perplexity by that factor is a loss by its logarithm."""
    if cell.deterministic or factor == 1:
        return cell
    results = {seed: _scaled_result(result, factor) for seed, result in cell.results.items()}
    items, prompts = (
        SeedItems({seed: _scaled_items(items, factor) for seed, items in seed_items.by_seed.items()})
        for seed_items in (cell.items, cell.prompts)
    )
    return replace(cell, results=results, items=items, prompts=prompts)


def _scaled_result(result: Result, factor: float) -> Result:
    metrics = {split: dict(values) for split, values in result.get("metrics", {}).items() if values is not None}
    metrics["test"] = {name: _scaled_number(name, value, factor) for name, value in metrics.get("test", {}).items()}
    return {**result, "metrics": metrics}


def _scaled_number(name: str, value: int | float | None, factor: float) -> int | float | None:
    if not isinstance(value, int | float):
        return value
    return value + math.log(factor) if split_name(f"test.{name}")[1].startswith("loss") else value * factor


def _scaled_items(items: Items, factor: float) -> Items:
    fields = fields_of_items()
    scaled = {name: SCALED[fields[name].holds](np.asarray(values), items, factor) for name, values in items.fields.items()}
    return items._replace(fields=scaled)


SCALED: Mapping[Holds, Callable[[np.ndarray, Items, float], np.ndarray]] = {
    "nats": lambda values, items, factor: values + math.log(factor) * items.tokens,
    "shares": lambda values, items, factor: values * factor,
    "counts": lambda values, items, factor: values,
}
