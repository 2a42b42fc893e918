"""The HTML page: no script, no network, light and dark, for a screen of any width and for paper. jinja2 is imported when it is rendered."""

import os
from pathlib import Path

from research.compare.cell_labels import value_text
from research.config.unicode import visible_text
from research.report.formats.headings import heading_spans
from research.report.formats.target import Target
from research.report.report_value import CellReport, Report
from research.report.sheets import Sheet, counts_text

CellView = dict[str, str | bool | int | Sheet | list[tuple[str, str]] | list[tuple[int, str]]]  # what the page says of a cell
TEMPLATES = Path(__file__).parents[1] / "templates"


def report_page(report: Report, target: Target) -> str:
    """The page, whose links to files of runs are relative to its folder."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined, finalize=_visible
    )
    warnings = [note for note in report.table.notes if note.startswith("INCONCLUSIVE")]
    page = environment.get_template("report.html").render(
        name=report.name,
        question=report.question,
        facts=report.facts,
        contents=_contents(report),
        warnings=[*warnings, *report.missing],
        table=report.table_sheet,
        cards=report.cards_sheet,
        comparisons=report.comparisons_sheet,
        cost=report.costs,
        pictures=report.pictures,
        sections=report.all_sections,
        cells=[_cell_view(cell, target.folder) for cell in report.cells],
        provenance=report.provenance,
        spans=heading_spans,
    )
    return page + "\n"


def _visible(value: "str | int | Sheet | None") -> "str | int | Sheet | None":
    """A value of the page; a text without what would make it another, but for its lines."""
    return visible_text(value, kept="\n\t") if type(value) is str else value


def _contents(report: Report) -> list[tuple[str, str]]:
    entries = [
        ("table", "Results", True),
        ("cards", "Expected and found", bool(report.cards or report.card_changes)),
        ("figures", "Figures", bool(report.pictures)),
        *((section.id, section.title, True) for section in report.all_sections),
        ("comparisons", "Comparisons", bool(report.comparisons.named)),
        ("cost", "Cost", True),
        ("cells", "Cells", True),
        ("provenance", "Provenance", True),
    ]
    return [(anchor, heading) for anchor, heading, is_present in entries if is_present]


def _cell_view(cell: CellReport, folder: Path) -> CellView:
    return {
        "label": cell.place,
        "cell_id": cell.cell_id,
        "state": "cannot" if cell.cannot else counts_text(cell.counts),
        "bad": bool(cell.lost),
        "cannot": cell.cannot,
        "tuned": ", ".join(f"{key} = {value_text(value)}" for key, value in cell.tuned.items()),
        "trials": cell.trials,
        "seeds": cell.seeds,
        "links": [(text, os.path.relpath(path, folder).replace(os.sep, "/")) for text, path in cell.files],
        "excerpts": list(cell.excerpts),
        "config": cell.config,
    }
