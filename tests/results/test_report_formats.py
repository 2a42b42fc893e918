"""A format is one entry: all of them are written, validated and described by the registry."""

import io
import json
import re
from pathlib import Path

import pandas as pd
import pytest
import typer
from fake_runs import report_of
from typer.testing import CliRunner

from research.cli import app
from research.cli.launch_commands import REPORT_FORMATS
from research.config.errors import StepladderError
from research.report.figures import FIGURES
from research.report.formats.latex import report_latex
from research.report.formats.registry import DEFAULT_FORMATS, RENDERERS, Renderer
from research.report.formats.target import Target
from research.report.plots import Series, line_plot
from research.report.table_rows import table_frame
from research.report.write_report import write_report
from research.runs import store


@pytest.fixture(scope="module")
def report(ladder):
    return report_of(*ladder)


def test_a_format_is_one_entry(ladder, tmp_path, monkeypatch):
    words = lambda report, target: f"{report.name}, {len(report.table.rows)} rows, with {', '.join(target.files)}\n"
    monkeypatch.setitem(RENDERERS, "words", Renderer("words.txt", "a line of words", False, words))
    manifest = store.sweeps_folder(ladder.runs) / "ladder-0123abcd.json"
    called = CliRunner().invoke(app, ["report", str(manifest), "--out", str(tmp_path), "--format", "words"])
    assert called.exit_code == 0, called.stderr
    assert (tmp_path / "words.txt").read_text() == "ladder, 8 rows, with report.json, words.txt\n"
    refused = CliRunner().invoke(app, ["report", str(manifest), "--out", str(tmp_path), "--format", "md,word"])
    assert refused.exit_code == 2
    assert "did you mean `words`?" in refused.stderr
    assert "words (words.txt): a line of words" in refused.stderr


def test_a_figure_is_one_entry(ladder, monkeypatch):
    rows = lambda manifest, cells: line_plot("rows", "Rows", [Series("rows", [0.0, 1.0], [0.0, float(len(cells))])], "x", "y")
    monkeypatch.setitem(FIGURES, "rows", rows)
    assert [picture.name for picture in report_of(*ladder).pictures] == ["curves", "flops", "lengths", "rows"]


def test_every_format_is_told_by_the_command_line_and_has_a_file_of_its_own(report, tmp_path):
    assert REPORT_FORMATS.split(",") == list(RENDERERS)
    page = (Path(__file__).parents[2] / "docs" / "tables.md").read_text("utf-8")
    assert all(f"| `{name}` | `{renderer.file}` |" in page for name, renderer in RENDERERS.items())
    (option,) = (one for one in typer.main.get_command(app).commands["report"].params if one.name == "formats")
    assert option.default.split(",") == list(DEFAULT_FORMATS)
    files = write_report(report, tmp_path, list(RENDERERS))
    assert {renderer.file for renderer in RENDERERS.values()} <= files.keys()
    assert len({renderer.file for renderer in RENDERERS.values()}) == len(RENDERERS)
    assert sorted(json.loads(files["report.json"].read_text())["files"]) == sorted(files)


def test_the_frame_has_a_row_a_seed_and_is_read_again_with_its_types(report, tmp_path):
    frame = table_frame(report.table)
    entries = [(labels, column.metric, entry) for labels, row in zip(report.table.rows, report.table.entries, strict=True)
               for column, entry in zip(report.table.columns, row, strict=True) if entry is not None]  # fmt: skip
    assert len(frame) == sum(max(1, len(entry.values)) for _, _, entry in entries)
    for labels, metric, entry in entries:
        rows = frame[(frame["variant"] == labels[0]) & (frame["metric"] == metric)]
        assert dict(zip(rows["seed"].dropna(), rows["value"].dropna(), strict=True)) == entry.values
        assert rows["mean"].isna().all() == (entry.interval is None)
    again = pd.read_json(io.StringIO(write_report(report, tmp_path, ["frame"])["frame.json"].read_text()), orient="table")
    pd.testing.assert_frame_equal(again, frame.reset_index(drop=True), check_dtype=False, check_index_type=False)
    assert again["best"].dtype == bool


def test_every_table_of_latex_has_a_caption_and_a_label_of_its_own(report):
    text = report_latex(report, Target(Path(), ()))
    labels = re.findall(r"\\label\{(.*?)\}", text)
    assert labels == ["tab:ladder", "tab:ladder-expected-and-found", "tab:ladder-comparisons"]
    assert text.count(r"\begin{table}") == text.count(r"\caption{") == len(labels)
    assert r"\caption{Which step of the ladder, from counting to attention" in text


def test_a_table_without_figures_draws_none(ladder, tmp_path):
    report = report_of(*ladder)
    write_report(report, tmp_path, ["md", "csv", "json"])
    assert not any("drawn" in vars(picture) for picture in report.all_pictures)
    assert not (tmp_path / "figures").exists()
    with pytest.raises(StepladderError, match="did you mean `csv`"):
        write_report(report, tmp_path, ["cvs"])
