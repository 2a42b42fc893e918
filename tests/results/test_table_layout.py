"""How a table looks is no part of what was launched: the report has today's layout over the cells of the launch."""

import csv
import json
from pathlib import Path

import pytest
from fake_runs import _entry, write_run
from typer.testing import CliRunner

from research.cli import app
from research.config.loader import load_config
from research.runs import store
from research.runs.sweep_manifest import earlier_hash, launched_path, manifest_path, sweep_hash

TOML = """
[experiment]
question = "{question}"
[data]
kind = "files"
train = "a"
valid = "b"
test = "c"
[model]
kind = "ngram"
[sweep]
name = "orders"
axes = {{ "model.order" = {orders}, "data.level" = {levels} }}
table = {{ {table} }}
{more}
"""
COLUMNS = 'rows = "model.order", columns = "data.level"'
PLAIN = {"question": "Which order?", "orders": "[1, 2]", "levels": '["word", "char"]', "table": COLUMNS, "more": ""}
LOOKS = [
    {"table": 'rows = "data.level", columns = "model.order"'},
    {"table": 'rows = ["data.level", "model.order"]'},
    {"table": f'{COLUMNS}, metrics = ["params", "test.accuracy"]'},
    {"table": f'{COLUMNS}, figure = "none"'},
    {"orders": "[2, 1]"},
    {"question": "Which order is enough?"},
]
SCIENCE = [
    {"orders": "[1, 2, 3]"},
    {"table": f'{COLUMNS}, baseline = "1"'},
    {"more": 'metric = "test.accuracy"'},
    {"more": "seeds = 3"},
    {"more": 'tune = { "model.smoothing.discount" = [0.5, 0.7] }'},
    {"more": 'impossible = "show"'},
]


def load(folder: Path, **words: str):
    (folder / "orders.toml").write_text(TOML.format(**PLAIN | words))
    return load_config(folder / "orders.toml")


@pytest.fixture
def launched(tmp_path):
    """The plain sweep as a launch leaves it: four cells with a run each."""
    loaded = load(tmp_path)
    cells = []
    for place, point in enumerate(loaded.points()):
        cell_id = f"{place}{'f0' * 5}a"
        metrics = ["test.perplexity", "test.accuracy", "valid.perplexity"]
        cells.append(_entry(cell_id, point.labels, range(1), 10, 5.0, deterministic=True) | {"metrics": metrics})
        write_run(tmp_path / "runs", cell_id, 0, 4.0 + place / 10, 0.0, place)
    manifest = {
        "name": "orders",
        "hash": sweep_hash(loaded),
        "question": "Which order?",
        "preset": None,
        "spec": loaded.sweep.model_dump(mode="json") | {"select": None},
        "spec_file": str(tmp_path / "orders.toml"),
        "created": "2026-01-02T03:04:05Z",
        "command": "stepladder sweep orders.toml",
        "cells": cells,
        "cards": [],
        "overrides": [],
    }
    store.write_json(manifest_path(loaded, tmp_path / "runs"), manifest)
    return tmp_path, manifest


def report(folder: Path, *words: str, formats: str = "csv,md"):
    spec = words or (str(folder / "orders.toml"),)
    return CliRunner().invoke(app, ["report", *spec, "--runs", str(folder / "runs"), "--out", str(folder / "out"), "--format", formats])


def table_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "out" / "table.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("words", LOOKS, ids=str)
def test_a_look_changes_no_name(tmp_path, words):
    assert sweep_hash(load(tmp_path)) == sweep_hash(load(tmp_path, **words))


@pytest.mark.parametrize("words", SCIENCE, ids=str)
def test_what_is_run_compared_or_chosen_changes_it(tmp_path, words):
    assert sweep_hash(load(tmp_path)) != sweep_hash(load(tmp_path, **words))


def test_a_column_is_moved_without_a_launch(launched):
    folder, manifest = launched
    assert report(folder).exit_code == 0
    assert {row["metric"] for row in table_of(folder)} == {"test.perplexity"}
    load(folder, table=f'{COLUMNS}, metrics = ["test.accuracy"]', question="Which order is enough?")
    assert report(folder).exit_code == 0
    assert {row["metric"] for row in table_of(folder)} == {"test.perplexity", "test.accuracy"}
    assert (folder / "out" / "table.md").read_text().startswith("# Which order is enough?\n")
    assert json.loads(Path(manifest_path(load(folder), folder / "runs")).read_text()) == manifest


def test_rows_stand_as_todays_file_has_them(launched):
    folder, _ = launched
    load(folder, orders="[2, 1]", table='rows = ["model.order", "data.level"]')
    assert report(folder).exit_code == 0
    assert [(row["order"], row["level"]) for row in table_of(folder)] == [("2", "word"), ("2", "char"), ("1", "word"), ("1", "char")]
    means = [float(row["mean"]) for row in table_of(folder)]
    assert means[2:] < means[:2]  # each value stays with its cell


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (f'{COLUMNS}, metrics = ["test.acuracy"]', "did you mean `test.accuracy`?"),
        ('rows = "model.order"', "neither in table.rows nor in table.columns"),
        ('rows = "model.ordr", columns = "data.level"', "did you mean `model.order`?"),
    ],
)
def test_a_layout_that_names_nothing_is_a_mistake(launched, table, told):
    folder, _ = launched
    load(folder, table=table)
    refused = report(folder)
    assert refused.exit_code == 2
    assert told in refused.stderr
    assert not (folder / "out").exists()


def test_a_manifest_is_a_spec_and_needs_no_file(launched):
    folder, manifest = launched
    path = manifest_path(load(folder), folder / "runs")
    assert report(folder).exit_code == 0
    of_file = {name.name: name.read_bytes() for name in (folder / "out").glob("table.*")}
    (folder / "orders.toml").unlink()
    for words in ([], [str(path)]):
        assert report(folder, *words).exit_code == 0
        assert {name.name: name.read_bytes() for name in (folder / "out").glob("table.*")} == of_file
    for words, told in (
        ([str(path), "seeds=2"], "leave out seeds=2"),
        ([str(folder / "nothing.json")], "There is no manifest"),
        ([str(folder / "out" / "report.json")], "is no manifest of a sweep"),
    ):
        refused = report(folder, *words)
        assert (refused.exit_code, told in refused.stderr) == (2, True), refused.stderr
    store.write_json(path, manifest | {"format": 99})
    assert "has format 99" in report(folder, str(path)).stderr


def test_a_manifest_under_its_earlier_name_is_read_until_there_is_one_under_the_new(launched):
    folder, manifest = launched
    loaded, runs = load(folder), folder / "runs"
    path = manifest_path(loaded, runs)
    earlier = path.with_name(f"orders-{earlier_hash(loaded)}.json")
    assert earlier != path
    path.rename(earlier)
    assert launched_path(loaded, runs) == earlier
    assert report(folder).exit_code == 0
    store.write_json(path, manifest)
    assert launched_path(loaded, runs) == path
