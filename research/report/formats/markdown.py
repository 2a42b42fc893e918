"""Markdown: pipe tables under headings, their notes below."""

from collections.abc import Sequence

from research.config.unicode import visible_text
from research.report.formats.headings import full_heading
from research.report.formats.target import Target
from research.report.report_value import Report
from research.report.sheets import Heading, Sheet, StyledText


def report_markdown(report: Report, target: Target) -> str:
    """Every table of the report, and what it lacks."""
    missing = [f"{line}\n" for line in report.missing]
    return "\n".join([f"# {_escape_markdown(visible_text(report.question or report.name))}\n", *map(markdown, report.sheets), *missing])


def markdown(sheet: Sheet, level: int = 2) -> str:
    """A pipe table under a heading, its notes below. Columns are padded, so that it reads as plain text too."""
    cells = [[_escape_markdown(full_heading(heading)) for heading in sheet.headings]]
    cells += [[_markdown_text(text) for text in row] for row in sheet.rows]
    widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(sheet.headings))]
    lines = [_markdown_row(row, widths, sheet.headings) for row in cells]
    rule = [("-" * (width - 1) + ":") if heading.numeric else "-" * width for width, heading in zip(widths, sheet.headings, strict=True)]
    table = "\n".join([lines[0], f"| {' | '.join(rule)} |", *lines[1:]])
    notes = "\n".join(f"- {_escape_markdown(note)}" for note in sheet.notes)
    return "\n\n".join(filter(None, (f"{'#' * level} {_escape_markdown(sheet.title)}", table, notes))) + "\n"


def _markdown_row(row: Sequence[str], widths: Sequence[int], headings: Sequence[Heading]) -> str:
    padded = (
        text.rjust(width) if heading.numeric else text.ljust(width) for text, width, heading in zip(row, widths, headings, strict=True)
    )
    return f"| {' | '.join(padded)} |"


def _escape_markdown(text: str) -> str:
    for sign in ("\\", "|", "*", "_", "<", "`", "[", "$", "&", "~"):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ")


def _markdown_text(text: StyledText) -> str:
    content = _escape_markdown(text.text)
    content = f"**{content}**" if text.bold and content else content
    return f"{content} ({_escape_markdown(text.note)})" if text.note else content
