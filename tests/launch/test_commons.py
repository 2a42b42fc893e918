"""Runs that came in a pack are done: nothing of them is trained again, and an audit does some of them again and finds what was forged."""

import json
import shutil
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from tiny import Place, seeds_in, write_text
from typer.testing import CliRunner

from research.cli import app
from research.runs import store
from research.runs.pack_sources import open_pack
from research.runs.packs import PACK_FILE, write_pack
from research.use.audit import draw_runs, sweep_verdicts

COUNTS = {"data": {"length": 6}, "model": {"kind": "ngram", "order": 2}}
ORDERS = [1, 2, 3]


def command(*words: object):
    return CliRunner().invoke(app, [str(word) for word in words])


def sweep_of(place: Place, orders: list[int], name: str = "orders") -> Path:
    table = {"rows": "model.order", "baseline": "2"}
    return place.write(COUNTS, name, sweep={"name": "orders", "axes": {"model.order": orders}, "table": table})


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """A sweep of three n-grams, and the pack of it."""
    folder = tmp_path_factory.mktemp("commons")
    place = Place(folder, write_text(folder))
    assert place.call("sweep", sweep_of(place, ORDERS)).code == 0
    pack = folder / "orders.zip"
    result = command("pack", folder / "orders.toml", "--out", pack, "--runs", folder / "runs")
    assert result.exit_code == 0, result.stderr
    return place, pack


def test_runs_of_a_pack_are_not_trained_again_and_a_row_more_is(packed, tmp_path):
    place, pack = packed
    runs = tmp_path / "runs"
    assert command("merge", pack, "--runs", runs).exit_code == 0
    before = {name: (run / "result.json").read_bytes() for name, run in seeds_in(runs).items()}
    result = command("sweep", sweep_of(place, [*ORDERS, 4], "more"), "--runs", runs)
    assert result.exit_code == 0, result.stderr
    assert "1 of 4 runs to do" in result.stderr
    assert {name: (run / "result.json").read_bytes() for name, run in seeds_in(runs).items() if name in before} == before
    manifest = next(path for path in store.sweeps_folder(runs).glob("*.json") if len(json.loads(path.read_text())["cells"]) == 4)
    verdicts = sweep_verdicts(json.loads(manifest.read_text()), runs)
    assert len(verdicts) == 3
    assert set(verdicts.values()) <= {"better", "worse", "not different"}


def test_what_needs_parameters_says_that_the_record_has_none(packed, tmp_path):
    place, pack = packed
    command("merge", pack, "--runs", tmp_path / "runs")
    cell = store.cell_ids(tmp_path / "runs")[0]
    result = command("generate", cell, "--runs", tmp_path / "runs", "--data-dir", place.folder)
    assert result.exit_code == 2
    assert "a record without what was fitted" in result.stderr


def test_an_audit_finds_what_was_done_equal(packed):
    place, pack = packed
    result = command("audit", pack, "--sample", "2", "--data-dir", place.folder)
    assert result.exit_code == 0, (result.stdout, result.stderr)
    assert result.stdout.count(": equal\n") == 2
    assert "2 runs done again: 2 equal" in result.stdout


def test_an_audit_finds_a_forged_number_when_it_draws_it(packed, tmp_path):
    place, pack = packed
    forged = tmp_path / "forged.zip"
    run = forge(pack, forged, lambda numbers: numbers["metrics"]["test"].update(perplexity=1.5))
    assert command("merge", forged, "--runs", tmp_path / "runs").exit_code == 0  # its checksums were forged too
    source, told = open_pack(forged), {}
    for drawn in (True, False):
        seed = next(seed for seed in range(99) if (draw_runs(source, tmp_path / "runs", 1, seed)[0].place == run) == drawn)
        result = command("audit", forged, "--sample", "1", "--seed", seed, "--data-dir", place.folder)
        assert result.exit_code == (1 if drawn else 0)
        told[drawn] = result.stdout
    assert f"{run}: differs: test.json: metrics.test.perplexity" in told[True]
    assert "1.5 there" in told[True]
    assert "1 equal" in told[False]


def test_an_audit_without_the_data_or_with_others_is_refused(packed, tmp_path):
    place, pack = packed
    assert "data.train = 'train.txt' does not exist" in refused("audit", pack, "--data-dir", tmp_path)
    other = Place(tmp_path, write_text(tmp_path))
    (tmp_path / "train.txt").write_text((tmp_path / "train.txt").read_text() * 2)
    assert "was made with other data or code" in refused("audit", pack, "--data-dir", other.folder)
    shutil.copy(place.folder / "orders.toml", tmp_path / "no.zip")
    assert "is no pack" in refused("audit", tmp_path / "no.zip")


def refused(*words: object) -> str:
    result = command(*words)
    assert result.exit_code == 2, (result.stdout, result.stderr, result.exception)
    return result.stderr


def forge(pack: Path, target: Path, change) -> str:
    """A pack with a number changed in the first run, and all checksums as if it were true; the run's place."""
    with zipfile.ZipFile(pack) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    facts = json.loads(files.pop(PACK_FILE))
    run = facts["runs"][0]
    numbers = json.loads(files[f"{run}/test.json"])
    change(numbers)
    files[f"{run}/test.json"] = json.dumps(numbers).encode()
    checksums = json.loads(files[f"{run}/checksums.json"])
    checksums["files"]["test.json"] = sha256(files[f"{run}/test.json"]).hexdigest()
    files[f"{run}/checksums.json"] = json.dumps(checksums).encode()
    facts["files"] = {name: sha256(content).hexdigest() for name, content in files.items()}
    write_pack(target, files | {PACK_FILE: json.dumps(facts).encode()})
    return run
