"""The formats of a report, an entry each: its file, what it is, and how it is rendered."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from research.config.errors import StepladderError, did_you_mean
from research.report.formats.comma_separated import report_csv
from research.report.formats.data_frame import report_frame_json
from research.report.formats.latex import report_latex
from research.report.formats.markdown import report_markdown
from research.report.formats.page import report_page
from research.report.formats.report_json import report_json
from research.report.formats.target import Target
from research.report.report_value import Report


class Renderer(NamedTuple):
    """A format. `figures`: whether the files of the figures are written with it."""

    file: str
    help: str
    figures: bool
    render: Callable[[Report, Target], str]


RENDERERS: dict[str, Renderer] = {
    "md": Renderer("table.md", "its tables in Markdown, which read as plain text too", False, report_markdown),
    "tex": Renderer("table.tex", "its tables in LaTeX, with booktabs, a caption and a label; figures as PDF", True, report_latex),
    "csv": Renderer("table.csv", "a line a number, in its own unit, to ten figures", False, report_csv),
    "html": Renderer("report.html", "a page that needs nothing else, with figures, cells and provenance", True, report_page),
    "json": Renderer("report.json", "all numbers with their intervals, for a program; always written", False, report_json),
    "frame": Renderer("frame.json", "a row a number and seed: pandas.read_json(path, orient='table')", False, report_frame_json),
}
DEFAULT_FORMATS = ("md", "tex", "csv", "html")


def check_formats(names: Iterable[str]) -> None:
    """Raises StepladderError, with the nearest name, for a format that is not there."""
    for name in names:
        if name not in RENDERERS:
            hint = did_you_mean(name, RENDERERS) or "."
            formats = "; ".join(f"{other} ({renderer.file}): {renderer.help}" for other, renderer in RENDERERS.items())
            raise StepladderError(f"Unknown format {name!r}{hint} Write names with commas between, as md,html. The formats: {formats}.")


__all__ = ["DEFAULT_FORMATS", "RENDERERS", "Renderer", "Target", "check_formats"]
