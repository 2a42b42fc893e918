"""JSON lines: an object a line."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from research.config.errors import StepladderError
from research.config.unicode import Encoding
from research.data.formats.rows import Cell, Row, check_columns
from research.data.formats.text_lines import decoded_lines


def read_json_lines(path: Path, place: str, columns: Sequence[str], encoding: Encoding) -> Iterator[Row]:
    """The rows of a file of objects, each of which has every column. Raises StepladderError with the line that is none, or lacks one."""
    blank = None
    for number, line in enumerate(decoded_lines(path, place, encoding), start=1):
        if not line.strip():
            blank = blank or number
            continue
        if blank is not None:
            raise StepladderError(f"{place}, line {blank}, is empty: remove it, or write an object there.")
        value = _parse(line, f"{place}, line {number}")
        if any(column not in value for column in columns):
            check_columns(columns, list(value), f"{place}, line {number},")
        yield Row(f"{place}, line {number}", {column: value[column] for column in columns})


def _parse(line: str, place: str) -> dict[str, Cell]:
    try:
        value = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        array = " Or the file is one array: write an object a line, as `jq -c '.[]'` does." if line.lstrip().startswith("[") else ""
        raise StepladderError(f'{place}, is no JSON: {error}. A line is an object, as {{"text": "a film"}}.{array}') from None
    if not isinstance(value, dict):
        array = " If the file is one array, write an object a line, as `jq -c '.[]'` does." if isinstance(value, list) else ""
        raise StepladderError(f'{place}, is JSON, but no object, as {{"text": "a film"}} is.{array}')
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")
