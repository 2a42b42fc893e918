"""The formats of a single table, an entry each."""

from collections.abc import Callable

from research.compare.tables import TableData
from research.config.errors import StepladderError, did_you_mean
from research.report.formats.comma_separated import table_csv
from research.report.formats.latex import latex
from research.report.formats.markdown import markdown
from research.report.fragment import sheet_fragment
from research.report.sheets import table_sheet
from research.report.table_rows import number_rows
from research.report.terminal import terminal_text
from research.runs.store import to_json


def table_json(table: TableData) -> str:
    """One object: a row a number and seed, and the notes."""
    columns, rows = number_rows(table)
    return str(to_json({"rows": [dict(zip(columns, row, strict=True)) for row in rows], "notes": list(table.notes)}))


TABLE_FORMATS: dict[str, Callable[[TableData], str]] = {
    "text": lambda table: terminal_text(table_sheet(table)),
    "md": lambda table: markdown(table_sheet(table)),
    "tex": lambda table: latex(table_sheet(table)),
    "csv": table_csv,
    "html": lambda table: sheet_fragment(table_sheet(table)),
    "json": table_json,
}


def render_table(table: TableData, name: str) -> str:
    """The table in a format. Raises StepladderError, with the nearest name, for one that is not there."""
    if name not in TABLE_FORMATS:
        hint = did_you_mean(name, TABLE_FORMATS) or "."
        raise StepladderError(f"A table has no format {name!r}{hint} The formats are {', '.join(TABLE_FORMATS)}.")
    return TABLE_FORMATS[name](table)
