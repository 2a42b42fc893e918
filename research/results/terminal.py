"""Sheets in a terminal: whole words at any width. Columns that do not fit go into a further table under the same row labels."""

import io
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from research.results.render import spans
from research.results.sheets import Sheet, Text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

STYLES = {"": "", "good": "green", "bad": "red", "quiet": "dim"}
GAP = 2


def print_sheet(sheet: Sheet, console: "Console") -> None:
    """The title, one table or several, and the notes, within the console's width."""
    console.print(f"\n[bold]{_escape(sheet.title)}[/bold]", highlight=False)
    for columns in split_columns(sheet, console.width):
        console.print(_table(sheet, columns, console.width), highlight=False)
    for note in sheet.notes:
        lines = textwrap.wrap(note, console.width - 2, break_long_words=False, break_on_hyphens=False)
        console.print("\n".join(_escape(line) for line in lines), style="dim", highlight=False, soft_wrap=True)


def terminal_text(sheet: Sheet, width: int = 80) -> str:
    """What `print_sheet` prints, without colours."""
    from rich.console import Console

    out = io.StringIO()
    print_sheet(sheet, Console(file=out, width=width, color_system=None, force_terminal=False, legacy_windows=False))
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def split_columns(sheet: Sheet, width: int) -> list[tuple[int, ...]]:
    """The value columns of each table, such that labels and values fit in `width` and no group is torn that fits whole."""
    labels = range(sheet.labels)
    room = width - sum(_width(sheet, i, width) + GAP for i in labels)
    tables: list[list[int]] = [[]]
    used, at = 0, sheet.labels
    for _, count in spans(sheet.headings[sheet.labels :]):
        members = list(range(at, at + count))
        at += count
        whole = sum(_width(sheet, i, width) + GAP for i in members)
        for column in members:
            needed = _width(sheet, column, width) + GAP
            tears = column == members[0] and used + whole > room >= whole
            if tables[-1] and (used + needed > room or tears):
                tables.append([])
                used = 0
            tables[-1].append(column)
            used += needed
    return [tuple(columns) for columns in tables]


def _width(sheet: Sheet, column: int, width: int) -> int:
    """The least width that breaks no word: a heading may wrap between words, a number may not; a label may, at half of the line."""
    texts = [part for row in sheet.rows for part in (row[column].text, row[column].note)]
    if not sheet.headings[column].numeric:
        longest = max((len(text) for text in texts), default=0)
        words = max((len(word) for text in texts for word in text.split()), default=0)
        texts = ["x" * max(words, min(longest, width // (2 * max(1, sheet.labels))))]
    return max([len(text) for text in texts] + [len(word) for word in sheet.headings[column].text.split()], default=0)


def _table(sheet: Sheet, columns: Sequence[int], width: int) -> "Table":
    from rich import box
    from rich.table import Table

    every = [*range(sheet.labels), *columns]
    table = Table(box=box.SIMPLE_HEAD, padding=(0, GAP // 2, 0, 0), pad_edge=False, show_edge=False, header_style="")
    for i in every:
        heading = sheet.headings[i]
        table.add_column(
            _heading(sheet, i, columns),
            justify="right" if heading.numeric else "left",
            min_width=_width(sheet, i, width),
            vertical="bottom",
        )
    starred = {i for i in every if any(row[i].text.endswith("*") for row in sheet.rows)}
    for row in sheet.rows:
        table.add_row(*(_cell(row[i], i in starred) for i in every))
    return table


def _heading(sheet: Sheet, column: int, columns: Sequence[int]) -> str:
    heading = sheet.headings[column]
    before = column - 1
    leads = heading.group and not (before in columns and sheet.headings[before].group == heading.group)
    return f"[dim]{_escape(heading.group)}[/dim]\n{_escape(heading.text)}" if leads else _escape(heading.text)


def _cell(text: Text, starred: bool) -> str:
    said = _escape(text.text) + (" " if starred and text.text and not text.text.endswith("*") else "")
    style = " ".join(filter(None, ("bold" if text.bold else "", STYLES[text.tone] if not text.note else "")))
    said = f"[{style}]{said}[/{style}]" if style and said.strip() else said
    return f"{said}\n[{STYLES[text.tone] or 'dim'}]{_escape(text.note)}[/]" if text.note else said


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)
