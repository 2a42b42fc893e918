"""Tables of text with a header: CSV as in RFC 4180, and TSV.

A cell of CSV in quotes may hold commas, line ends, and quotes written twice. TSV has no quotes (IANA, text/tab-separated-values); but a
file of which every cell with a quote is one in quotes, as other programs write them, is read as CSV with tabs is.
"""

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from research.config.errors import StepladderError
from research.config.unicode import Encoding
from research.data.formats.rows import Row, check_columns
from research.data.formats.text_lines import decoded_lines

Record = tuple[int, list[str]]  # the line where it begins, and its cells


def read_csv(path: Path, place: str, columns: Sequence[str], encoding: Encoding) -> Iterator[Row]:
    """The rows of a CSV. Raises StepladderError with the line for one that has more or fewer cells than the header."""
    return _rows(_quoted_records(decoded_lines(path, place, encoding), ",", place), place, columns)


def read_tsv(path: Path, place: str, columns: Sequence[str], encoding: Encoding) -> Iterator[Row]:
    """The rows of a TSV. Raises StepladderError as `read_csv` does."""
    lines = partial(decoded_lines, path, place, encoding)
    records = _quoted_records(lines(), "\t", place) if is_quoted(lines()) else _bare_records(lines())
    return _rows(records, place, columns)


def is_quoted(lines: Iterable[str]) -> bool:
    """Whether some cell of a TSV has quotes, each that has some is in quotes, and all records have as many cells as the first."""
    cells, width, inside, quotes = 0, None, False, False
    for line in lines:
        for cell in line.rstrip("\n").split("\t"):
            opened = not inside and cell.startswith('"')
            single = (cell[1:] if opened else cell).replace('""', "")
            quotes = quotes or opened
            if '"' in single and not ((opened or inside) and single.endswith('"') and single.count('"') == 1):
                return False
            inside = (opened or inside) and '"' not in single
            cells += not inside
        if not inside:
            width = cells if width is None else width
            if cells != width and line != "\n":
                return False
            cells = 0
    return quotes and not inside


def _quoted_records(lines: Iterable[str], delimiter: str, place: str) -> Iterator[Record]:
    csv.field_size_limit(sys.maxsize)  # a cell may be a book
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise StepladderError(
                f"{place}, line {line}, is no row: {error}. A cell with quotes is to begin and end with a quote, and a quote inside it is "
                "written twice."
            ) from None
        if cells is None:
            return
        yield line, cells


def _bare_records(lines: Iterable[str]) -> Iterator[Record]:
    for number, line in enumerate(lines, start=1):
        yield number, line.rstrip("\n").split("\t") if line != "\n" else []


def _rows(records: Iterator[Record], place: str, columns: Sequence[str]) -> Iterator[Row]:
    header = next(records, None)
    if header is None:
        return
    names = [name.strip() for name in header[1]]
    if not any(names):
        raise StepladderError(f"{place} has no header: its first line names the columns, as `text,label`.")
    check_columns(columns, names, f"{place}, line 1,")
    indices = {column: names.index(column) for column in columns}
    for line, cells in _without_blank_end(records, place):
        if len(cells) != len(names):
            raise StepladderError(
                f"{place}, line {line}, has {len(cells)} cells, and the header has {len(names)} ({', '.join(names)[:200]}): a cell that "
                "holds the separator or a line's end is to stand in quotes."
            )
        yield Row(f"{place}, line {line}", {column: cells[index] for column, index in indices.items()})


def _without_blank_end(records: Iterable[Record], place: str) -> Iterator[Record]:
    """The records. Blank lines at the end are none; raises StepladderError for one before the end."""
    blank = None
    for line, cells in records:
        if cells and blank is not None:
            raise StepladderError(f"{place}, line {blank}, is empty: remove it, or write a row there.")
        if cells:
            yield line, cells
        elif blank is None:
            blank = line
