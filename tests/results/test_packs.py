"""A pack is small, whole and says nothing of where it was made; its table is the table of the runs that it was made of."""

import getpass
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import tomli_w
from fake_runs import report_of
from hypothesis import given
from hypothesis import strategies as st
from packing import EVERYTHING, bytes_in, contents_of, copied, pack_sweep
from typer.testing import CliRunner

from research.cli import app
from research.config.cell_inputs import input_cell_id
from research.config.errors import StepladderError
from research.config.loader import config_from_tree
from research.report.write_report import write_report
from research.runs import store
from research.runs.checksums import write_checksums
from research.runs.merge import merge_sources
from research.runs.pack_cells import check_cells
from research.runs.packs import PackContents, collect_pack
from research.runs.portable import portable_cell_file, portable_manifest, without_paths
from research.runs.run_state import RunId

WRITE_TABLE = """
import json, sys
from pathlib import Path
from research.runs.merge import merge_sources
from research.compare.cells import load_cells
from research.report.build_report import build_report
from research.report.write_report import write_report
pack, runs, out = map(Path, sys.argv[1:])
merge_sources([pack], runs)
(manifest,) = (runs / "sweeps").glob("*.json")
manifest = json.loads(manifest.read_text())
write_report(build_report(manifest, load_cells(manifest, runs)), out, ("md", "tex", "csv"))
assert "jax" not in sys.modules
"""


def test_the_same_records_are_the_same_bytes(ladder, tmp_path):
    first = pack_sweep(ladder.runs, tmp_path / "a.zip")
    second = pack_sweep(copied(ladder.runs, tmp_path / "runs"), tmp_path / "b.zip")
    assert first.read_bytes() == second.read_bytes()


def test_the_table_of_a_merged_pack_has_the_same_bytes_without_jax(ladder, tmp_path):
    manifest = json.loads(next(store.sweeps_folder(ladder.runs).glob("*.json")).read_text())
    write_report(report_of(manifest, ladder.runs), tmp_path / "there", TABLES)
    pack = pack_sweep(ladder.runs, tmp_path / "a.zip", PackContents(tokens=False))
    subprocess.run([sys.executable, "-c", WRITE_TABLE, str(pack), str(tmp_path / "runs"), str(tmp_path / "here")], check=True)
    for table in ("table.md", "table.tex", "table.csv"):
        assert (tmp_path / "here" / table).read_bytes() == (tmp_path / "there" / table).read_bytes()


TABLES = ("md", "tex", "csv")
SECRET = "zanzibar"  # of everything that must not leave the machine


@pytest.fixture
def told(ladder, tmp_path):
    """A runs folder whose every file says where it was made, by whom and of what."""
    runs = copied(ladder.runs, tmp_path / f"runs-{SECRET}")
    home = f"/home/{SECRET}/my texts"
    for folder in runs.glob("*/seed-*"):
        cell = folder.parent
        (cell / "config.toml").write_text(tomli_w.dumps({"data": {"kind": "files", "train": f"{home}/train.txt"}}))
        (cell / "vocabulary.json").write_text(json.dumps({"tokens": [SECRET]}))
        (folder / "texts.jsonl").write_text(json.dumps({"source": SECRET}))
        (folder / "log.txt").write_text(f'File "{home}/x.py"')
        (folder / "lock.12").write_text(SECRET)
        part = {
            "step": 0,
            "commit": "38c33d2",
            "machine": "x86_64",
            "flags": f"--dump={home}",
            "command": f"x --runs {home}",
            "host": SECRET,
        }
        store.write_json(folder / "env.json", {"parts": [part]})
        status = json.loads((folder / "status.json").read_text())
        if status["status"] == "failed":
            status["message"] = f"FileNotFoundError: {home}/x of {SECRET}"
        store.write_json(folder / "status.json", status)
        store.append_metrics(folder / "metrics.jsonl", [{"step": 9, "split": "valid", "loss": 1.0, "sample": SECRET}])
    (path,) = store.sweeps_folder(runs).glob("*.json")
    manifest = json.loads(path.read_text())
    manifest |= {"spec_file": f"{home}/ladder.toml", "preset": None, "overrides": [f"data.train={home}/train.txt"]}
    manifest["command"] = f"stepladder sweep '{home}/ladder.toml' 'data.train={home}/train.txt' --runs '{runs}' --data-dir '{home}'"
    store.write_json(path, manifest)
    return runs


def test_nothing_of_a_machine_a_person_or_the_data_is_packed(told, tmp_path):
    files = contents_of(pack_sweep(told, tmp_path / "a.zip"))
    names = {name.rpartition("/")[2] for name in files}
    assert names == {
        "pack.json",
        "ladder-0123abcd.json",
        "config.toml",
        "env.json",
        "status.json",
        "metrics.jsonl",
        "result.json",
        "items.npz",
        "checksums.json",
    }
    for name, content in files.items():
        for word in (SECRET, str(Path.home()) + "/", str(told), f"/{getpass.getuser()}/", f"@{socket.gethostname()}"):
            assert word.encode() not in content, (name, word)
    manifest = json.loads(files["sweeps/ladder-0123abcd.json"])
    assert manifest["command"] == "stepladder sweep 'ladder.toml' 'data.train=train.txt'"
    assert (manifest["spec_file"], manifest["overrides"]) == ("ladder.toml", ["data.train=train.txt"])
    failed = json.loads(files["5a7c7c7c7c7c/seed-1/status.json"])
    assert failed["message"] == "FileNotFoundError"


def test_with_checkpoints_go_vocabularies_and_no_texts(told, tmp_path):
    (cell,) = {path.parent for path in told.glob("3a*/seed-0")}
    (cell / "seed-0" / "checkpoints" / "final").mkdir(parents=True)
    (cell / "seed-0" / "checkpoints" / "final" / "data").write_bytes(b"weights")
    files = contents_of(pack_sweep(told, tmp_path / "a.zip", EVERYTHING))
    assert files[f"{cell.name}/seed-0/checkpoints/final/data"] == b"weights"
    assert f"{cell.name}/vocabulary.json" in files
    assert not [name for name in files if name.endswith(("texts.jsonl", "log.txt")) or "lock" in name]
    merge_sources([tmp_path / "a.zip"], tmp_path / "there")
    assert (tmp_path / "there" / cell.name / "seed-0" / "checkpoints" / "final" / "data").read_bytes() == b"weights"


NAMES = st.text("abcdefgh", min_size=3, max_size=8)


@given(
    folders=st.lists(NAMES, min_size=1, max_size=4), file=NAMES, start=st.sampled_from(["/", "~/", "../", "C:\\", "\\\\"]), words=st.data()
)
def test_of_a_path_its_last_part_is_left(folders, file, start, words):
    path = start + ("\\" if "\\" in start else "/").join([*(f"{folder}~" for folder in folders), f"{file}.txt"])
    before, after = words.draw(st.sampled_from([("", ""), ("key=", ""), ("see ", " now"), ('{"a" = ["', '"]}'), ("(", ")")]))
    assert without_paths(before + path + after) == f"{before}{file}.txt{after}"


@given(
    text=st.text("ab 1/2.,=-", max_size=12).filter(
        lambda text: not any(word[:1] in "/." for word in text.replace("=", " ").replace(",", " ").split())
    )
)
def test_a_text_without_paths_is_left_as_it_is(text):
    assert without_paths(text) == text


def test_an_id_stands_on_no_path(tmp_path):
    tree = {
        "data": {"kind": "files", "train": "/home/a/train.txt", "valid": "/home/a/valid.txt", "test": "/home/a/test.txt", "length": 6},
        "model": {"kind": "ngram", "order": 2},
    }
    (tmp_path / "config.toml").write_text(tomli_w.dumps(tree))
    cell = store.stamp({"data": "digest", "files": {}})
    cell_id = input_cell_id(config_from_tree(tree, ""), "digest", {})
    packed = {f"{cell_id}/config.toml": portable_cell_file(tmp_path / "config.toml"), f"{cell_id}/cell.json": json.dumps(cell).encode()}
    assert b"/home" not in packed[f"{cell_id}/config.toml"]
    check_cells(packed, "the pack")
    with pytest.raises(StepladderError, match=r"make the cell \w{12}, not 0123456789ab"):
        check_cells({name.replace(cell_id, "0123456789ab"): content for name, content in packed.items()}, "the pack")


def test_rows_that_only_a_folder_tells_apart_are_refused():
    cells = [{"labels": {"data.train": f"/{folder}/a.txt"}} for folder in ("x", "y")]
    with pytest.raises(StepladderError, match="differ in the folder of a file alone"):
        portable_manifest({"name": "s", "cells": cells})


def test_a_record_that_changed_since_its_run_is_not_packed(ladder, tmp_path):
    runs = copied(ladder.runs, tmp_path / "runs")
    folder = store.seed_folder(runs, "3a7c7c7c7c7c", 0)
    write_checksums(folder)
    store.write_json(folder / "result.json", store.read_json(folder / "result.json") | {"steps": 1})
    with pytest.raises(StepladderError, match=r"seed-0/result\.json changed since the run wrote it"):
        pack_sweep(runs, tmp_path / "a.zip")


def test_the_command_names_what_it_packs_and_leaves_another_file_alone(ladder, tmp_path):
    def call(*words: object):
        return CliRunner().invoke(app, ["pack", *map(str, words), "--runs", str(ladder.runs)])

    for word in ("ladder", ladder.runs / "sweeps" / "ladder-0123abcd.json"):
        result = call(word, "--out", tmp_path / "a.zip", "--json")
        assert len(json.loads(result.stdout)["runs"]) == 19
    result = call("3a7c/1", "2a7c", "--out", tmp_path / "b.zip", "--json")
    assert json.loads(result.stdout)["runs"] == ["2a7c7c7c7c7c/seed-0", "2a7c7c7c7c7c/seed-1", "2a7c7c7c7c7c/seed-2", "3a7c7c7c7c7c/seed-1"]
    (tmp_path / "thesis.zip").write_text("mine")
    result = call("ladder", "--out", tmp_path / "thesis.zip")
    assert (result.exit_code, (tmp_path / "thesis.zip").read_text()) == (2, "mine")
    assert call("laddre", "--out", tmp_path / "c.zip").exit_code == 2
    assert call("lm_ladder", "--out", tmp_path / "c.zip").exit_code == 2
    assert call("0123", "--out", tmp_path / "c.zip").exit_code == 2


def test_analyses_go_where_they_hold_no_text(ladder, tmp_path):
    runs = copied(ladder.runs, tmp_path / "runs")
    for folder in (runs / "3a7c7c7c7c7c" / "seed-0", runs / "sweeps" / "ladder-0123abcd"):
        store.write_json(folder / "analysis" / "norms.json", {"holds_text": False, "values": {"norm": 1.5}})
        store.write_arrays(folder / "analysis" / "norms.npz", norm=[1.5])
        store.write_json(folder / "analysis" / "mistakes.json", {"values": {"worst": SECRET}})
    pack = pack_sweep(runs, tmp_path / "a.zip")
    merge_sources([pack], tmp_path / "there")
    assert SECRET.encode() not in b"".join(contents_of(pack).values())
    for folder in (tmp_path / "there" / "3a7c7c7c7c7c" / "seed-0", tmp_path / "there" / "sweeps" / "ladder-0123abcd"):
        assert sorted(path.name for path in (folder / "analysis").iterdir()) == ["norms.json", "norms.npz"]


def test_a_cell_without_its_config_is_not_packed(ladder, tmp_path):
    runs = copied(ladder.runs, tmp_path / "runs")
    (runs / "3a7c7c7c7c7c" / "config.toml").unlink()
    with pytest.raises(StepladderError, match=r"3a7c7c7c7c7c has no config\.toml"):
        pack_sweep(runs, tmp_path / "a.zip")


def test_nothing_finished_is_nothing_to_pack(tmp_path):
    folder = store.seed_folder(tmp_path, "3a7c7c7c7c7c", 0)
    store.write_json(folder / "env.json", {})
    with pytest.raises(StepladderError, match="came to an end"):
        collect_pack(tmp_path, [RunId("3a7c7c7c7c7c", 0)], [], PackContents())
    assert bytes_in(tmp_path)
