"""A table as rows of plain values: of a place of the table a row for each seed, or one where no seed has the number."""

from typing import TYPE_CHECKING, NamedTuple

from research.compare.tables import Column, Entry, TableData

if TYPE_CHECKING:
    import pandas as pd

Value = str | int | float | bool | None
NUMBERS = ("seed", "value", "mean", "low", "high", "sd", "n", "interval", "best")


class TableRows(NamedTuple):
    """The titles of rows and columns, `metric`, then of each seed its value beside mean, interval, sd and n of its place."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


def number_rows(table: TableData) -> TableRows:
    """Every number of a table, in its own unit."""
    columns = [name.replace(" ", "_") for name in (*table.row_titles, *table.column_titles)]
    rows = (row for labels, line in zip(table.rows, table.entries, strict=True) for row in _place_rows(labels, line, table))
    return TableRows((*columns, "metric", *NUMBERS), tuple(rows))


def table_frame(table: TableData) -> "pd.DataFrame":
    """The rows as a DataFrame. An interval that is not there is not a number."""
    import pandas as pd

    frame = pd.DataFrame(list(number_rows(table).rows), columns=list(number_rows(table).columns))
    for name in ("value", "mean", "low", "high", "sd"):
        frame[name] = frame[name].astype(float)
    for name in ("seed", "n"):
        frame[name] = frame[name].astype("Int64")
    return frame


def _place_rows(labels: tuple[str, ...], line: tuple[Entry | None, ...], table: TableData) -> list[tuple[Value, ...]]:
    pairs = [(column, entry) for column, entry in zip(table.columns, line, strict=True) if entry is not None]
    return [
        (*labels, *_column_labels(column, table), column.metric, *numbers) for column, entry in pairs for numbers in _seed_numbers(entry)
    ]


def _column_labels(column: Column, table: TableData) -> tuple[str, ...]:
    return column.labels if column.group or not table.column_titles else ("",) * len(table.column_titles)


def _seed_numbers(entry: Entry) -> list[tuple[Value, ...]]:
    """Seed, value, mean, low, high, sd, n, source of the interval, in bold or not: of every seed, or of none."""
    mean, low, high = (None, None, None) if entry.interval is None else entry.interval
    ends = (None, None) if entry.source == "none" else (low, high)
    rest: tuple[Value, ...] = (mean, *ends, entry.sd, len(entry.values), entry.source, entry.best)
    by_seed: list[tuple[Value, Value]] = [*entry.values.items()]
    return [(seed, value, *rest) for seed, value in by_seed or [(None, None)]]
