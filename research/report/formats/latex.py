"""LaTeX: a `table` a sheet, with rules of booktabs, a caption, a label, and its notes below."""

import re
from collections.abc import Sequence
from dataclasses import replace
from unicodedata import category

from research.config.unicode import visible_text
from research.report.formats.headings import heading_spans
from research.report.formats.target import Target
from research.report.report_value import Report
from research.report.sheets import Heading, Sheet, StyledText

LATIN = 0x24F  # the last letter that pdflatex may have
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


def report_latex(report: Report, target: Target) -> str:
    r"""Every table of the report. The sweep's own is `tab:NAME`, with its question as the caption; a further one `tab:NAME-TITLE`."""
    first, *others = report.sheets
    captioned = replace(first, title=report.question or report.name)
    labels = [f"tab:{report.name}-{_label_text(sheet.title)}" for sheet in others]
    return "\n".join([latex(captioned, f"tab:{report.name}"), *map(latex, others, _distinct(labels))])


def _label_text(title: str) -> str:
    """What of a title may stand in a label."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def _distinct(labels: Sequence[str]) -> list[str]:
    """The labels; one that stood before has its number at its end."""
    return [label if label not in labels[:i] else f"{label}-{i + 1}" for i, label in enumerate(labels)]


def latex(sheet: Sheet, label: str = "") -> str:
    r"""A `table` with booktabs rules; needs \usepackage{booktabs}. Notes stand under it."""
    align = "".join("r" if heading.numeric else "l" for heading in sheet.headings)
    head = _latex_groups(sheet.headings)
    head.append(_latex_row([escape_latex(heading.text) for heading in sheet.headings]))
    body = [_latex_row([_latex_text(text) for text in row]) for row in sheet.rows]
    notes = [rf"\par\noindent {escape_latex(note)}" for note in sheet.notes]
    notes = [r"\par\smallskip", r"\begin{minipage}{\linewidth}\footnotesize", *notes, r"\end{minipage}"] if notes else []
    tag = [rf"\label{{{label}}}"] if label else []
    opening = [
        *_engine_note(sheet),
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escape_latex(sheet.title)}}}",
        *tag,
        rf"\begin{{tabular}}{{{align}}}",
    ]
    tabular = [r"\toprule", *head, r"\midrule", *body, r"\bottomrule", r"\end{tabular}"]
    return "\n".join([*opening, *tabular, *notes, r"\end{table}", ""])


def _engine_note(sheet: Sheet) -> list[str]:
    """A line for who compiles letters that pdflatex has not."""
    texts = [sheet.title, *sheet.notes, *(part for row in sheet.rows for text in row for part in (text.text, text.note))]
    beyond = any(ord(sign) > LATIN and category(sign)[0] in "LM" for text in texts if not text.isascii() for sign in text)
    return ["% letters beyond Latin: compile with lualatex or xelatex, and a font that has them"] if beyond else []


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
    r"""Cells of a row. The `\\` and the rule before a row take what it begins with as their argument, if that is `[` or `*`."""
    row = " & ".join(cells)
    return (f"{{{row[0]}}}{row[1:]}" if row.startswith(("[", "*")) else row) + r" \\"


def escape_latex(text: str) -> str:
    """The text with LaTeX's own signs made plain; two hyphens are no dash."""
    signs = visible_text(text).replace("--", "-\0-").replace("--", "-\0-")
    return "".join("{}" if sign == "\0" else LATEX.get(sign, sign) for sign in signs)


def _latex_text(text: StyledText) -> str:
    content = escape_latex(text.text)
    content = rf"\textbf{{{content}}}" if text.bold and content else content
    return rf"{content} {{\footnotesize ({escape_latex(text.note)})}}" if text.note else content
