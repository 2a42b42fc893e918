"""Infinite is "infinite" in files that every JSON reader accepts, in tables and in rankings; missing is missing."""

import json
import math

import pytest
from fake_runs import report_of, write_ladder, write_run

from research.compare.cells import TableAxes, load_cells
from research.compare.comparisons import compare_cells, find_best
from research.compare.tables import build_table
from research.report.sheets import table_sheet
from research.report.write_report import write_report
from research.runs import store
from research.runs.measures import number
from research.runs.summary import summarise

AXES = TableAxes(("label",), ())


def strict(text):
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


@pytest.mark.parametrize("value", [math.inf, -math.inf, 0.0, 1.5])
def test_what_is_written_of_a_metric_is_read_again(tmp_path, value):
    result = {"metrics": {"test": {"loss": value}}, "extra": {"a": [value]}, "text": "infinite", "cost": {"seconds": {}}}
    store.write_json(tmp_path / "result.json", result)
    assert store.read_result(tmp_path) == result
    store.append_metrics(tmp_path / "metrics.jsonl", [{"step": 1, "loss": value}])
    store.truncate_metrics(tmp_path / "metrics.jsonl", 1)
    assert store.read_metrics(tmp_path / "metrics.jsonl") == [{"step": 1, "loss": value}]
    strict((tmp_path / "result.json").read_text())


def elman_infinite(runs, seeds):
    """The ladder where these seeds of a row gave some token no probability."""
    manifest = write_ladder(runs)
    (entry,) = (entry for entry in manifest["cells"] if entry["labels"]["label"] == "Elman")
    for seed in entry["seeds"]:
        write_run(runs, entry["cell_id"], seed, 4.9, 0.01, 1)
    for seed in seeds:
        folder = store.seed_folder(runs, entry["cell_id"], seed)
        result = store.read_result(folder)
        result["metrics"]["test"] |= {"loss": math.inf, "perplexity": math.inf}
        store.write_json(folder / "result.json", result)
        items = store.read_arrays(folder / "items.npz")
        items["loss"][0] = math.inf
        store.write_arrays(folder / "items.npz", **items)
    return manifest, entry["cell_id"]


@pytest.mark.parametrize("seeds", [(0, 1, 2), (1,)])
def test_a_row_with_an_infinite_seed_is_infinite_and_last(tmp_path, seeds):
    manifest, cell_id = elman_infinite(tmp_path, seeds)
    sheet = table_sheet(build_table(manifest, tmp_path))
    (row,) = (row for row in sheet.rows if row[0].text == "Elman")
    assert (row[1].text, row[1].bold) == ("infinite", False)
    assert any(note.startswith("Infinite: Elman") for note in sheet.notes)
    assert number("test.perplexity", math.inf) == "infinite"
    assert summarise(tmp_path, cell_id, (0, 1, 2))["test"]["perplexity"] == math.inf
    files = write_report(report_of(manifest, tmp_path), tmp_path / "report", ("md",))
    entries = strict(files["report.json"].read_text())["entries"]
    assert {entry["mean"] for entry in entries if entry["row"] == ["Elman"] and entry["metric"] == "test.perplexity"} == {"infinite"}
    assert "infinite" in files["table.md"].read_text()


def test_an_infinite_row_loses_whichever_side_it_stands_on_and_no_test_is_made(tmp_path):
    manifest, _ = elman_infinite(tmp_path, (0, 1, 2))
    cells = {cell.labels["label"]: cell for cell in load_cells(manifest, tmp_path)}
    elman, lstm, gru = cells["Elman"], cells["LSTM"], cells["GRU"]
    for a, b, sign in ((elman, lstm, 1), (lstm, elman, -1)):
        found = compare_cells(a, b, "test.perplexity", AXES)
        assert (found.difference, found.p, found.verdict, found.note) == (sign * math.inf, None, "not tested", "Elman is infinite")
    assert compare_cells(elman, elman, "test.perplexity", AXES).p is None
    best = find_best([elman, lstm, gru], "test.perplexity", AXES)
    assert (best.tested, 0 in best.rivals, best.index != 0) == (1, False, True)
    assert not find_best([elman, lstm], "test.perplexity", AXES).clear
    assert find_best([elman, elman], "test.perplexity", AXES) is None


def test_what_a_run_lacks_is_missing_and_not_infinite(tmp_path):
    manifest, cell_id = elman_infinite(tmp_path, ())
    path = store.seed_folder(tmp_path, cell_id, 0) / "result.json"
    result = store.read_json(path)
    result["metrics"]["test"]["perplexity"] = math.nan
    store.write_json(path, result)
    assert load_cells(manifest, tmp_path)[1].values("test.perplexity").keys() == {1, 2}
    assert summarise(tmp_path, cell_id, (0, 1, 2))["test"]["perplexity"] is None


def test_done_without_its_result_is_not_run_wherever_it_is_read(tmp_path):
    manifest, cell_id = elman_infinite(tmp_path, ())
    folder = store.seed_folder(tmp_path, cell_id, 1)
    (folder / "result.json").unlink()
    told = summarise(tmp_path, cell_id, (0, 1, 2, 7))
    assert store.status_of(folder) == "not run"
    assert (told["status"], told["seeds"]) == ("not run", {"not run": 2, "done": 2})
    assert load_cells(manifest, tmp_path)[1].counts() == {"done": 2, "not run": 1}
