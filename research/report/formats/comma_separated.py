"""Comma-separated values: the numbers of a table, and the texts of a sheet."""

import csv
import io
from collections.abc import Sequence

from research.compare.cells import STATUSES
from research.compare.tables import Entry, TableData
from research.config.unicode import visible_text
from research.report.formats.headings import full_heading
from research.report.formats.target import Target
from research.report.report_value import Report
from research.report.sheets import Sheet
from research.runs.inspection import DAMAGED

FORMULAS = ("=", "+", "-", "@")  # what a formula of a spreadsheet begins with


def report_csv(report: Report, target: Target) -> str:
    """The numbers of the sweep's table."""
    return table_csv(report.table)


def table_csv(table: TableData) -> str:
    """One line a number, in its own unit, to ten figures: labels, metric, mean, interval, sd, n, seeds by status, in bold or not."""
    is_damaged = any(entry is not None and entry.counts.get(DAMAGED) for row in table.entries for entry in row)
    statuses = [status for status in STATUSES if status != DAMAGED or is_damaged]
    heads = [*table.row_titles, *table.column_titles, "metric", "mean", "low", "high", "sd", "n", "interval", *statuses, "cannot", "best"]
    lines: list[list[str | int | float | None]] = [[head.replace(" ", "_") for head in heads]]
    for labels, row in zip(table.rows, table.entries, strict=True):
        for column, entry in zip(table.columns, row, strict=True):
            if entry is None:
                continue
            column_labels: Sequence[str] = column.labels if column.group or not table.column_titles else [""] * len(table.column_titles)
            numbers = _csv_numbers(entry)
            counts = [entry.counts.get(status, 0) for status in statuses]
            lines.append(
                [
                    *map(plain_in_spreadsheet, labels),
                    *map(plain_in_spreadsheet, column_labels),
                    column.metric,
                    *numbers,
                    "" if entry.sd is None else f"{entry.sd:.10g}",
                    len(entry.values),
                    entry.source,
                    *counts,
                    plain_in_spreadsheet(entry.cannot),
                    int(entry.best),
                ]
            )
    return _csv(lines)


def _csv_numbers(entry: Entry) -> list[str]:
    if entry.interval is None:
        return ["", "", ""]
    mean, low, high = (f"{value:.10g}" for value in entry.interval)  # beyond that the machine's rounding begins
    return [mean, low, high] if entry.source != "none" else [mean, "", ""]


def sheet_csv(sheet: Sheet) -> str:
    """The texts of a sheet."""
    rows = [[f"{text.text} ({text.note})" if text.note else text.text for text in row] for row in sheet.rows]
    texts = [[full_heading(heading) for heading in sheet.headings], *rows]
    return _csv([[plain_in_spreadsheet(text) for text in row] for row in texts])


def plain_in_spreadsheet(text: str) -> str:
    """A text that a spreadsheet takes for no formula: `'` stands before one that begins as a formula does, and is no number.

    What no file of text may hold is made visible.
    """
    text = visible_text(text)
    return f"'{text}" if text.startswith(FORMULAS) and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _csv(lines: Sequence[Sequence[str | int | float | None]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(lines)
    return buffer.getvalue()
