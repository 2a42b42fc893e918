"""Sheets as Markdown, LaTeX and CSV: pure functions to text, the same bytes for the same sheet."""

import csv
import io
from collections.abc import Callable, Sequence
from itertools import groupby

from research.compare.tables import Entry, TableData
from research.report.sheets import Heading, Sheet, StyledText

LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "|": r"\textbar{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "±": r"$\pm$",
    "\N{MINUS SIGN}": r"$-$",
    "\N{EN DASH}": "--",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "\N{MULTIPLICATION SIGN}": r"$\times$",
}


def full_heading(heading: Heading) -> str:
    """A heading in one line, with its group."""
    return f"{heading.group}: {heading.text}" if heading.group else heading.text


def heading_spans(headings: Sequence[Heading]) -> list[tuple[str, int]]:
    """The line of groups above the headings: (group, columns), neighbours joined."""
    return [(group, len(list(members))) for group, members in groupby(headings, key=lambda heading: heading.group)]


def markdown(sheet: Sheet, level: int = 2) -> str:
    """A pipe table under a heading, its notes below. Columns are padded, so that it reads as plain text too."""
    cells = [[_escape_markdown(full_heading(heading)) for heading in sheet.headings]]
    cells += [[_markdown_text(text) for text in row] for row in sheet.rows]
    widths = [max(3, *(len(row[i]) for row in cells)) for i in range(len(sheet.headings))]
    lines = [_markdown_row(row, widths, sheet.headings) for row in cells]
    rule = [("-" * (width - 1) + ":") if heading.numeric else "-" * width for width, heading in zip(widths, sheet.headings, strict=True)]
    table = "\n".join([lines[0], f"| {' | '.join(rule)} |", *lines[1:]])
    notes = "\n".join(f"- {_escape_markdown(note)}" for note in sheet.notes)
    return "\n\n".join(filter(None, (f"{'#' * level} {sheet.title}", table, notes))) + "\n"


def _markdown_row(row: Sequence[str], widths: Sequence[int], headings: Sequence[Heading]) -> str:
    padded = (
        text.rjust(width) if heading.numeric else text.ljust(width) for text, width, heading in zip(row, widths, headings, strict=True)
    )
    return f"| {' | '.join(padded)} |"


def _escape_markdown(text: str) -> str:
    for sign in ("\\", "|", "*", "_", "<", "`"):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", " ")


def _markdown_text(text: StyledText) -> str:
    content = _escape_markdown(text.text)
    content = f"**{content}**" if text.bold and content else content
    return f"{content} ({_escape_markdown(text.note)})" if text.note else content


def latex(sheet: Sheet, label: str = "") -> str:
    r"""A `table` with booktabs rules; needs \usepackage{booktabs}. Notes stand under it."""
    align = "".join("r" if heading.numeric else "l" for heading in sheet.headings)
    head = _latex_groups(sheet.headings)
    head.append(_latex_row([escape_latex(heading.text) for heading in sheet.headings]))
    body = [_latex_row([_latex_text(text) for text in row]) for row in sheet.rows]
    notes = [rf"\par\noindent {escape_latex(note)}" for note in sheet.notes]
    notes = [r"\par\smallskip", r"\begin{minipage}{\linewidth}\footnotesize", *notes, r"\end{minipage}"] if notes else []
    tag = [rf"\label{{{label}}}"] if label else []
    opening = [r"\begin{table}", r"\centering", rf"\caption{{{escape_latex(sheet.title)}}}", *tag, rf"\begin{{tabular}}{{{align}}}"]
    tabular = [r"\toprule", *head, r"\midrule", *body, r"\bottomrule", r"\end{tabular}"]
    return "\n".join([*opening, *tabular, *notes, r"\end{table}", ""])


def _latex_groups(headings: Sequence[Heading]) -> list[str]:
    if not any(heading.group for heading in headings):
        return []
    cells, rules, column = [], [], 1
    for group, width in heading_spans(headings):
        if group:
            cells.append(rf"\multicolumn{{{width}}}{{c}}{{{escape_latex(group)}}}")
            rules.append(rf"\cmidrule(lr){{{column}-{column + width - 1}}}")
        else:
            cells += [""] * width
        column += width
    return [_latex_row(cells), " ".join(rules)]


def _latex_row(cells: Sequence[str]) -> str:
    return " & ".join(cells) + r" \\"


def escape_latex(text: str) -> str:
    """The text with LaTeX's own signs made plain."""
    return "".join(LATEX.get(sign, sign) for sign in text)


def _latex_text(text: StyledText) -> str:
    content = escape_latex(text.text)
    content = rf"\textbf{{{content}}}" if text.bold and content else content
    return rf"{content} {{\footnotesize ({escape_latex(text.note)})}}" if text.note else content


def table_csv(table: TableData) -> str:
    """One line a number, in its own unit, to ten figures: labels, metric, mean, interval, sd, n, seeds by status, in bold or not."""
    statuses = ("done", "trained", "running", "stopped", "diverged", "failed", "not run")
    heads = [*table.row_titles, *table.column_titles, "metric", "mean", "low", "high", "sd", "n", "interval", *statuses, "cannot", "best"]
    lines: list[list[str | int | float | None]] = [[head.replace(" ", "_") for head in heads]]
    for labels, row in zip(table.rows, table.entries, strict=True):
        for column, entry in zip(table.columns, row, strict=True):
            if entry is None:
                continue
            column_labels = column.labels if column.group or not table.column_titles else [""] * len(table.column_titles)
            numbers = _csv_numbers(entry)
            counts = [entry.counts.get(status, 0) for status in statuses]
            lines.append(
                [
                    *labels,
                    *column_labels,
                    column.metric,
                    *numbers,
                    "" if entry.sd is None else f"{entry.sd:.10g}",
                    len(entry.values),
                    entry.source,
                    *counts,
                    entry.cannot,
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
    return _csv([[full_heading(heading) for heading in sheet.headings], *rows])


def _csv(lines: Sequence[Sequence[str | int | float | None]]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(lines)
    return buffer.getvalue()


RENDERERS: dict[str, Callable[[Sheet], str]] = {"md": markdown, "tex": latex, "csv": sheet_csv}
