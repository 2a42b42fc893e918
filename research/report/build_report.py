"""From a manifest and the records of its runs to a `Report`: without jax, data or checkpoints, the same value each time."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from research.compare.card_changes import card_changes
from research.compare.cards import CardResult, evaluate_cards
from research.compare.cells import Cell, Manifest
from research.compare.choices_file import tuned_choices
from research.compare.families import Families, comparison_families
from research.compare.provenance import provenance
from research.compare.stability import cards_on_any_machine, find_unstable_verdicts, table_on_any_machine
from research.compare.tables import TableData
from research.report.cell_report import cell_report
from research.report.cost_sheet import cost_sheet
from research.report.figures import left_out, sweep_figures
from research.report.pictures import Picture
from research.report.report_value import Report
from research.report.section import Section
from research.report.sheets import counts_text
from research.report.trials_sheet import trials_sheet


class Findings(NamedTuple):
    """What a report says of its numbers."""

    table: TableData
    compared: Families
    judged: tuple[CardResult, ...]


def build_report(
    manifest: Manifest,
    cells: Sequence[Cell],
    sections: Sequence[Section] = (),
    figures: Sequence[Picture] = (),
    missing: Sequence[str] = (),
) -> Report:
    """The report of the cells, with what analyses add. `figures` are shown after the sweep's own; `missing`: what no record holds."""
    table, compared, judged = collect_findings(manifest, cells, sections)
    return Report(
        name=manifest["name"],
        hash=manifest.get("hash"),
        question=manifest.get("question"),
        preset=manifest.get("preset"),
        spec_file=manifest.get("spec_file"),
        created=manifest.get("created"),
        facts=(*_facts(manifest, cells), *left_out(manifest, cells)),
        table=table,
        comparisons=compared,
        cards=judged,
        card_changes=tuple(card_changes(manifest)),
        costs=cost_sheet(manifest, cells),
        pictures=(*sweep_figures(manifest, cells), *figures),
        sections=tuple(sections),
        trials=trials_sheet(manifest, cells),
        choices=tuned_choices(manifest, cells),
        cells=tuple(cell_report(manifest, cell) for cell in cells),
        provenance=tuple(provenance(manifest, cells)),
        missing=tuple(missing),
    )


def collect_findings(manifest: Manifest, cells: Sequence[Cell], sections: Sequence[Section] = ()) -> Findings:
    """The table, the comparisons of the spec and the judgements of the claims, over the same numbers."""
    cells_with_numbers = [_with_numbers(cell, sections) for cell in cells]
    unstable_verdicts = find_unstable_verdicts(manifest, cells_with_numbers)
    return Findings(
        table_on_any_machine(manifest, Path(), cells, unstable_verdicts),
        comparison_families(manifest, cells_with_numbers),
        cards_on_any_machine(evaluate_cards(manifest, cells_with_numbers), unstable_verdicts),
    )


def _with_numbers(cell: Cell, sections: Sequence[Section]) -> Cell:
    """The cell as the claims see it. A seed that did not finish has these numbers and no other."""
    results = dict(cell.results)
    for section in sections:
        for seed, numbers in section.numbers.get(cell.cell_id, {}).items():
            result = results.get(seed, {})
            results[seed] = {**result, "extra": {**result.get("extra", {}), **numbers}}
    return replace(cell, results=results)


def _facts(manifest: Manifest, cells: Sequence[Cell]) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for cell in cells:
        for status, count in cell.counts().items():
            counts[status] = counts.get(status, 0) + count
    cannot = sum(bool(cell.cannot) for cell in cells)
    runs = f"{len(cells)} cells, {sum(counts.values())} runs: {counts_text(counts)}" + (f"; {cannot} cannot be run" if cannot else "")
    preset = f"preset {manifest['preset']}" if manifest.get("preset") else ""
    return tuple(filter(None, (preset, runs, f"planned {str(manifest.get('created', ''))[:10]}")))
