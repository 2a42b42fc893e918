"""Merging overwrites nothing, makes one record of equal ones, keeps others apart, and refuses what is damaged or would leave its folder."""

import io
import json
import shutil
import stat
import time
import zipfile

import numpy as np
import pytest
from packing import bytes_in, contents_of, copied, pack_sweep, tampered
from typer.testing import CliRunner

from research.cli import app
from research.compare.cells import axes_of, load_cells
from research.compare.comparisons import compare_cells
from research.compare.families import comparison_families
from research.compare.tables import build_table
from research.config.errors import StepladderError
from research.runs import store
from research.runs.lock import claimed
from research.runs.merge import merge_sources
from research.runs.packs import PACK_FILE, PackContents, collect_pack, write_pack
from research.runs.run_state import RunId

CELL = "3a7c7c7c7c7c"  # of the ladder
RUN = f"{CELL}/seed-0"


@pytest.fixture(scope="module")
def pack(ladder, tmp_path_factory):
    return pack_sweep(ladder.runs, tmp_path_factory.mktemp("pack") / "ladder.zip")


def change_number(files, name=f"{RUN}/result.json", key="steps"):
    """One number of a JSON file."""
    record = json.loads(files[name])
    record[key] += 1
    files[name] = json.dumps(record).encode()


def test_a_second_time_nothing_happens(pack, tmp_path):
    (first,) = merge_sources([pack], tmp_path)
    before = bytes_in(tmp_path)
    (second,) = merge_sources([pack], tmp_path)
    assert (first.counts, second.counts) == ({"added": 19}, {"equal": 18, "unfinished": 1})  # one of them failed
    assert bytes_in(tmp_path) == before


def test_a_folder_and_its_pack_are_the_same_records(ladder, pack, tmp_path):
    merge_sources([ladder.runs], tmp_path)
    (merged,) = merge_sources([pack], tmp_path)
    assert merged.counts == {"equal": 18, "unfinished": 1}


def other_times(files):
    record = json.loads(files[f"{RUN}/result.json"])
    record["cost"]["seconds"]["train"] = 1.0
    files[f"{RUN}/result.json"] = json.dumps(record).encode()
    files[f"{RUN}/env.json"] = b'{"parts": [{"step": 0, "machine": "another"}]}'
    files[f"{RUN}/metrics.jsonl"] = b""
    del files[f"{RUN}/checksums.json"]


def test_times_and_machines_may_differ(pack, tmp_path):
    other = tampered(pack, tmp_path / "other.zip", other_times)
    merge_sources([pack], tmp_path / "runs")
    before = bytes_in(tmp_path / "runs")
    assert "conflict" not in merge_sources([other], tmp_path / "runs")[0].counts
    assert bytes_in(tmp_path / "runs") == before


def other_item(files):
    with np.load(io.BytesIO(files[f"{RUN}/items.npz"])) as arrays:
        items = dict(arrays)
    items["loss"][3] += 1
    buffer = io.BytesIO()
    np.savez(buffer, **items)
    files[f"{RUN}/items.npz"] = buffer.getvalue()


@pytest.mark.parametrize(
    ("change", "told"), [(change_number, "result.json: steps 2000 here, 2001 there"), (other_item, "items.npz: loss[3]")]
)
def test_what_found_something_else_is_kept_apart_and_told(pack, tmp_path, change, told):
    def unsigned(files):
        change(files)
        del files[f"{RUN}/checksums.json"]

    other = tampered(pack, tmp_path / "of a friend.zip", unsigned)
    merge_sources([pack], tmp_path / "runs")
    before = bytes_in(tmp_path / "runs")
    for _ in range(2):
        (merged,) = merge_sources([other], tmp_path / "runs")
        assert merged.counts["conflict"] == 1
        assert told in merged.conflicts[0]
    after = bytes_in(tmp_path / "runs")
    assert {name: after[name] for name in before} == before
    assert {name.rpartition("/")[0] for name in after.keys() - before.keys()} == {f"conflicts/of-a-friend/{RUN}"}
    assert "conflicts" not in store.cell_ids(tmp_path / "runs")


def test_a_finished_run_takes_the_place_of_one_that_failed_which_is_kept(pack, tmp_path):
    folder = store.seed_folder(tmp_path, CELL, 0)
    store.write_json(folder / "status.json", {"status": "failed", "step": 1, "steps": 2, "message": "ValueError"})
    store.write_text(folder / "log.txt", "mine")
    merge_sources([pack], tmp_path)
    assert store.status_of(folder) == "done"
    assert (tmp_path / "conflicts" / "unfinished" / RUN / "log.txt").read_text() == "mine"


def test_a_trained_run_gets_the_test_scores_of_its_equal(tmp_path, pack):
    scores = {"metrics": {"test": {"loss": 4.5}}, "scored_on": {}, "extra": {}, "signatures": {}, "seconds": 1.0}
    tested = tampered(pack, tmp_path / "tested.zip", lambda files: files.update({f"{RUN}/test.json": json.dumps(scores).encode()}))
    merge_sources([pack], tmp_path / "runs")
    folder = store.seed_folder(tmp_path / "runs", CELL, 0)
    (folder / "items.npz").unlink()
    store.write_json(folder / "status.json", {"status": "trained", "step": 1, "steps": 2, "message": ""})
    assert merge_sources([tested], tmp_path / "runs")[0].counts["completed"] == 1
    assert (store.status_of(folder), store.read_result(folder)["metrics"]["test"]["loss"]) == ("done", 4.5)
    assert store.read_items(folder) is not None


def launched(ladder, folder, seed):
    """The ladder as one of many launched it: with a seed of their own, under a hash of its own."""
    for path in copied(ladder.runs, folder).glob("*/seed-*"):
        if path.name != f"seed-{seed}" and path.parent.name != "1a7c7c7c7c7c":  # counting has one run
            shutil.rmtree(path)
    (path,) = store.sweeps_folder(folder).glob("*.json")
    manifest = json.loads(path.read_text())
    for cell in manifest["cells"]:
        cell["seeds"] = [0] if cell["deterministic"] else [seed]
    path.rename(path.with_name(f"ladder-0000000{seed}.json")).write_text(json.dumps(manifest | {"hash": f"0000000{seed}"}))


def test_seeds_of_many_are_one_table(ladder, tmp_path):
    packs = []
    for seed in range(3):
        launched(ladder, tmp_path / str(seed), seed)
        packs.append(pack_sweep(tmp_path / str(seed), tmp_path / f"{seed}.zip"))
    merged = merge_sources(packs, tmp_path / "runs")
    united = store.read_json(merged[-1].manifests[0])
    table, whole = build_table(united, tmp_path / "runs"), build_table(*ladder)
    assert [[entry and entry.interval for entry in line] for line in table.entries] == [
        [entry and entry.interval for entry in line] for line in whole.entries
    ]
    assert united["cells"][2]["seeds"] == [0, 1, 2]
    assert merge_sources(packs[:1], tmp_path / "runs")[0].manifests == merged[-1].manifests
    assert store.read_json(merged[-1].manifests[0]) == united


def test_another_launch_under_the_same_name_is_kept_apart(pack, tmp_path):
    def other_claims(files):
        manifest = json.loads(files["sweeps/ladder-0123abcd.json"])
        files["sweeps/ladder-0123abcd.json"] = json.dumps(manifest | {"cards": []}).encode()

    other = tampered(pack, tmp_path / "other.zip", other_claims)
    merge_sources([pack], tmp_path / "runs")
    before = (tmp_path / "runs" / "sweeps" / "ladder-0123abcd.json").read_bytes()
    (merged,) = merge_sources([other], tmp_path / "runs")
    assert "was launched otherwise" in merged.conflicts[0]
    assert (tmp_path / "runs" / "sweeps" / "ladder-0123abcd.json").read_bytes() == before
    assert (tmp_path / "runs" / "conflicts" / "other" / "sweeps" / "ladder-0123abcd.json").exists()


def test_an_own_row_is_paired_with_rows_that_were_never_run_here(ladder, pack, tmp_path):
    merge_sources([pack], tmp_path / "theirs")
    own = copied(tmp_path / "theirs", tmp_path / "runs")
    mine = "ffffffffffff"
    shutil.copytree(own / CELL, own / mine)
    manifest = json.loads((own / "sweeps" / "ladder-0123abcd.json").read_text())
    baselines = [cell for cell in manifest["cells"] if cell["state"] == "ok"]
    manifest |= {"cells": [*baselines, baselines[2] | {"cell_id": mine, "labels": {"label": "mine"}}], "cards": []}
    manifest["spec"]["list"] = [cell["labels"] for cell in manifest["cells"]]
    compared = [row for row in comparison_families(manifest, load_cells(manifest, own)).named if row.better == "mine"]
    assert [(row.worse, row.seeds, row.items) for row in compared] == [("LSTM", 3, 400)]
    cells = {cell.labels["label"]: cell for cell in load_cells(manifest, own)}
    assert compare_cells(cells["mine"], cells["Elman"], "test.perplexity", axes_of(manifest)).items == 400


# what is refused


def raw(path, entries):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def with_entry(pack, path, name, content=b"x"):
    return raw(path, [*contents_of(pack).items(), (name, content)])


def link():
    info = zipfile.ZipInfo(f"{RUN}/link.json")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info


def without(name):
    return lambda files: files.pop(name)


def set_fact(**facts):
    return lambda files: files.update({PACK_FILE: json.dumps(json.loads(files[PACK_FILE]) | facts).encode()})


def cut(pack, path):
    path.write_bytes(pack.read_bytes()[:-100])
    return path


def flipped(pack, path):
    """One byte of a file in the zip changed where it lies."""
    content = bytearray(pack.read_bytes())
    with zipfile.ZipFile(pack) as archive:
        entry = archive.getinfo(f"{RUN}/items.npz")
    content[entry.header_offset + 200] ^= 0xFF
    path.write_bytes(content)
    return path


REFUSED = {
    "climbs": (lambda pack, path: with_entry(pack, path, f"{CELL}/../../evil.json"), "is no place of a record"),
    "climbs inside": (lambda pack, path: with_entry(pack, path, f"{RUN}/a/../../../x.json"), "is no place of a record"),
    "absolute": (lambda pack, path: with_entry(pack, path, "/etc/evil.json"), "is no place of a record"),
    "drive": (lambda pack, path: with_entry(pack, path, f"C:/{CELL}/config.toml"), "is no place of a record"),
    "backslashes": (lambda pack, path: with_entry(pack, path, f"{CELL}\\..\\..\\evil.json"), "is no place of a record"),
    "hidden": (lambda pack, path: with_entry(pack, path, f"{CELL}/.bashrc"), "is no place of a record"),
    "link": (lambda pack, path: with_entry(pack, path, link(), "/etc/passwd"), "is a link"),
    "twice": (lambda pack, path: with_entry(pack, path, f"{RUN}/RESULT.json"), "holds one name twice"),
    "bomb": (lambda pack, path: with_entry(pack, path, f"{RUN}/big.npz", bytes(80 * 2**20)), "No records do"),
    "extra": (lambda pack, path: with_entry(pack, path, f"{RUN}/extra.json"), "pack.json does not name it"),
    "no zip": (lambda pack, path: path.write_text("hello") and path, "is no zip file"),
    "another zip": (lambda pack, path: raw(path, [(f"{CELL}/config.toml", "")]), "has no pack.json"),
    "of other things": (lambda pack, path: tampered(pack, path, set_fact(kind="photographs"), sign=False), "but no pack"),
    "a later format": (lambda pack, path: tampered(pack, path, set_fact(pack_format=2), sign=False), "pack format 2.*Install the version"),
    "cut off": (cut, "is no zip file, or was cut off"),
    "a byte": (flipped, rf"{RUN}/items.npz of .* is damaged"),
    "a number": (
        lambda pack, path: tampered(pack, path, change_number, sign=False),
        rf"{RUN}/result.json of .* is damaged: its checksum in pack",
    ),
    "signed": (
        lambda pack, path: tampered(pack, path, change_number),
        rf"{RUN}/result.json of .* is damaged: its checksum in checksums.json",
    ),
    "missing": (lambda pack, path: tampered(pack, path, without(f"{RUN}/items.npz"), sign=False), rf"{RUN}/items.npz of .* is not there"),
    "of another seed": (
        lambda pack, path: tampered(pack, path, lambda files: (change_number(files, key="seed"), files.pop(f"{RUN}/checksums.json"))),
        rf"{RUN}/result.json of .* is damaged: it speaks of {CELL}/seed-1",
    ),
    "torn": (
        lambda pack, path: tampered(pack, path, lambda files: files.update({f"{RUN}/status.json": b'{"status": "do'})),
        rf"{RUN}/status.json of .* is damaged: it is not JSON",
    ),
    "without a config": (
        lambda pack, path: tampered(pack, path, without(f"{CELL}/config.toml")),
        rf"{CELL}/config.toml of .* is not there",
    ),
    "no such file": (lambda pack, path: path, "is neither a pack nor a folder"),
    "an empty folder": (lambda pack, path: path.mkdir() or path, "holds no run that came to an end"),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_named_and_nothing_is_written(pack, tmp_path, name):
    make, told = REFUSED[name]
    wrong = make(pack, tmp_path / "wrong.zip")
    result = CliRunner().invoke(app, ["merge", str(pack), str(wrong), "--runs", str(tmp_path / "in" / "runs")])
    assert result.exit_code == 2, result.exception
    assert_told(result.stderr, told)
    assert not (tmp_path / "in").exists()


def assert_told(text, told):
    with pytest.raises(StepladderError, match=f"(?s){told}"):
        raise StepladderError(text)
    assert text.count("\n") == 1
    assert "wrong.zip" in text


def test_a_run_that_is_under_way_is_left_alone(pack, tmp_path):
    folder = store.seed_folder(tmp_path, CELL, 0)
    store.write_json(folder / "status.json", {"status": "running", "step": 1, "steps": 2, "message": ""})
    with claimed(folder):
        before = bytes_in(folder)
        (merged,) = merge_sources([pack], tmp_path)
        assert bytes_in(folder) == before
    assert merged.counts["held"] == 1


def test_parameters_come_to_an_equal_run_that_has_none(ladder, pack, tmp_path):
    runs = copied(ladder.runs, tmp_path / "theirs")
    (runs / RUN / "checkpoints" / "final").mkdir(parents=True)
    (runs / RUN / "checkpoints" / "final" / "data").write_bytes(b"weights")
    files = collect_pack(runs, [RunId(CELL, 0)], [], PackContents(checkpoints=True)).files
    write_pack(tmp_path / "big.zip", files)
    merge_sources([pack, tmp_path / "big.zip"], tmp_path / "runs")
    assert (tmp_path / "runs" / RUN / "checkpoints" / "final" / "data").read_bytes() == b"weights"


def test_many_packs_are_merged_in_a_moment(pack, tmp_path):
    """Packs of five runs, each with a seed of its own; sixty were measured once: see docs/commons.md."""
    cells = store.cell_ids(merged_into(pack, tmp_path / "all"))[1:6]
    packs = [
        tampered(pack, tmp_path / f"{student}.zip", lambda files, student=student: one_seed(files, cells, student)) for student in range(15)
    ]
    began = time.process_time()
    merged = merge_sources(packs, tmp_path / "runs")
    assert time.process_time() - began < 10 * 15 / 60
    assert [source.counts for source in merged] == [{"added": 5}] * 15


def merged_into(pack, runs):
    merge_sources([pack], runs)
    return runs


def one_seed(files, cells, seed):
    """Of these cells the first seed, under another number."""
    kept = {name: content for name, content in files.items() if name == PACK_FILE or name.partition("/")[0] in cells}
    files.clear()
    for name, content in kept.items():
        if "/seed-" not in name or "/seed-0/" in name:
            renamed = json.dumps(json.loads(content) | {"seed": seed}).encode() if name.endswith("result.json") else content
            if not name.endswith("checksums.json"):
                files[name.replace("/seed-0/", f"/seed-{seed}/")] = renamed
