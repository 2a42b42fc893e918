"""The report of a sweep: one HTML file that needs nothing else, the table in other formats, and all of it as JSON."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

import jinja2

from research.compare.card_changes import card_changes
from research.compare.cards import CardResult, evaluate_cards
from research.compare.cell_labels import place_text, value_text
from research.compare.cells import Cell, Manifest, axes_of, load_cells, read_spec, selection_metric
from research.compare.choices_file import tuned_choices
from research.compare.families import Families, comparison_families
from research.compare.number_texts import DASH
from research.compare.provenance import provenance
from research.compare.stability import cards_on_any_machine, find_unstable_verdicts, table_on_any_machine
from research.compare.tables import Entry, TableData
from research.config.errors import StepladderError, did_you_mean
from research.config.plain import Tree
from research.report.cards_sheet import cards_sheet
from research.report.figures import sweep_figures
from research.report.plots import Picture
from research.report.render import RENDERERS, heading_spans, latex, markdown, table_csv
from research.report.sheets import Heading, Sheet, StyledText, Tone, comparisons_sheet, counts_text, table_sheet
from research.report.trials_sheet import trials_sheet
from research.runs.measures import metric_value, number, title
from research.runs.store import read_json, write_bytes, write_json, write_text

CellView = dict[str, str | bool | int | Sheet | list[tuple[str, str]] | list[tuple[int, str]]]  # what the page says of a cell
FORMATS = ("md", "tex", "csv", "html")
COST_COLUMNS = (
    *("params.total", "params.body", "flops_per_token", "tokens_seen", "seconds.compile", "seconds.train"),
    *("tokens_per_second", "latency_ms", "peak_memory_mb"),
)
SEED_FILES = ("log.txt", "metrics.jsonl", "result.json", "env.json")
EXCERPT = 12  # lines of a failed run's log


@dataclass(frozen=True)
class Section:
    """What an experiment adds to its report: any of a text (HTML, trusted), a table and a figure under a title.

    `numbers`: what its analysis measured, by cell_id, seed and name; the claims of expected.json know them as `extra.<name>`.
    """

    title: str
    html: str = ""
    sheet: Sheet | None = None
    picture: Picture | None = None
    numbers: Mapping[str, Mapping[int, Mapping[str, float]]] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Its anchor in the page."""
        return "section-" + "".join(letter if letter.isalnum() else "-" for letter in self.title.lower())


class Findings(NamedTuple):
    """What a report says of its numbers."""

    table: TableData
    compared: Families
    judged: tuple[CardResult, ...]


def write_report(
    manifest: Manifest,
    runs_dir: Path,
    out_dir: Path,
    formats: Sequence[str] = FORMATS,
    figures: Sequence[Picture] = (),
    sections: Sequence[Section] = (),
    cells: Sequence[Cell] | None = None,
) -> dict[str, Path]:
    """Write the report's files and return their paths by name: report.html, table.md, table.tex, table.csv, report.json, figures/*.

    `figures` are shown after the sweep's own. `cells`: what was measured, where it is not in `runs_dir`. The same manifest and runs
    give the same bytes; the only time in them is the manifest's.
    """
    for name in formats:
        if name not in FORMATS:
            raise StepladderError(f"Unknown format {name!r}{did_you_mean(name, FORMATS) or '.'} The formats are {', '.join(FORMATS)}.")
    runs_dir, out_dir = Path(runs_dir), Path(out_dir)
    cells = load_cells(manifest, runs_dir) if cells is None else cells
    if (trials := trials_sheet(manifest, cells)) is not None:
        sections = (*sections, Section("Trials", sheet=trials))
    findings = collect_findings(manifest, cells, runs_dir, sections)
    pictures = (*sweep_figures(manifest, cells), *figures) if "html" in formats else tuple(figures)
    files = _file_texts(manifest, cells, findings, runs_dir, out_dir, formats, pictures, sections)
    all_pictures = (*pictures, *(section.picture for section in sections if section.picture))
    files |= {f"figures/{picture.name}.svg": picture.svg for picture in all_pictures}
    if (chosen := tuned_choices(manifest, cells)) is not None:
        files["choices.json"] = json.dumps(chosen, indent=2, ensure_ascii=False) + "\n"
    names = sorted([*files, *(f"figures/{picture.name}.png" for picture in all_pictures), "report.json"])
    _remove_stale_files(out_dir, names)
    for name, text in files.items():
        write_text(out_dir / name, text)
    for picture in all_pictures:
        write_bytes(out_dir / "figures" / f"{picture.name}.png", picture.png)
    write_json(out_dir / "report.json", report_data(manifest, cells, findings) | {"files": names})
    return {name: out_dir / name for name in names}


def _remove_stale_files(out_dir: Path, names: Sequence[str]) -> None:
    """What an earlier report wrote here and this one does not is another sweep's figure, or a format that is out of date."""
    earlier_names = (read_json(out_dir / "report.json") or {}).get("files", [])
    for name in {*earlier_names} - {*names}:
        if (out_dir / name).resolve().is_relative_to(out_dir.resolve()):
            (out_dir / name).unlink(missing_ok=True)


def _file_texts(
    manifest: Manifest,
    cells: Sequence[Cell],
    findings: Findings,
    runs_dir: Path,
    out_dir: Path,
    formats: Sequence[str],
    pictures: Sequence[Picture],
    sections: Sequence[Section],
) -> dict[str, str]:
    sheets = [table_sheet(findings.table), *_further_sheets(manifest, findings), *(section.sheet for section in sections if section.sheet)]
    writers = {
        "md": lambda: "\n".join([f"# {manifest.get('question') or manifest['name']}\n", *map(markdown, sheets)]),
        "tex": lambda: "\n".join(map(latex, sheets)),
        "csv": lambda: table_csv(findings.table),
        "html": lambda: render_page(manifest, cells, findings, runs_dir, out_dir, pictures, sections),
    }
    names = {"md": "table.md", "tex": "table.tex", "csv": "table.csv", "html": "report.html"}
    return {names[name]: writers[name]() for name in dict.fromkeys(formats)}


def _further_sheets(manifest: Manifest, findings: Findings) -> list[Sheet]:
    sheets = (_cards_sheet(manifest, findings.judged), _comparisons_sheet(findings.compared))
    return [sheet for sheet in sheets if sheet]


def collect_findings(manifest: Manifest, cells: Sequence[Cell], runs_dir: Path, sections: Sequence[Section] = ()) -> Findings:
    """The table, the comparisons of the spec and the judgements of the claims, over the same numbers."""
    cells_with_numbers = [_with_numbers(cell, sections) for cell in cells]
    unstable_verdicts = find_unstable_verdicts(manifest, cells_with_numbers)
    table = table_on_any_machine(manifest, runs_dir, cells, unstable_verdicts)
    return Findings(
        table,
        comparison_families(manifest, cells_with_numbers),
        cards_on_any_machine(evaluate_cards(manifest, cells_with_numbers), unstable_verdicts),
    )


def _comparisons_sheet(compared: Families) -> Sheet | None:
    tested = sum(comparison.p is not None for comparison in compared.named)
    return comparisons_sheet(compared.named, claimed=compared.tested - tested) if compared.named else None


def _cards_sheet(manifest: Manifest, card_results: Sequence[CardResult]) -> Sheet | None:
    changes = card_changes(manifest)
    return cards_sheet(card_results, changes=changes) if card_results or changes else None


def _with_numbers(cell: Cell, sections: Sequence[Section]) -> Cell:
    """The cell as the claims see it. A seed that did not finish has these numbers and no other."""
    results = dict(cell.results)
    for section in sections:
        for seed, numbers in section.numbers.get(cell.cell_id, {}).items():
            result = results.get(seed, {})
            results[seed] = {**result, "extra": {**result.get("extra", {}), **numbers}}
    return replace(cell, results=results)


def report_data(manifest: Manifest, cells: Sequence[Cell], findings: Findings) -> Tree:
    """The whole report for a program: entries with their intervals and values by seed, comparisons, cards, notes."""
    table, compared, card_results = findings
    entries = [
        {"row": list(row), "column": list(column.labels), "metric": column.metric, **_entry_data(entry)}
        for row, line in zip(table.rows, table.entries, strict=True)
        for column, entry in zip(table.columns, line, strict=True)
        if entry is not None
    ]
    keys = ("name", "hash", "question", "preset", "spec_file", "created")
    return {
        **{key: manifest.get(key) for key in keys},
        "entries": entries,
        "comparisons": [{**asdict(comparison), "verdict": comparison.verdict} for comparison in compared.named],
        "cards": [asdict(result) for result in card_results],
        "cards_changed": card_changes(manifest),
        "notes": list(table.notes),
        "cells": [
            {"cell_id": cell.cell_id, "labels": dict(cell.labels), "tuned": dict(cell.tuned), "trials": cell.trials, "seeds": cell.counts()}
            for cell in cells
        ],
    }


def _entry_data(entry: Entry) -> Tree:
    interval = entry.interval
    numbers = {"mean": None, "low": None, "high": None} if interval is None else interval._asdict()
    if entry.source == "none":
        numbers |= {"low": None, "high": None}
    others = {"interval": entry.source, "sd": entry.sd, "seeds": dict(entry.values), "counts": dict(entry.counts), "cannot": entry.cannot}
    return {**numbers, **others, "best": entry.best}


def render_page(
    manifest: Manifest,
    cells: Sequence[Cell],
    findings: Findings,
    runs_dir: Path,
    out_dir: Path,
    pictures: Sequence[Picture] = (),
    sections: Sequence[Section] = (),
) -> str:
    """The HTML page: no script, no network, light and dark, for a screen of any width and for paper."""
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined)
    table, compared, card_results = findings
    warnings = [note for note in table.notes if note.startswith("INCONCLUSIVE")]
    return environment.get_template("report.html").render(
        name=manifest["name"],
        question=manifest.get("question"),
        facts=_facts(manifest, cells),
        contents=_contents(bool(card_results or card_changes(manifest)), bool(pictures), bool(compared.named), sections),
        warnings=warnings,
        table=table_sheet(table),
        cards=_cards_sheet(manifest, card_results),
        comparisons=_comparisons_sheet(compared),
        cost=cost_sheet(manifest, cells, runs_dir),
        pictures=pictures,
        sections=sections,
        cells=[_cell_view(manifest, cell, out_dir) for cell in cells],
        provenance=provenance(manifest, cells),
        spans=heading_spans,
    ) + "\n"  # fmt: skip


def _contents(cards: bool, pictures: bool, comparisons: bool, sections: Sequence[Section]) -> list[tuple[str, str]]:
    entries = [("table", "Results", True), ("cards", "Expected and found", cards), ("figures", "Figures", pictures)]
    entries += [(section.id, section.title, True) for section in sections]
    entries += [
        ("comparisons", "Comparisons", comparisons),
        ("cost", "Cost", True),
        ("cells", "Cells", True),
        ("provenance", "Provenance", True),
    ]
    return [(id, heading) for id, heading, is_present in entries if is_present]


def _facts(manifest: Manifest, cells: Sequence[Cell]) -> list[str]:
    counts: dict[str, int] = {}
    for cell in cells:
        for status, count in cell.counts().items():
            counts[status] = counts.get(status, 0) + count
    cannot = sum(bool(cell.cannot) for cell in cells)
    runs = f"{len(cells)} cells, {sum(counts.values())} runs: {counts_text(counts)}" + (f"; {cannot} cannot be run" if cannot else "")
    preset = f"preset {manifest['preset']}" if manifest.get("preset") else ""
    return list(filter(None, (preset, runs, f"planned {str(manifest.get('created', ''))[:10]}")))


def cost_sheet(manifest: Manifest, cells: Sequence[Cell], runs_dir: Path) -> Sheet:
    """What each cell took: a line a cell, its labels in one column. A column that no cell has is left out."""
    axes = axes_of(manifest)
    metrics = [metric for metric in (*COST_COLUMNS, "trials") if any(_cost(cell, metric) is not None for cell in cells)]
    heads = (Heading("cell", numeric=False), *(Heading(title(metric)) for metric in metrics))
    rows = tuple((StyledText(place_text(cell.labels, *axes)), *(_cost_text(cell, metric) for metric in metrics)) for cell in cells)
    note = (
        "Means over the seeds that finished. FLOPs: forward, by formula; training takes three times as many. core-s: seconds times cores."
    )
    body = "Body parameters: without embedding and output layer."
    return Sheet("Cost", heads, rows, 1, (note, body))


def _cost(cell: Cell, metric: str) -> float | None:
    values = list(cell.values(metric).values())
    return sum(values) / len(values) if values else cell.fixed(metric)


def _cost_text(cell: Cell, metric: str) -> StyledText:
    mean = _cost(cell, metric)
    return StyledText(DASH, tone="quiet") if mean is None else StyledText(number(metric, mean))


def _cell_view(manifest: Manifest, cell: Cell, out_dir: Path) -> CellView:
    statuses = cell.counts()
    names = [("config.toml", cell.folder / "config.toml")]
    for seed in cell.seeds:
        names += [(f"seed {seed}: {name}", cell.folder / f"seed-{seed}" / name) for name in SEED_FILES]
    bad = {seed for seed, status in cell.statuses.items() if status in ("failed", "diverged")}
    return {
        "label": place_text(cell.labels, *axes_of(manifest)),
        "cell_id": cell.cell_id,
        "state": "cannot" if cell.cannot else counts_text(statuses),
        "bad": bool(bad),
        "cannot": cell.cannot,
        "tuned": ", ".join(f"{key} = {value_text(value)}" for key, value in cell.tuned.items()),
        "trials": cell.trials,
        "seeds": _seeds_sheet(manifest, cell),
        "links": [(text, os.path.relpath(path, out_dir).replace(os.sep, "/")) for text, path in names if path.exists()],
        "excerpts": [(seed, excerpt) for seed in sorted(bad) if (excerpt := _excerpt(cell.folder / f"seed-{seed}" / "log.txt"))],
        "config": "" if cell.cannot else _read(cell.folder / "config.toml") or json.dumps(cell.config, indent=2),
    }


def _seeds_sheet(manifest: Manifest, cell: Cell) -> Sheet:
    spec = read_spec(manifest)
    metrics = list(dict.fromkeys((selection_metric(spec), spec.metric, "best_step", "seconds.train")))
    heads = (Heading("seed", numeric=False), Heading("status", numeric=False), *(Heading(title(metric)) for metric in metrics))
    rows = []
    for seed, status in cell.statuses.items():
        values = [metric_value(cell.results[seed], metric) if seed in cell.results else None for metric in metrics]
        texts = [
            StyledText(DASH, tone="quiet") if value is None else StyledText(number(metric, value))
            for metric, value in zip(metrics, values, strict=True)
        ]
        tone: Tone = "bad" if status in ("failed", "diverged") else ""
        rows.append((StyledText(str(seed)), StyledText(status, cell.messages[seed] if status != "done" else "", tone=tone), *texts))
    return Sheet(f"Seeds of {cell.cell_id}", heads, tuple(rows))


def _excerpt(path: Path) -> str:
    return "\n".join(_read(path).splitlines()[-EXCERPT:])


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


__all__ = ["FORMATS", "RENDERERS", "Section", "cost_sheet", "render_page", "report_data", "write_report"]
