"""A row of named cells with the place that it came from, and what a cell may hold: the same for every format of files."""

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from research.config.errors import StepladderError, did_you_mean
from research.config.unicode import clean_text

Scalar: TypeAlias = str | int | float | bool | None
Cell: TypeAlias = Scalar | Sequence[Scalar]
LISTED = 20  # columns that an error names


class Row(NamedTuple):
    """`place` is what an error begins with, such as `reviews.csv, line 3`; `cells` are by the names of the columns that were asked for."""

    place: str
    cells: dict[str, Cell]


def text_cell(row: Row, column: str) -> str:
    """The text of a cell, its lines ended by `\\n`; it may be empty. Raises StepladderError for a cell of another type."""
    value = row.cells[column]
    if not isinstance(value, str):
        raise _wrong_cell(row, column, "a text")
    if "\0" in value or not (value.isascii() or _is_unicode(value)):
        raise StepladderError(
            f"{row.place}, has a NUL or half a character (a lone surrogate) in `{column}`, which is no text: mend the cell."
        )
    return clean_text(value)


def filled_text_cell(row: Row, column: str) -> str:
    """The text of a cell as one line, without white space at its ends. Raises StepladderError where nothing is left."""
    text = " ".join(text_cell(row, column).split("\n")).strip()
    if not text:
        raise StepladderError(f"{row.place}, has an empty `{column}`: mend the cell, or remove its row.")
    return text


def label_cell(row: Row, column: str) -> str:
    """The name of a class: a text that is not empty, a whole number, or true or false. Raises StepladderError for another cell."""
    value = row.cells[column]
    if isinstance(value, bool | int):
        return str(value)
    if not isinstance(value, str):
        raise _wrong_cell(row, column, "the name of a class (a text or a whole number)")
    return filled_text_cell(row, column)


def number_cell(row: Row, column: str) -> float:
    """A finite number, or the text of one. Raises StepladderError for another cell."""
    value = row.cells[column]
    number = _number(value) if isinstance(value, str) else value
    if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
        raise _wrong_cell(row, column, "a finite number")
    return float(number)


def words_cell(row: Row, column: str) -> tuple[str, ...]:
    """A list of texts, or a text with white space between them. Raises StepladderError for another cell, and for an empty text in it."""
    value = row.cells[column]
    if isinstance(value, str):
        return tuple(text_cell(row, column).split())
    if not isinstance(value, Sequence):
        raise _wrong_cell(row, column, "a list of texts")
    return tuple(filled_text_cell(Row(row.place, {column: item}), column) for item in value)


def labels_cell(row: Row, column: str) -> tuple[str, ...]:
    """A list of names of classes, as `label_cell` has one, or a text with white space between them."""
    value = row.cells[column]
    if isinstance(value, str) or not isinstance(value, Sequence):
        return words_cell(row, column)
    return tuple(label_cell(Row(row.place, {column: item}), column) for item in value)


def check_columns(columns: Sequence[str], available: Sequence[str], place: str) -> None:
    """Raises StepladderError for a column that is not there, with the nearest one and all that are, and for one that is there twice."""
    for column in columns:
        if column not in available:
            more = f" and {len(available) - LISTED} more" if len(available) > LISTED else ""
            listed = ", ".join(filter(None, available[:LISTED])) or "none"
            raise StepladderError(
                f"{place} has no column `{column}`{did_you_mean(column, available) or '.'} Its columns are {listed}{more}. "
                'data.columns says which are read, as { text = "review" }; data.split_column and data.group_column name others.'
            )
        if available.count(column) > 1:
            raise StepladderError(f"{place} has {available.count(column)} columns `{column}`: rename one of them.")


def _wrong_cell(row: Row, column: str, expected: str) -> StepladderError:
    value = row.cells[column]
    if value is None:
        return StepladderError(f"{row.place}, has no `{column}`: the cell is null, and is to be {expected}. Fill it, or remove the row.")
    text = value if isinstance(value, str | int | float) else type(value).__name__
    return StepladderError(f"{row.place}, has {text!r:.60} for `{column}`, which is not {expected}. Mend the cell, or name another column.")


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
