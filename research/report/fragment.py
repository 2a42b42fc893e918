"""A sheet as a piece of HTML, as the report has it, for a page that others make: a notebook. jinja2 is imported when it is rendered."""

from pathlib import Path

from research.report.formats.headings import heading_spans
from research.report.sheets import Sheet

TEMPLATES = Path(__file__).parent / "templates"


def sheet_fragment(sheet: Sheet) -> str:
    """The table with its notes, and the few rules of style that it needs; nothing of the page around it changes."""
    import jinja2

    loader = jinja2.FileSystemLoader(TEMPLATES)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, undefined=jinja2.StrictUndefined)
    return environment.get_template("fragment.html").render(sheet=sheet, spans=heading_spans) + "\n"
