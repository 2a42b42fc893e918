"""Studies: listed and refused as sweeps are, their numbers in the same tables, their claims judged by the same rules."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from research.catalog.claims import claim_cards
from research.catalog.describe import describe_experiment
from research.catalog.folders import shipped_experiments
from research.cli import app
from research.compare.statistics import Items, clip_interval, t_interval
from research.config.errors import StepladderError
from research.config.sweep import TableLayout
from research.report.study import Study, StudyCell, print_study, write_study

IDS = np.arange(200)
RIGHT = {"good": (IDS % 4 > 0).astype(float), "bad": (IDS % 4 > 2).astype(float)}


def items(correct):
    return Items(IDS, np.ones(len(IDS), np.int64), {"correct": correct})


def study():
    """Two rows of one run over items, and one of three seeds."""
    ran = tuple(
        StudyCell({"method": name}, {0: {"accuracy": right.mean()}}, {"size": 7.0}, {0: items(right)}, 1.5) for name, right in RIGHT.items()
    )
    drawn = StudyCell({"method": "drawn"}, {seed: {"accuracy": 0.1 * seed} for seed in range(3)})
    table = TableLayout(rows="method", metrics=("extra.size",), figure="none")
    return Study("toy", "Which is right?", "quick", {"n": 200}, "d1", table, "test.accuracy", (*ran, drawn))


ORDER = {"kind": "order", "claim": "good is better", "better": "good", "worse": "bad", "metric": "test.accuracy", "source": ""}


def test_a_study_becomes_the_report_of_a_sweep(tmp_path):
    files = write_study(study(), [ORDER], tmp_path)
    told = json.loads(files["report.json"].read_text())
    by_row = {(entry["row"][0], entry["metric"]): entry for entry in told["entries"]}
    assert by_row["good", "test.accuracy"]["interval"] == "items"
    drawn, expected = by_row["drawn", "test.accuracy"], clip_interval(t_interval([0.0, 0.1, 0.2]), 0.0, 1.0)
    assert (drawn["interval"], drawn["seeds"]) == ("seeds", {"0": 0.0, "1": 0.1, "2": 0.2})
    assert [drawn["mean"], drawn["low"], drawn["high"]] == pytest.approx(list(expected))
    assert (by_row["good", "extra.size"]["mean"], by_row["good", "extra.size"]["interval"]) == (7.0, "none")
    assert [card["verdict"] for card in told["cards"]] == ["holds"]
    page = files["report.html"].read_text()
    assert "Which is right?" in page
    assert "stepladder reproduce toy --preset quick" in page
    assert "d1" in page
    assert "body parameters" not in page


def test_the_other_order_fails_and_an_unknown_row_is_told(tmp_path):
    told = json.loads(write_study(study(), [ORDER | {"better": "bad", "worse": "good"}], tmp_path)["report.json"].read_text())
    assert [card["verdict"] for card in told["cards"]] == ["fails"]
    with pytest.raises(StepladderError, match="did you mean `good`"):
        write_study(study(), [ORDER | {"better": "god"}], tmp_path)


def test_the_table_is_printed(capsys):
    print_study(study(), [])
    assert "drawn" in capsys.readouterr().out


def test_every_study_is_listed_with_its_question_and_costs():
    folders = shipped_experiments()
    assert [folder.spec for folder in folders] == sorted(folder.spec for folder in folders)
    for folder in (folder for folder in folders if folder.is_study):
        description = describe_experiment(folder)
        assert description.question.endswith("?")
        assert description.presets["quick"]
        assert (folder.path / "README.md").exists()
        assert any(claim_cards(folder, preset) for preset in description.presets)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["reproduce", "multilingual_sampling", "--preset", "quik"], "did you mean `quick`?"),
        (["reproduce", "multilingual_sampling", "seeds=3"], "no config to change: leave out seeds=3"),
        (["reproduce", "multilingual_samplin"], "did you mean `multilingual_sampling`?"),
        (["reproduce", "multilingual_sampling", "--runs", "elsewhere"], "it keeps no runs"),
        (["sweep", "multilingual_sampling"], "`stepladder reproduce multilingual_sampling` measures it"),
        (["show", "multilingual_sampling"], "is a study"),
        (["report", "multilingual_sampling"], "is a study"),
    ],
)
def test_what_a_study_is_not_is_told(command, told):
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2
    assert told in done.stderr
