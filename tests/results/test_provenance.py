"""The command of a report can be pasted and makes the same table; no report overwrites another sweep's; code that differs is told."""

import shlex
from pathlib import Path

import pytest
import typer
from fake_runs import report_of, write_ladder

from research.catalog.choose import choose_experiment
from research.catalog.folders import find_experiment
from research.cli import app
from research.compare.cells import axes_of, load_cells
from research.compare.provenance import (
    provenance,
    report_folder,
    report_name,
    table_code_notes,
    table_command,
    table_device_notes,
)
from research.report.plots import Series, line_plot
from research.report.write_report import write_report
from research.runs import store
from research.runs.sweep_manifest import Launch, sweep_hash

PRESETS = [(name, preset) for name in ("lm_ladder", "attention_scores", "subwords") for preset in find_experiment(name).presets]
ODD = ["data.train=my file.txt", 'model.smoothing={kind="add_k", k=0.5}', "seeds=[1, 2]"]

TOML = """
[data]
kind = "files"
train = "a"
valid = "b"
test = "c"
[model]
kind = "ngram"
[sweep]
axes = { "model.order" = [1, 2] }
table = { rows = "model.order" }
"""


def parsed(command):
    """What the command line makes of a pasted command, nothing of it run."""
    program, verb, *words = shlex.split(command)
    assert program == "stepladder"
    return verb, typer.main.get_command(app).commands[verb].make_context(verb, words).params


@pytest.mark.parametrize(("name", "preset"), PRESETS)
@pytest.mark.parametrize("overrides", [(), ("train.steps=7", "sweep.seeds=[3, 4]")])
def test_the_command_of_an_experiment_is_the_same_sweep(name, preset, overrides):
    launch = Launch(name, overrides, preset, runs=Path("other runs"), data_dir=Path("../data"))
    verb, words = parsed(launch.as_data()["command"])
    assert (verb, words["runs"], words["data_dir"]) == ("reproduce", Path("other runs"), Path("../data"))
    again = choose_experiment(words["name"], words["preset"], words["overrides"] or [])
    assert sweep_hash(again.loaded) == sweep_hash(choose_experiment(name, preset, overrides).loaded)


def test_the_command_of_a_file_keeps_every_word(tmp_path):
    path = tmp_path / "my sweep.toml"
    path.write_text(TOML)
    chosen = choose_experiment(str(path), None, ODD)
    verb, words = parsed(Launch(chosen.spec, chosen.overrides).command)
    assert (verb, words["spec"], words["overrides"], words["runs"]) == ("sweep", str(path), ODD, Path("runs"))
    assert sweep_hash(choose_experiment(words["spec"], None, words["overrides"]).loaded) == sweep_hash(chosen.loaded)


def test_claims_are_not_judged_of_other_words_than_they_were_written_for():
    card = {"kind": "floor", "claim": "c", "label": "l", "metric": "m", "at_least": 0.0}
    launched = lambda *overrides: Launch("lm_ladder", overrides, "quick", (card,)).as_data()
    assert (launched()["cards"], launched()["cards_note"]) == ([card], "")
    assert launched("run.log_every=5")["cards"] == [card]
    other, seeds = launched("model.width=8"), launched("seeds=7")
    assert (other["cards"], seeds["cards"]) == ([], [card])
    assert other["cards_note"].startswith("Run with overrides, model.width=8: ")
    assert other["cards_note"].endswith("are not judged.")
    assert seeds["cards_note"].endswith("are judged as they are.")
    assert launched()["cards_sha256"] != other["cards_sha256"]


def test_an_older_manifest_names_the_experiment_and_not_its_sweep():
    old = {"name": "lm_ladder_full", "preset": "full", "spec_file": "experiments/lm_ladder/full.toml"}
    assert table_command(old) == "stepladder reproduce lm_ladder --preset full"
    assert table_command(old | {"preset": None}) == "stepladder sweep experiments/lm_ladder/full.toml"
    assert report_name(old | {"experiment": "lm_ladder"}) == "lm_ladder-full"


def test_reports_of_different_sweeps_have_places_of_their_own(tmp_path):
    manifest = write_ladder(tmp_path / "runs")
    other = manifest | {"hash": "89abcdef"}
    for each in (manifest, other, manifest):
        folder = report_folder(report_name(each), each["hash"], root=tmp_path)
        write_report(report_of(each, tmp_path / "runs"), folder, ("csv",))
        assert store.read_json(folder / "report.json")["hash"] == each["hash"]
    assert {path.name for path in tmp_path.glob("ladder*")} == {"ladder-quick", "ladder-quick-89abcdef"}
    assert report_folder("ladder-quick", "11111111", manifest["hash"], tmp_path).name == "ladder-quick"


def test_what_an_older_report_left_in_a_folder_does_not_stay(tmp_path):
    manifest, out = write_ladder(tmp_path / "runs"), tmp_path / "report"
    picture = line_plot("mine", "Mine", [Series("a", [1.0, 2.0], [1.0, 2.0])], "x", "y")
    plain = manifest | {"spec": manifest["spec"] | {"table": {"figure": "none"}}}
    write_report(report_of(plain, tmp_path / "runs", figures=[picture]), out, ("tex", "md"))
    assert {path.name for path in out.glob("figures/*")} == {"mine.svg", "mine.png", "mine.pdf"}
    (out / "mine.txt").write_text("kept")
    write_report(report_of(manifest | {"hash": "89abcdef"}, tmp_path / "runs"), out, ("csv",))
    assert {path.name for path in out.rglob("*") if path.is_file()} == {"table.csv", "report.json", "mine.txt"}


def test_runs_of_different_code_are_told_by_row(tmp_path):
    manifest = write_ladder(tmp_path)
    cells, axes = load_cells(manifest, tmp_path), axes_of(manifest)
    assert table_code_notes(cells, axes) == []
    store.write_json(
        store.seed_folder(tmp_path, "4a7c7c7c7c7c", 1) / "env.json", {"commit": "1234567", "command": "stepladder sweep 'a b'"}
    )
    (note,) = table_code_notes(load_cells(manifest, tmp_path), axes)
    assert "commit 1234567: LSTM" in note
    assert "Commit 38c33d2: " in note
    assert ("launched with", "stepladder sweep 'a b'") in provenance(manifest, cells)
    for cell in cells:
        store.write_json(cell.folder / "env.json", {"commit": "38c33d2-dirty"})
        for seed in cell.seeds:
            store.write_json(cell.folder / f"seed-{seed}" / "env.json", {"commit": "38c33d2-dirty"})
    assert table_code_notes(cells, axes) == ["The runs come from commit 38c33d2-dirty: the tree had changes that no commit holds."]


def test_runs_of_different_devices_are_told_by_row_and_the_processor_counts_where_it_computes(tmp_path):
    manifest = write_ladder(tmp_path)
    axes = axes_of(manifest)
    machine = {"platform": "cpu", "machine": "x86_64 A", "device": "cpu"}
    gpu = {"platform": "gpu", "machine": "x86_64 B", "device": "H200"}
    for cell in load_cells(manifest, tmp_path):
        for seed in cell.seeds:
            store.write_json(cell.folder / f"seed-{seed}" / "env.json", machine)
    assert table_device_notes(load_cells(manifest, tmp_path), axes) == []
    store.write_json(store.seed_folder(tmp_path, "4a7c7c7c7c7c", 1) / "env.json", gpu)
    (note,) = table_device_notes(load_cells(manifest, tmp_path), axes)
    assert "; H200: LSTM." in note
    assert "x86_64 A: " in note
    assert note in report_of(manifest, tmp_path).table.notes
    store.write_json(store.seed_folder(tmp_path, "4a7c7c7c7c7c", 1) / "env.json", gpu | {"device": "cpu", "platform": "cpu"})
    assert "x86_64 B: LSTM" in table_device_notes(load_cells(manifest, tmp_path), axes)[0]
