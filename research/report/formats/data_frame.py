"""The table as a DataFrame of pandas: a row a place of the table and seed, and as the JSON that pandas reads again with its types."""

from typing import TYPE_CHECKING

from research.compare.tables import Column, Entry, TableData
from research.report.formats.target import Target
from research.report.report_value import Report

if TYPE_CHECKING:
    import pandas as pd

Value = str | int | float | bool | None
NUMBERS = ("seed", "value", "mean", "low", "high", "sd", "n", "interval", "best")


def report_frame(report: Report) -> "pd.DataFrame":
    """The labels of rows and columns, `metric`, then of each seed its value beside mean, interval, sd and n of its place.

    A place without a value by seed has one row, without a seed. An interval that is not there is not a number.
    """
    import pandas as pd

    table = report.table
    columns = [name.replace(" ", "_") for name in (*table.row_titles, *table.column_titles)]
    rows = [row for labels, line in zip(table.rows, table.entries, strict=True) for row in _place_rows(labels, line, table)]
    frame = pd.DataFrame(rows, columns=[*columns, "metric", *NUMBERS])
    for name in ("value", "mean", "low", "high", "sd"):
        frame[name] = frame[name].astype(float)
    for name in ("seed", "n"):
        frame[name] = frame[name].astype("Int64")
    return frame


def report_frame_json(report: Report, target: Target) -> str:
    """`report_frame` in the JSON table schema of pandas."""
    return str(report_frame(report).to_json(orient="table", index=False, double_precision=15, indent=2)) + "\n"


def _place_rows(labels: tuple[str, ...], line: tuple[Entry | None, ...], table: TableData) -> list[list[Value]]:
    pairs = [(column, entry) for column, entry in zip(table.columns, line, strict=True) if entry is not None]
    return [[*labels, *_column_labels(column, table), column.metric, *numbers] for column, entry in pairs for numbers in _numbers(entry)]


def _column_labels(column: Column, table: TableData) -> tuple[str, ...]:
    return column.labels if column.group or not table.column_titles else ("",) * len(table.column_titles)


def _numbers(entry: Entry) -> list[list[Value]]:
    """Seed, value, mean, low, high, sd, n, source of the interval, in bold or not: of every seed, or of none."""
    mean, low, high = (None, None, None) if entry.interval is None else entry.interval
    ends = (None, None) if entry.source == "none" else (low, high)
    rest: list[Value] = [mean, *ends, entry.sd, len(entry.values), entry.source, entry.best]
    by_seed: list[tuple[Value, Value]] = [*entry.values.items()]
    return [[seed, value, *rest] for seed, value in by_seed or [(None, None)]]
