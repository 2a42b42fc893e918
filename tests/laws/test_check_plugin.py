"""A user's file, checked: what it registers, what is printed, and the examples of docs/, which are plugins too."""

import json
from pathlib import Path

import numpy as np
import pytest
import tomli_w
from typer.testing import CliRunner
from wrong_data import ECHO, WRONG_DATA, WRONG_TASKS, Echo, Guessing

from research.cli import app
from research.config.loader import load_config
from research.config.plugins import unload_plugin
from research.laws import mixer_checks
from research.laws.check_plugin import check_plugin
from research.laws.dataset_laws import check_dataset
from research.laws.metric_laws import check_metric
from research.laws.task_laws import check_task
from research.metrics.correlations import RANKS
from research.metrics.losses import NATS
from research.metrics.metric_kind import Metric, of_ranks, ratio, stored_field
from research.plugin import register_dataset, register_metric, register_task
from research.runs import store
from research.tasks.language_modelling import LANGUAGE_MODELLING

pytestmark = pytest.mark.usefixtures("registering")
EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("STEPLADDER_CACHE", str(tmp_path / "cache"))


def stepladder(*words):
    return CliRunner().invoke(app, list(map(str, words)))


@pytest.mark.parametrize("example", sorted(EXAMPLES.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short_and_every_law_holds_of_it(example, monkeypatch):
    monkeypatch.setattr(mixer_checks, "LONG", {})  # it is trained below
    assert len(example.read_text().splitlines()) < 40
    (entry,) = check_plugin(example)
    assert [law for law in entry.laws if not law.holds] == []
    assert len(entry.laws) > 10


@pytest.mark.trains
def test_a_run_of_both_examples_is_trained_kept_and_used(tmp_path):
    mixer = [{"kind": "average"}, {"kind": "attention", "heads": 2, "score": {"kind": "power", "power": 0.3}}]
    model = {"kind": "language_model", "layers": 2, "width": 8, "mixer": mixer, "feed_forward": {"kind": "none"}}
    text = tmp_path / "text.txt"
    text.write_text("a b c d e f g\n" * 30)
    tree = {
        "plugins": [str(path) for path in sorted(EXAMPLES.glob("*.py"))],
        "data": {"kind": "files", "length": 7, **dict.fromkeys(("train", "valid", "test"), str(text))},
        "model": model,
        "train": {"steps": 2, "batch_size": 4},
    }
    (tmp_path / "tiny.toml").write_text(tomli_w.dumps(tree))
    refused = stepladder("train", tmp_path / "tiny.toml", "--runs", tmp_path / "runs")
    assert refused.exit_code == 2
    assert "--allow-plugins" in refused.stderr
    done = stepladder("train", tmp_path / "tiny.toml", "--runs", tmp_path / "runs", "--allow-plugins", "--json")
    assert done.exit_code == 0, done.output
    cell_id = json.loads(done.stdout)["cell_id"]
    kept = store.cell_folder(tmp_path / "runs", cell_id) / "plugins"
    assert {path.name for path in kept.iterdir()} == {"my_mixer.py", "my_score.py"}
    written = stepladder("generate", cell_id, "--prompt", "a b", "--tokens", "2", "--json", "--runs", tmp_path / "runs")
    assert written.exit_code == 0, written.output
    for file in ("my_mixer.py", "my_score.py"):
        unload_plugin(file)
    (manifest,) = (tmp_path / "runs" / "sweeps").glob("*.json")
    again = CliRunner().invoke(app, ["work", str(manifest)])
    assert again.exit_code == 0, again.output
    for file in ("my_mixer.py", "my_score.py"):
        unload_plugin(file)
    (kept / "my_score.py").write_text((kept / "my_score.py").read_text().replace("0.25", "0.5"))
    changed = stepladder("generate", cell_id, "--prompt", "a b", "--runs", tmp_path / "runs")
    assert changed.exit_code == 2
    assert "my_score.py: this plugin changed since the run" in changed.stderr


METRIC = """
from research.metrics.losses import NATS
from research.metrics.metric_kind import Metric, ratio
from research.plugin import register_metric

for name, way in (("surprise", -1), ("delight", 1)):
    statistic = ratio(NATS, "tokens", "exponential")
    register_metric(Metric(name, name, way, (1.0, float("inf")), "number", "split", "targets", "", "group", statistic, measured=True))
"""


def test_what_fails_is_told_on_the_terminal_and_as_json(tmp_path):
    (tmp_path / "mine.py").write_text(METRIC)
    told = stepladder("check", tmp_path / "mine.py", "--json")
    assert told.exit_code == 1
    said = json.loads(told.stdout)
    assert said["file"] == str(tmp_path / "mine.py")
    assert [(entry["kind"], entry["name"]) for entry in said["entries"]] == [("metric", "surprise"), ("metric", "delight")]
    faults = {(entry["name"], law["law"]): law["shows"] for entry in said["entries"] for law in entry["laws"] if not law["holds"]}
    assert faults.keys() == {("delight", "direction")}
    assert "2 items" in faults["delight", "direction"]
    shown = CliRunner().invoke(app, ["check", str(tmp_path / "mine.py")], env={"COLUMNS": "80"})
    assert shown.exit_code == 1
    assert "metric delight" in shown.stdout
    assert "1 fail" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert stepladder("check", tmp_path / "mine.py", "--only", "surprise").exit_code == 0


@pytest.mark.parametrize(
    ("text", "words", "told"),
    [("x = 1\n", (), "registers nothing"), ("def f(\n", (), "line 1"), (METRIC, ("--only", "suprise"), "did you mean `surprise`")],
)
def test_a_file_that_is_wrong_or_registers_nothing_is_refused(tmp_path, text, words, told):
    (tmp_path / "mine.py").write_text(text)
    refused = stepladder("check", tmp_path / "mine.py", *words)
    assert refused.exit_code == 2
    assert told in refused.stderr
    assert stepladder("check", tmp_path / "none.py").exit_code == 2


def test_a_file_that_was_checked_is_allowed(tmp_path):
    (tmp_path / "mine.py").write_text(METRIC)
    stepladder("check", tmp_path / "mine.py")
    (tmp_path / "tiny.toml").write_text('plugins = ["mine.py"]\n[data]\nkind = "copy"\n[model]\nkind = "language_model"\n')
    assert load_config(tmp_path / "tiny.toml").config.plugins[0].file == "mine.py"


def metric(name, bounds, statistic, way=1):
    return Metric(name, name, way, bounds, "number", "split", "targets", "", "group", statistic, measured=True)


def first_rank(first, second, weights):
    """Of the item that comes first: another where the items stand in another order."""
    return np.full(len(weights), float(first[0]))


def sums_of_squares(first, second, weights):
    return (weights * first**2).sum(axis=1)


@pytest.mark.parametrize(
    ("wrong", "law"),
    [
        (metric("first", (-100.0, 100.0), of_ranks(RANKS, first_rank), 0), "order of items"),
        (metric("squares", (0.0, 1.0), of_ranks(RANKS, sums_of_squares), 0), "bounds"),
        (metric("backwards", (0.0, 10.0**9), ratio(NATS, "tokens"), 1), "direction"),
        (metric("unread", (0.0, 1.0), ratio(stored_field("unread", "counts"), "items"), 0), "bounds"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_a_wrong_metric_fails_its_law(wrong, law):
    register_metric(wrong)
    assert law in {result.law for result in check_metric(wrong) if not result.holds}


def test_a_dataset_of_ones_own_is_checked():
    register_dataset(Echo, ECHO)
    assert [result for result in check_dataset(Echo) if not result.holds] == []


@pytest.mark.parametrize("law", WRONG_DATA)
def test_a_wrong_dataset_fails_its_law(law):
    register_dataset(Echo, WRONG_DATA[law])
    assert {result.law for result in check_dataset(Echo) if not result.holds} == {law}


def test_a_task_of_ones_own_is_checked():
    register_task(Guessing, LANGUAGE_MODELLING)
    assert [result for result in check_task(Guessing) if not result.holds] == []


@pytest.mark.parametrize("law", WRONG_TASKS)
def test_a_wrong_task_fails_its_law(law):
    register_task(Guessing, WRONG_TASKS[law])
    assert {result.law for result in check_task(Guessing) if not result.holds} == {law}
