"""Sheets in a terminal: whole words at any width. Columns that do not fit go into a further table under the same row labels."""

import io
import textwrap
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from research.report.sheets import Sheet

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text as Line

STYLES = {"": "", "good": "green", "bad": "red", "quiet": "dim"}
GAP = 2


def print_sheet(sheet: Sheet, console: "Console") -> None:
    """The title, one table or several, and the notes, within the console's width."""
    from rich.text import Text as Line

    lines = [Line(line, "bold") for line in _wrap(sheet.title, console.width)]
    for columns in split_columns(sheet, console.width):
        lines += [Line(), *_table(sheet, columns, console.width)]
    lines += [Line()] if sheet.notes else []
    lines += [Line(line, "dim") for note in sheet.notes for line in _wrap(note, console.width, "  ")]
    for line in lines:
        line.rstrip()
        console.print(line, soft_wrap=True, highlight=False)


def terminal_text(sheet: Sheet, width: int = 80) -> str:
    """What `print_sheet` prints, without colours."""
    from rich.console import Console

    buffer = io.StringIO()
    print_sheet(
        sheet, Console(file=buffer, width=width, color_system=None, force_terminal=False, force_jupyter=False, legacy_windows=False)
    )
    return buffer.getvalue()


def split_columns(sheet: Sheet, width: int) -> list[tuple[int, ...]]:
    """The columns of each table, row labels first, such that they fit in `width` and no group is torn that fits whole."""
    labels = tuple(range(sheet.labels))
    room = width - sum(_width(sheet, i, width) + GAP for i in labels) + GAP
    tables: list[list[int]] = [[]]
    used = 0
    for _, group in groupby(range(sheet.labels, len(sheet.headings)), key=lambda i: sheet.headings[i].group or i):
        members = list(group)
        group_width = sum(_width(sheet, i, width) + GAP for i in members)
        for column in members:
            needed = _width(sheet, column, width) + GAP
            tears = column == members[0] and used + group_width > room >= group_width
            if tables[-1] and (used + needed > room or tears):
                tables.append([])
                used = 0
            tables[-1].append(column)
            used += needed
    return [(*labels, *columns) for columns in tables]


def _width(sheet: Sheet, column: int, width: int) -> int:
    """The least width that breaks no word: a heading may wrap between words, a number may not; a text may, beyond its share of the line."""
    texts = [part for row in sheet.rows for part in (row[column].text, row[column].note)]
    words = _longest(word for text in texts for word in text.split())
    share = max(words, width // (2 * sheet.labels)) if column < sheet.labels else width // 3
    cells = _longest(texts) if sheet.headings[column].numeric else max(words, min(_longest(texts), share))
    return max(cells, _longest(sheet.headings[column].text.split()))


def _longest(texts: Iterable[str]) -> int:
    return max(map(columns_of, texts), default=0)


def columns_of(text: str) -> int:
    """How many columns of a terminal a text takes: two a wide letter, none a mark."""
    from rich.cells import cell_len

    return len(text) if text.isascii() else cell_len(text)


def _padded(text: str, width: int, side: str) -> str:
    space = " " * (width - columns_of(text))
    return space + text if side == "right" else text + space


def _widths(sheet: Sheet, columns: Sequence[int], width: int) -> list[int]:
    """Headings in one line where all of them fit so, else wrapped."""
    minimum = [_width(sheet, i, width) for i in columns]
    unwrapped = [max(w, columns_of(sheet.headings[i].text)) for w, i in zip(minimum, columns, strict=True)]
    return unwrapped if sum(unwrapped) + GAP * (len(unwrapped) - 1) <= width else minimum


def _table(sheet: Sheet, columns: Sequence[int], width: int) -> "list[Line]":
    from rich.text import Text as Line

    widths = _widths(sheet, columns, width)
    rule = Line("─" * (sum(widths) + GAP * (len(widths) - 1)), "dim")
    lines = [*_groups(sheet, columns, widths), *_headings(sheet, columns, widths), rule]
    starred = [any(row[i].text.endswith("*") for row in sheet.rows) for i in columns]
    for row in range(len(sheet.rows)):
        lines += _row(sheet, row, columns, widths, starred)
    return lines


def _groups(sheet: Sheet, columns: Sequence[int], widths: Sequence[int]) -> "list[Line]":
    """What heads several columns, in the middle over them, and a rule under it."""
    if not any(sheet.headings[i].group for i in columns):
        return []
    spans = [
        (name, sum(width for _, width in members) + GAP * (len(members) - 1))
        for name, members in (
            (name, list(group))
            for name, group in groupby(zip(columns, widths, strict=True), key=lambda pair: sheet.headings[pair[0]].group)
        )
    ]
    cells = [
        [(_centred(line, width), "") for line in _wrap(name, width)] + ([("─" * width, "dim")] if name else []) for name, width in spans
    ]
    return _side_by_side(cells, [width for _, width in spans], ["left"] * len(spans), top=False)


def _centred(text: str, width: int) -> str:
    return text.center(width - columns_of(text) + len(text))


def _headings(sheet: Sheet, columns: Sequence[int], widths: Sequence[int]) -> "list[Line]":
    cells = [[(line, "") for line in _wrap(sheet.headings[i].text, width)] for i, width in zip(columns, widths, strict=True)]
    return _side_by_side(cells, widths, _sides(sheet, columns), top=False)


def _row(sheet: Sheet, row: int, columns: Sequence[int], widths: Sequence[int], starred: Sequence[bool]) -> "list[Line]":
    cells = []
    for i, width, has_stars in zip(columns, widths, starred, strict=True):
        text = sheet.rows[row][i]
        content = text.text + (" " if has_stars and text.text[-1:].isdigit() else "")
        tone = STYLES[text.tone]
        style = " ".join(filter(None, ("bold" if text.bold else "", "" if text.note else tone)))
        lines = [content] if sheet.headings[i].numeric else _wrap(content, width, " " if i < sheet.labels else "")
        cells.append([(line, style) for line in lines] + [(line, tone or "dim") for line in _wrap(text.note, width)])
    return _side_by_side(cells, widths, _sides(sheet, columns), top=True)


def _sides(sheet: Sheet, columns: Sequence[int]) -> list[str]:
    return ["right" if sheet.headings[i].numeric else "left" for i in columns]


def _side_by_side(cells: Sequence[list[tuple[str, str]]], widths: Sequence[int], sides: Sequence[str], top: bool) -> "list[Line]":
    """Cells of several styled lines each, beside each other, set at the top or at the bottom."""
    from rich.text import Text as Line

    height = max(map(len, cells))
    lines = [Line() for _ in range(height)]
    for cell, width, side in zip(cells, widths, sides, strict=True):
        blank = [("", "")] * (height - len(cell))
        for line, (text, style) in zip(lines, cell + blank if top else blank + cell, strict=True):
            line.append(_padded(text, width, side), style).append(" " * GAP)
    return lines


def _wrap(text: str, width: int, indent: str = "") -> list[str]:
    if columns_of(text) != len(text):
        return _wrap_wide(text, width, indent)
    return textwrap.wrap(
        text, max(width, 1), subsequent_indent=indent, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
    )


def _wrap_wide(text: str, width: int, indent: str) -> list[str]:
    """The same by columns, for texts whose letters do not take one each."""
    lines: list[str] = []
    for word in text.split():
        if lines and columns_of(lines[-1]) + 1 + columns_of(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(f"{indent}{word}" if lines else word)
    return lines
