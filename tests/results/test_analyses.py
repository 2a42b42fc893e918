"""An analysis measures into the record, once, and is drawn from it without what it measured with."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fake_runs import _entry, _manifest, report_of

from research.analyses.analysis import Analysis, AnalysisPlace, run_units, runnable_entries
from research.analyses.registry import ANALYSES, analyses_of
from research.analyses.stage import analysis_command, analysis_sections, run_analyses
from research.cli.report_command import Launched, build_launched_report
from research.config.errors import StepladderError
from research.report.section import Section
from research.runs import store
from research.runs.analysis_files import Measurement, read_measurement, write_measurement

CLASSES, CLASSIFIERS = ["bad", "good"], {"bag": "a" * 12, "pairs": "b" * 12}
MISTAKE = {
    "item": 3,
    "text": "a <dull> film",
    "true_class": "bad",
    "predicted": "good",
    "probability": 0.75,
    "drivers": [["film", 0.5], ["dull", -0.25]],
}


def length_of_logs(texts: list[str]) -> Analysis:
    """Of each finished run how long its log is; `texts` notes what was measured."""

    def measure(unit, place):
        texts.append(unit.run)
        text = (unit.folder / "log.txt").read_text()
        return Measurement({"letters": len(text), "infinite": float("inf")}, {"codes": np.frombuffer(text.encode(), np.uint8)})

    return Analysis(
        name="log_length",
        section="How long logs are",
        holds_text=False,
        applies=lambda manifest: manifest["name"] == "ladder",
        units=lambda manifest, runs: run_units(manifest, runs, runnable_entries(manifest), ("done",)),
        measure=measure,
        sections=lambda manifest, measured: [Section("Logs", f"{sum(each.measurement.values['letters'] for each in measured)} letters")],
    )


@pytest.fixture
def place(ladder, tmp_path):
    """A copy of the ladder's runs, so that what is measured is in no other test."""
    import shutil

    return AnalysisPlace(shutil.copytree(ladder.runs, tmp_path / "runs"))


def test_what_is_in_the_record_is_not_measured_again_and_the_section_is_drawn_from_it(ladder, place):
    measured: list[str] = []
    analysis, told = length_of_logs(measured), []
    units = analysis.units(ladder.manifest, place.runs_dir)
    sections, missing = analysis_sections([analysis], ladder.manifest, place.runs_dir)
    assert (sections, len(missing)) == ((), 1)
    assert f"for {len(units)} runs; `stepladder sweep ladder --preset quick --runs {place.runs_dir}` measures it" in missing[0]
    for _ in range(2):
        assert run_analyses([analysis], ladder.manifest, place, told.append)
    assert measured == [unit.run for unit in units]
    assert told == [f"log_length: measuring {len(units)} runs"]
    (section,), missing = analysis_sections([analysis], ladder.manifest, place.runs_dir)
    assert (section.html, missing) == (f"{sum(len((unit.folder / 'log.txt').read_text()) for unit in units)} letters", ())
    (units[0].folder / "analysis" / "log_length.json").unlink()
    assert "for 1 run;" in analysis_sections([analysis], ladder.manifest, place.runs_dir).missing[0]
    run_analyses([analysis], ladder.manifest, place, told.append)
    assert measured[len(units) :] == [units[0].run]


def test_a_registered_analysis_is_in_the_report_and_another_sweep_has_none_of_it(ladder, grid, place, monkeypatch):
    analysis = length_of_logs([])
    monkeypatch.setitem(ANALYSES, analysis.name, analysis)
    run_analyses(analyses_of(None), ladder.manifest, place, lambda _: None)
    report = build_launched_report(Launched(ladder.manifest, analyses_of(None), place.runs_dir))
    assert [section.title for section in report.sections] == ["Logs"]
    assert analysis_sections(analyses_of(None), *grid) == ((), ())


def test_a_mistake_of_the_users_in_one_analysis_leaves_the_others_be(ladder, place):
    def refuse(unit, place):
        raise StepladderError("The data of this run changed.")

    told: list[str] = []
    whole, broken = length_of_logs([]), length_of_logs([])._replace(name="broken", measure=refuse)
    assert not run_analyses([broken, whole], ladder.manifest, place, told.append)
    assert "broken was not measured: The data of this run changed." in told
    assert len(analysis_sections([broken, whole], ladder.manifest, place.runs_dir).sections) == 1


def test_a_measurement_is_read_as_it_was_written_with_its_stamp(tmp_path):
    written = Measurement({"numbers": [1.5, None], "words": {"a": "b"}}, {"weights": np.arange(6.0).reshape(2, 3)})
    write_measurement(tmp_path, "maps", written, holds_text=False)
    read = read_measurement(tmp_path, "maps")
    assert read.values == written.values
    np.testing.assert_array_equal(read.arrays["weights"], written.arrays["weights"])
    stamp = json.loads((tmp_path / "analysis" / "maps.json").read_text())
    assert {"format", "code_version"} <= stamp.keys()
    assert stamp["holds_text"] is False
    (tmp_path / "analysis" / "maps.npz").unlink()
    assert read_measurement(tmp_path, "maps") is None
    store.write_json(tmp_path / "analysis" / "maps.json", stamp | {"arrays": [], "format": 99})
    assert read_measurement(tmp_path, "maps") is None


def test_files_with_text_of_the_data_are_named_by_their_entries():
    assert [analysis.name for analysis in ANALYSES.values() if analysis.holds_text] == ["mistakes"]
    assert all(name == analysis.name and name.replace("_", "").isalnum() for name, analysis in ANALYSES.items())
    page = (Path(__file__).parents[2] / "docs" / "tables.md").read_text("utf-8")
    (line,) = (line for line in page.splitlines() if "text of the data**" in line)
    assert line.startswith("| `mistakes` |")
    assert all(f"| `{name}` |" in page for name in ANALYSES)


def test_the_command_that_measures_keeps_every_word_of_the_launch():
    command = "stepladder reproduce lm_ladder seeds=2 --preset quick --runs 'my runs'"
    swept = "stepladder sweep lm_ladder seeds=2 --preset quick"
    assert analysis_command({"name": "a", "command": command}, Path("runs")) == swept
    assert analysis_command({"name": "a", "command": command}, Path("other runs")) == f"{swept} --runs 'other runs'"
    for verb in ("sweep", "train"):
        assert analysis_command({"name": "a", "command": f"stepladder {verb} a.toml"}, Path("runs")) == "stepladder sweep a.toml"


@pytest.fixture(scope="module")
def classifiers(tmp_path_factory):
    """Two classifiers of five sentences, two seeds each, as training and analyses leave them."""
    runs = tmp_path_factory.mktemp("classifiers") / "runs"
    data = {"kind": "labelled_files", "train": "a.txt", "valid": "b.txt", "test": "c.txt"}
    config = {"data": data, "model": {"kind": "bag_of_words"}}
    cells = [_entry(cell_id, {"label": label}, range(2), 40, 20.0) | {"config": config} for label, cell_id in CLASSIFIERS.items()]
    for cell in cells:
        for seed in cell["seeds"]:
            folder = store.seed_folder(runs, cell["cell_id"], seed)
            metrics = {"accuracy": 0.6, "loss": 0.5, "accuracy_at_bad": 0.5, "accuracy_at_good": 0.75, "accuracy_at_negation": 1.0}
            store.write_json(folder / "result.json", {"metrics": {"valid": metrics, "test": metrics}, "cost": {"seconds": {}}, "extra": {}})
            store.write_json(folder / "status.json", {"status": "done", "step": 1, "steps": 1, "message": ""})
            predicted = np.array([0, 1, 1, 1, 0])
            arrays = {"id": np.arange(5), "tokens": np.ones(5, int), "class": np.array([0, 0, 1, 1, 1]), "predicted": predicted}
            store.write_arrays(folder / "items.npz", loss=np.ones(5), correct=arrays["class"] == predicted, **arrays)
        sizes = {"negation": 2, "foreign": 0, "bad": 2, "good": 3}
        first = store.seed_folder(runs, cell["cell_id"], 0)
        write_measurement(first, "slices", Measurement({"sentences": 5, "sizes": sizes, "classes": CLASSES}), False)
        write_measurement(first, "mistakes", Measurement({"mistakes": [MISTAKE] if cell["labels"]["label"] == "bag" else []}), True)
    spec = {"name": "classes", "metric": "test.accuracy", "table": {"rows": "label"}}
    return _manifest(runs, "classes", cells, "Which?", spec, preset=None), runs


def test_the_sections_of_classifiers_say_what_records_hold(classifiers):
    (slices, confusions, mistakes), missing = analysis_sections(analyses_of(None), *classifiers)
    assert missing == ()
    assert [heading.text for heading in slices.sheet.headings] == ["", "all", "negation", "bad", "good"]
    assert [[text.text for text in row] for row in slices.sheet.rows] == [
        ["sentences", "5", "2", "2", "3"],
        ["bag", "60.0", "100.0", "50.0", "75.0"],
        ["pairs", "60.0", "100.0", "50.0", "75.0"],
    ]
    assert [text.text for text in confusions.sheet.rows[0]] == ["bag", "bad", "50.0", "50.0"]
    assert [text.text for text in confusions.sheet.rows[1]] == ["bag", "good", "33.3", "66.7"]
    assert "a &lt;dull&gt; film<br><small>bad, taken for good (75 %): film +0.50, dull -0.25" in mistakes.html
    assert "<h3>pairs</h3><p>No test sentence is wrong.</p>" in mistakes.html


PROGRAM = """
import sys
for name in ("jax", "jaxlib", "flax", "optax", "orbax"):
    sys.modules[name] = None  # importing it raises
from research.cli import app
def report(*words):
    try:
        app(["report", sys.argv[1], *words])
    except SystemExit as ended:
        assert not ended.code, ended.code
report("--out", sys.argv[2], "--format", "md")
drawn = [name for name in ("matplotlib", "jinja2", "pandas") if name in sys.modules]
assert not drawn, drawn
report("--out", sys.argv[2])
"""


def test_a_report_of_classifiers_needs_no_jax_and_a_table_no_library_that_draws(classifiers, tmp_path):
    manifest, runs = classifiers
    store.write_json(tmp_path / "runs" / "sweeps" / "x.json", manifest)
    words = [str(store.sweeps_folder(runs) / "classes-0123abcd.json"), str(tmp_path / "out")]
    ended = subprocess.run([sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    page = (tmp_path / "out" / "report.html").read_text()
    assert all(title in page for title in ("Where each one fails", "Confusions", "The worst mistakes"))


def test_a_record_without_its_analysis_is_a_line_of_the_report_and_no_mistake(classifiers, tmp_path):
    import shutil

    manifest, runs = classifiers
    copy = shutil.copytree(runs, tmp_path / "runs")
    for path in copy.glob("*/seed-0/analysis/mistakes.json"):
        path.unlink()
    report = build_launched_report(Launched(manifest, analyses_of(None), copy))
    assert [section.title for section in report.sections] == ["Where each one fails", "Confusions"]
    (line,) = report.missing
    assert "The worst mistakes" in line
    assert "for 2 runs; `stepladder sweep" in line
    assert report_of(manifest, copy).missing == ()
