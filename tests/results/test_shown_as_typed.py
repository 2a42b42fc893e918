"""What was typed is shown as typed: a label goes through every renderer and comes back from what reads its format."""

import csv
import io
import json
import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from research.config.unicode import visible_text
from research.report.formats.comma_separated import plain_in_spreadsheet, sheet_csv
from research.report.formats.latex import escape_latex, latex
from research.report.formats.markdown import markdown
from research.report.fragment import sheet_fragment
from research.report.plots import Series, line_plot
from research.report.sheets import Heading, Sheet, StyledText
from research.report.terminal import terminal_text
from research.runs.store import to_json

TYPED = (
    *(
        "nb [/x]",
        "[bold]",
        "a $$",
        "$5 vs $6",
        "a|b",
        "<script>alert(1)</script>",
        "=cmd|' /C calc'!A0",
        "-1+1",
        "@x",
        "* ours",
        "[a] base",
    ),
    *(
        "a\nb",
        "\x1b[31mred\x07",
        "漢字の列",
        "cafe\u0301",
        "a\u202eb",
        "--lr",
        "&lt;",
        "`x`",
        "~~x~~",
        "\\alpha_1^2{}#%",
        "\u2028",
        "\ufffe",
    ),
)
LETTERS = "ab =-+@[]$|<>&*_`~\\{}#%^\n\t\x1b\x07漢e\u0301\u202e'\",.1"
LABELS = st.one_of(st.sampled_from(TYPED), st.text(st.sampled_from(LETTERS), min_size=1))
CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
UNESCAPED = re.compile(r"(?<!\\)[&%$#_{}~^\\<>|]")


def sheet_of(label):
    return Sheet("a table", (Heading("row", numeric=False), Heading("n")), ((StyledText(label), StyledText("1.5")),))


class Cells(HTMLParser):
    """The texts of a table's cells, and every tag."""

    def __init__(self):
        super().__init__()
        self.texts, self.tags = [], set()

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        if tag in ("td", "th"):
            self.texts.append("")

    def handle_data(self, data):
        if self.texts:
            self.texts[-1] += data


def typed_examples(test):
    for label in TYPED:
        test = example(label)(test)
    return test


@typed_examples
@given(LABELS)
def test_a_label_comes_back_from_each_format(label):
    shown, sheet = visible_text(label), sheet_of(label)
    assert shown.isprintable() or not CONTROLS.search(shown)
    (_, (first, _)) = csv.reader(io.StringIO(sheet_csv(sheet)))
    assert first in (shown, f"'{shown}")
    assert not first.startswith(("=", "@")), "a spreadsheet would compute it"
    page = Cells()
    page.feed(sheet_fragment(sheet))
    assert shown.split() in [text.split() for text in page.texts]
    assert "script" not in page.tags
    assert json.loads(to_json({"label": label}), parse_constant=lambda name: pytest.fail(name)) == {"label": label}
    row = next(line for line in markdown(sheet).splitlines() if line.startswith("|") and "1.5" in line)
    cell = re.split(r"(?<!\\)\|", row.replace("\\\\", "\0"))[1]
    assert re.sub(r"\\(.)", r"\1", cell).replace("\0", "\\").strip() == shown.strip()


@typed_examples
@given(LABELS)
def test_latex_has_no_sign_of_its_own_and_a_row_a_line(label):
    """What is left when the escapes are taken out is plain, and no row begins with what the line before it would take."""
    left = re.sub(r"\\text[a-z]+\{\}|\\[&%$#_{}]|\$[^$]*\$|\{\}", "", escape_latex(label))
    assert not UNESCAPED.search(left)
    assert "--" not in escape_latex(label), "two hyphens are a dash"
    rows = [line for line in latex(sheet_of(label)).splitlines() if line.endswith(r"\\")]
    assert len(rows) == 2
    assert not rows[1].startswith(("[", "*"))


@typed_examples
@given(LABELS)
@pytest.mark.parametrize("width", [80, 120])
def test_columns_of_a_terminal_stand_below_each_other(width, label):
    sheet = sheet_of(label)
    other = Sheet(sheet.title, sheet.headings, (*sheet.rows, (StyledText("plain"), StyledText("2.5"))))
    printed = terminal_text(other, width)
    assert not CONTROLS.search(printed)
    lines = printed.splitlines()
    ends = {cell_len(line) for line in lines if line.endswith(("1.5", "2.5"))}
    assert len(ends) == 1
    assert ends == {cell_len(next(line for line in lines if line.startswith("─")))}


def test_a_figure_is_well_formed_and_tells_a_missing_letter_once(capsys, recwarn):
    labels = ("\x1b[31m\x07bell", "漢字", "<b> & $x$ $", "a\nb")
    drawn = [
        line_plot("p", "t\x07<", [Series(label, (1, 2), (1.0, i)) for i, label in enumerate(labels)], "x", "y").drawn for _ in range(2)
    ]
    texts = "".join(ElementTree.fromstring(drawn[0].svg).itertext())
    for typed in (r"\x1b[31m\x07bell", "漢字", "<b> & $x$ $"):
        assert typed in texts
    assert drawn[0] == drawn[1]
    assert capsys.readouterr().err.count("漢") == 1
    assert not [warning for warning in recwarn if "Glyph" in str(warning.message)]


@settings(max_examples=20)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_no_formula(value):
    assert plain_in_spreadsheet(repr(value)) == repr(value)
