"""A TOML file of the user's own has the claims and the analysis that lie beside it, as a preset that comes with the code has."""

import json
import re
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from research.catalog.choose import choose_experiment, find_analysis, import_analysis, measure_study
from research.catalog.claims import claim_cards
from research.catalog.describe import describe_experiment
from research.catalog.folders import ExperimentFolder, find_experiment, own_experiments, shipped_experiments
from research.cli import app
from research.compare.provenance import report_name
from research.config.errors import StepladderError
from research.runs.sweep_manifest import Launch, sweep_hash

COUNTS = """
[data]
kind = "files"
train = "{0}"
valid = "{0}"
test = "{0}"
[model]
kind = "ngram"
[sweep]
axes = {{ "model.order" = [1, 2] }}
table = {{ rows = "model.order" }}
[experiment]
question = "Is one word of context better than none?"
"""
CARD = {"kind": "order", "claim": "two are better", "better": "2", "worse": "1", "metric": "test.perplexity", "source": "none"}
ANALYSIS = """
from .words import TITLE
from research.analyses.analysis import Analysis, run_units
from research.report.section import Section
from research.runs.analysis_files import Measurement

def units(manifest, runs_dir):
    return run_units(manifest, runs_dir, manifest["cells"], ("done",))

def measure(unit, place):
    return Measurement({"letters": len((unit.folder / "log.txt").read_text())})

def sections(manifest, measured):
    return [Section(TITLE, f"<p>{len(measured)} of {len(manifest['cells'])} rows, {measured[0].measurement.values.keys()}</p>")]

ANALYSIS = Analysis("mine", TITLE, False, lambda manifest: True, units, measure, sections)
"""
STUDY = 'raise RuntimeError("is run")\nQUESTION = "What is it?"\nCOSTS = {"quick": "nothing", "more": "a bit" " more"}\ndef measure(): ...'


@pytest.fixture
def mine(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (tmp_path / "text.txt").write_text("to be or not to be\n" * 20)
    (folder / "counts.toml").write_text(COUNTS.format(tmp_path / "text.txt"))
    (folder / "expected.json").write_text(json.dumps({"cards": [CARD]}))
    (folder / "words.py").write_text('TITLE = "What I saw"')
    (folder / "analysis.py").write_text(ANALYSIS)
    return folder


def test_a_report_of_an_own_file_has_its_claims_and_its_sections(mine, tmp_path):
    place = ["--runs", str(tmp_path / "runs")]
    assert CliRunner().invoke(app, ["sweep", str(mine / "counts.toml"), *place]).exit_code == 0
    told = CliRunner().invoke(app, ["report", str(mine / "counts.toml"), "--format", "html", "--out", str(tmp_path / "out"), *place])
    assert told.exit_code == 0, told.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [card["claim"] for card in report["cards"]] == ["two are better"]
    page = (tmp_path / "out" / "report.html").read_text()
    assert "What I saw" in page
    assert "<p>2 of 2 rows, dict_keys(['letters'])</p>" in page
    for file in (tmp_path / "runs").glob("*/seed-*/analysis/mine.json"):
        file.unlink()
    (mine / "analysis.py").write_text(ANALYSIS.replace("units, measure, sections)", "units, None, sections)"))
    sys.modules.pop(import_analysis(mine / "analysis.py").sections.__module__)
    drawn = CliRunner().invoke(app, ["report", str(mine / "counts.toml"), "--format", "html", "--out", str(tmp_path / "out"), *place])
    assert (drawn.exit_code, drawn.stderr) == (0, "")
    assert "<p>2 of 2 rows, dict_keys([])</p>" in (tmp_path / "out" / "report.html").read_text()


def test_a_claim_about_no_row_is_told_before_anything_runs(mine, tmp_path):
    (mine / "expected.json").write_text(json.dumps({"cards": [CARD | {"better": "3"}]}))
    told = CliRunner().invoke(app, ["sweep", str(mine / "counts.toml"), "--runs", str(tmp_path / "runs")])
    assert told.exit_code == 2
    assert "card 1" in told.stderr
    assert not list((tmp_path / "runs").glob("*/seed-*"))


PRESETS = [(folder, preset) for folder in shipped_experiments() if folder.is_sweep for preset in folder.presets]


@pytest.mark.parametrize(("folder", "preset"), PRESETS, ids=lambda value: getattr(value, "spec", value))
def test_a_preset_named_by_its_file_or_its_folder_is_the_same(folder, preset):
    by_name = choose_experiment(folder.spec, preset, [])
    by_file = choose_experiment(str(folder.path / f"{preset}.toml"), None, [])
    by_folder = choose_experiment(str(folder.path), preset, [])
    for other in (by_file, by_folder):
        assert (other.cards, other.analysis_file) == (by_name.cards, by_name.analysis_file)
        assert sweep_hash(other.loaded) == sweep_hash(by_name.loaded)
    assert report_name({"name": "x", **Launch(by_folder.spec, preset=preset).as_data()}) == f"{folder.path.name}-{preset}"


def test_a_claim_without_presets_is_about_every_file_or_of_an_experiment_about_quick_and_full(mine):
    (mine / "other.toml").write_text('extends = "counts.toml"')
    folder = ExperimentFolder(str(mine), mine)
    assert [len(claim_cards(folder, name)) for name in ("counts", "other")] == [1, 1]
    (mine / "quick.toml").write_text('extends = "counts.toml"')
    assert [len(claim_cards(folder, name)) for name in ("quick", "counts")] == [1, 0]
    (mine / "expected.json").write_text(json.dumps({"cards": [CARD | {"presets": ["counts"]}]}))
    assert claim_cards(folder, "counts") == [CARD]
    assert claim_cards(folder, "quick") == []


def test_two_folders_have_modules_of_their_own(mine, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "words.py").write_text('TITLE = "Other"')
    (other / "analysis.py").write_text(ANALYSIS)
    before = {*sys.modules}
    titles = [import_analysis(find_analysis(folder)).section for folder in (mine, other)]
    assert titles == ["What I saw", "Other"]
    assert not {"analysis", "words"} & ({*sys.modules} - before)


def test_listing_runs_nothing_of_a_folder(mine, tmp_path):
    study = tmp_path / "asked"
    study.mkdir()
    (study / "study.py").write_text(STUDY)
    (mine / "quick.toml").write_text('extends = "counts.toml"')
    (mine / "analysis.py").write_text('raise RuntimeError("is run")\nANALYSIS = None')
    told = CliRunner().invoke(app, ["experiments", "--in", str(tmp_path), "--json"])
    entries = {entry["name"]: entry for entry in json.loads(told.stdout)["experiments"]}
    assert {*entries} == {str(study), str(mine)}
    assert entries[str(study)]["presets"] == {"quick": "nothing", "more": "a bit more"}
    assert entries[str(mine)]["question"] == "Is one word of context better than none?"
    with pytest.raises(RuntimeError, match="is run"):
        measure_study(find_experiment(str(study)), None, [], None)


def test_a_strangers_analysis_is_left_alone(mine):
    (mine / "analysis.py").write_text('raise RuntimeError("is run")\ntotal = 3')
    assert choose_experiment(str(mine / "counts.toml"), None, []).analysis is None


MISTAKES = [
    ("analysis.py", "def analyse(manifest): ...", "`analyse`, and nothing that is called `ANALYSIS`"),
    ("analysis.py", "ANALYSIS = 3", "ANALYSIS is a int, and no `Analysis`"),
    ("analysis.py", "def sections(:\n", "analysis.py, line 1: this is no Python"),
    ("expected.json", "{'cards': []}", "expected.json, line 1: this is no JSON"),
    ("expected.json", '{"card": []}', 'are {"cards": [{'),
    ("expected.json", '{"cards": [3]}', "no list of tables"),
    ("expected.json", '{"cards": [{"presets": ["count"]}]}', "did you mean `counts`"),
]


@pytest.mark.parametrize(("name", "text", "told"), MISTAKES)
def test_a_mistake_beside_a_file_is_told(mine, name, text, told):
    (mine / name).write_text(text)
    with pytest.raises(StepladderError, match=r"mine/") as error:
        _ = choose_experiment(str(mine / "counts.toml"), None, []).analysis
    assert told in str(error.value)


@pytest.mark.parametrize("text", ["", "COSTS = dict(quick=1)"])
def test_costs_that_are_not_written_out_are_told(tmp_path, text):
    (tmp_path / "study.py").write_text(f'QUESTION = "?"\n{text}')
    with pytest.raises(StepladderError, match="`COSTS` is not there as a value that is written out"):
        describe_experiment(ExperimentFolder("mine", tmp_path))


def test_the_folder_where_one_is_is_an_experiment_by_its_own_name(mine, monkeypatch):
    (mine / "quick.toml").write_text('extends = "counts.toml"')
    monkeypatch.chdir(mine)
    chosen = choose_experiment(".", None, [])
    assert find_experiment(".").name == "mine"
    assert report_name({"name": "x", **Launch(chosen.spec, preset=chosen.preset).as_data()}) == "mine-quick"


def test_a_folder_without_experiments_is_told(tmp_path):
    with pytest.raises(StepladderError, match="no folder in it is an experiment"):
        own_experiments(tmp_path)
    with pytest.raises(StepladderError, match="there is no such folder"):
        own_experiments(tmp_path / "gone")


def test_extends_names_a_file_that_comes_with_the_code_where_none_lies_beside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.toml").write_text('extends = "configs/lm/lstm_tiny.toml"\nseeds = 7\n')
    assert choose_experiment("mine.toml", None, []).loaded.config.model.kind == "language_model"
    (tmp_path / "configs" / "lm").mkdir(parents=True)
    (tmp_path / "configs" / "lm" / "lstm_tiny.toml").write_text('[data]\nkind = "shakespeare"\n[model]\nkind = "ngram"\n')
    assert choose_experiment("mine.toml", None, []).loaded.config.model.kind == "ngram"


def test_the_analysis_of_the_docs_measures_once_and_is_drawn(mine, tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "experiments.md").read_text("utf-8")
    (mine / "analysis.py").write_text(re.search(r"```python\n(.*?)```", page, re.DOTALL)[1])
    words = [str(mine / "counts.toml"), "--runs", str(tmp_path / "runs")]
    for times in (1, 0):
        assert CliRunner().invoke(app, ["sweep", *words]).stderr.count("types: measuring 2 runs") == times
    told = CliRunner().invoke(app, ["report", *words, "--format", "html", "--out", str(tmp_path / "out")])
    assert (told.exit_code, told.stderr) == (0, "")
    assert len(re.findall(r"<li>[0-9a-f]{12}: \d types</li>", (tmp_path / "out" / "report.html").read_text())) == 2
