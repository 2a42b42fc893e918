"""A report is rebuilt to the byte, needs no network, and links to what it is made of."""

import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from typing import NamedTuple

import pytest
from fake_runs import report_of

from research.config.errors import StepladderError
from research.report.formats.page import report_page
from research.report.formats.target import Target
from research.report.plots import Series, line_plot
from research.report.section import Section
from research.report.sheets import Heading, Sheet, StyledText
from research.report.write_report import write_report

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    """Links, ids, tags and the texts of each table, checking that tags close in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open, self.links, self.ids, self.tags, self.tables = [], [], [], [], {}
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.tags.append(tag)
        self.ids += [named["id"]] if "id" in named else []
        self.links += [named[key] for key in ("href", "src") if tag not in ("use", "g") and key in named]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables[named["id"]] = []
        if tag in ("td", "th"):
            list(self.tables.values())[-1].append("")

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "td" in self.open or "th" in self.open:
            list(self.tables.values())[-1][-1] += data


class Written(NamedTuple):
    paths: dict
    first: dict
    second: dict


@pytest.fixture(scope="module")
def written(ladder, tmp_path_factory):
    picture = line_plot("extra", "More < less & more", [Series("a", [1.0, 2.0], [1.0, 2.0])], "x", "y")
    sheet = Sheet("More numbers", (Heading("k"), Heading("v")), ((StyledText("1"), StyledText("<2>")),), 1)
    sections = [Section("Gates, closely", "<p>A text.</p>", sheet, picture)]
    out = tmp_path_factory.mktemp("out") / "a" / "b"
    reports = [report_of(*ladder, sections) for _ in range(2)]
    builds = [{name: path.read_bytes() for name, path in write_report(report, out).items()} for report in reports]
    return Written({name: out / name for name in builds[0]}, *builds)


def test_a_report_is_rebuilt_to_the_byte(written):
    assert written.first == written.second
    assert set(written.first) == {"report.html", "table.md", "table.tex", "table.csv", "report.json"} | {
        f"figures/{name}.{ending}" for name in ("curves", "flops", "lengths", "extra") for ending in ("svg", "png", "pdf")
    }


def test_the_page_is_whole_and_needs_nothing_else(written, ladder):
    path = written.paths["report.html"]
    page = Page(path.read_text())
    assert "script" not in page.tags
    assert len(page.ids) == len(set(page.ids))
    for link in page.links:
        if link.startswith("#"):
            assert link[1:] in page.ids
        else:
            assert (path.parent / link).exists(), link
    assert not re.findall(r"(?:src|href)=\"(?:https?:)?//|url\(\"?https?:|@import", path.read_text())
    assert page.tags.count("svg") == 4


def test_the_page_shows_what_the_files_say(written):
    page = Page(written.paths["report.html"].read_text())
    results = page.tables["results"]
    assert "100.6 ± 1.6" in results
    assert "135.5 (n = 2: 135.2, 135.7)1 diverged" in results  # the note stands on a line of its own
    assert {"holds", "fails on these items", "not decided: 2 of 3 seeds (Elman)", "not shown", "not run here", "within", "outside"} <= set(
        page.tables["expected"]
    )
    assert "<2>" in page.tables["section-gates--closely-table"]
    text = written.paths["report.html"].read_text()
    assert "MemoryError: 2.1 GB asked for" in text
    assert "856c99ddf50c" in text


def test_a_control_that_fails_is_said_at_the_top(ladder, tmp_path):
    control = ladder.manifest["control"] | {"floor": 100.0}
    text = report_page(report_of(ladder.manifest | {"control": control}, ladder.runs), Target(tmp_path, ()))
    assert text.index('<p class="warning">INCONCLUSIVE') < text.index("<table")


def test_the_json_holds_every_value(written, ladder):
    data = json.loads(written.paths["report.json"].read_text())
    entries = {(*entry["row"], entry["metric"]): entry for entry in data["entries"]}
    entry = entries["LSTM", "test.perplexity"]
    assert entry["mean"] == pytest.approx(sum(entry["seeds"].values()) / 3)
    assert entry["low"] < entry["mean"] < entry["high"]
    assert entries["Transformer, learned", "test.perplexity"]["mean"] is None
    assert [card["verdict"] for card in data["cards"]][:2] == ["within", "outside"]
    assert len(data["comparisons"]) == 7


def test_figures_stand_alone_too(written):
    for name, path in written.paths.items():
        if name.endswith(".svg"):
            ElementTree.fromstring(path.read_text())
        if name.endswith(".pdf"):
            assert path.read_bytes().startswith(b"%PDF-")
            assert b"Date" not in path.read_bytes()
            assert re.fullmatch(r"figures/[A-Za-z0-9_-]+\.pdf", name)  # a name that \includegraphics takes


def test_an_unknown_format_names_the_nearest(ladder, tmp_path):
    with pytest.raises(StepladderError, match="did you mean `html`"):
        write_report(report_of(*ladder), tmp_path, ["htm"])
