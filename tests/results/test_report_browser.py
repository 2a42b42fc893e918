"""The report as a browser reads it."""

import html
import re
import shutil
import subprocess

import pytest
from fake_runs import report_of

from research.report.write_report import write_report

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync", "--dump-dom"]

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH")]


@pytest.fixture(scope="module")
def dom(grid, tmp_path_factory):
    folder = tmp_path_factory.mktemp("browser")
    path = write_report(report_of(*grid), folder / "report", ["html"])["report.html"]
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder / 'profile'}", path.resolve().as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def cells_of(table: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", table, re.DOTALL)
    return [[html.unescape(re.sub(r"<[^>]+>", "", cell)) for cell in re.findall(r"<t[dh][ >].*?</t[dh]>", row, re.DOTALL)] for row in rows]


def test_the_table_has_its_rows_and_numbers(dom):
    table = re.search(r'<table id="results">(.*?)</table>', dom, re.DOTALL).group(1)
    groups, heads, *rows = cells_of(table)
    assert groups[1] == "test perplexity, by heads"
    assert heads[:3] == ["score", "1", "4"]
    assert [row[0] for row in rows] == ["mlp", "dot", "scaled_dot"]
    assert all(re.fullmatch(r"\d+\.\d+ ± \d+\.\d+", row[1]) for row in rows)
    assert "<strong>" in table


def test_the_figures_are_drawn_in_the_page(dom):
    figures = re.findall(r'<figure id="figure-(\w+)".*?<svg .*?aria-label="([^"]+)".*?</svg>.*?</figure>', dom, re.DOTALL)
    assert figures == [("curves", "Learning curves"), ("groups", "Accuracy by distance"), ("tuning", "Over the learning rate")]
    assert dom.count("<details>") == 6
