"""A run is read from its folder alone: what its files and its lock say, in columns and by name, and whether it is what was written."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.config.errors import StepladderError
from research.runs import store
from research.runs.checksums import verify_record, write_checksums
from research.runs.lock import claimed
from research.runs.record import open_record

CELL = "3a7c7c7c7c7c"  # of the ladder


def test_a_record_is_what_the_files_say(ladder):
    record = open_record(ladder.runs, f"{CELL}/1")
    folder = store.seed_folder(ladder.runs, CELL, 1)
    assert (record.cell_id, record.seed, record.status) == (CELL, 1, "done")
    assert record.metrics["test"] == json.loads((folder / "result.json").read_text())["metrics"]["test"]
    np.testing.assert_array_equal(record.items["loss"], np.load(folder / "items.npz")["loss"])
    assert record.config_tree["data"] == {"kind": "shakespeare", "length": 64}
    assert record.environments[0]["commit"] == "38c33d2"
    assert (record.vocabulary, record.data_digest, record.analysis_files) == (None, None, ())


LINES = st.lists(
    st.dictionaries(st.sampled_from(["loss", "rate", "seconds"]), st.floats(0, 9))
    .map(dict)
    .flatmap(lambda line: st.sampled_from(["train", "valid"]).map(lambda split: {"step": 1, "split": split, **line}))
)


@given(lines=LINES)
def test_curves_are_the_lines_in_columns(tmp_path_factory, lines):
    runs = tmp_path_factory.mktemp("curves")
    store.append_metrics(store.seed_folder(runs, CELL, 0) / "metrics.jsonl", lines)
    curves = open_record(runs, CELL).curves
    for split in {line["split"] for line in lines}:
        own = [line for line in lines if line["split"] == split]
        assert [len(column) for column in curves[split].values()] == [len(own)] * len(curves[split])
        for i, line in enumerate(own):
            assert {name: column[i] for name, column in curves[split].items() if column[i] is not None} | {"split": split} == line


def write_status(folder, word):
    store.write_json(folder / "status.json", {"status": word, "step": 1, "steps": 2, "message": ""})


def test_a_run_whose_process_is_gone_was_stopped(tmp_path):
    folder = store.seed_folder(tmp_path, CELL, 0)
    write_status(folder, "running")
    assert store.status_of(folder) == "stopped"
    with claimed(folder):
        assert store.status_of(folder) == "running"
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    holder = {"host": os.uname().nodename, "pid": dead.pid, "since": "now", "token": "t"}
    (folder / "lock").write_text(json.dumps(holder))
    assert store.status_of(folder) == "stopped"


@pytest.mark.parametrize("word", ["failed", "diverged", "stopped"])
def test_a_lock_changes_nothing_of_a_run_that_ended(tmp_path, word):
    folder = store.seed_folder(tmp_path, CELL, 0)
    write_status(folder, word)
    with claimed(folder):
        assert store.status_of(folder) == word


def test_a_file_that_changed_since_the_run_is_named(tmp_path):
    folder = store.seed_folder(tmp_path, CELL, 0)
    for name in ("result.json", "test.json"):
        store.write_json(folder / name, {"metrics": {"test": {"loss": 4.125}}})
    verify_record(folder)  # an old run has no checksums
    write_checksums(folder)
    verify_record(folder)
    (folder / "test.json").write_text((folder / "test.json").read_text().replace("4.125", "4.124"))
    with pytest.raises(StepladderError, match=r"seed-0/test\.json changed since the run wrote it"):
        verify_record(folder)
    (folder / "test.json").unlink()
    with pytest.raises(StepladderError, match=r"seed-0/test\.json"):
        verify_record(folder)


@pytest.mark.parametrize(
    ("file", "content", "read"),
    [
        ("config.toml", None, lambda record: record.config_tree),
        ("config.toml", b"[model", lambda record: record.config_tree),
        ("config.toml", b"[model]\nkind = 'ngramm'", lambda record: record.config),
        ("seed-0/result.json", b'{"metrics": {"te', lambda record: record.metrics),
        ("seed-0/items.npz", b"PK\x03\x04 and no more", lambda record: record.items),
        ("seed-0/metrics.jsonl", b"{\n{}\n", lambda record: record.curves),
    ],
)
def test_what_is_damaged_is_named_in_one_paragraph(tmp_path, file, content, read):
    write_status(store.seed_folder(tmp_path, CELL, 0), "done")
    path = tmp_path / CELL / file
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StepladderError) as told:
        read(open_record(tmp_path, CELL))
    assert str(path) in str(told.value)
    assert "\n" not in str(told.value)


def test_opening_a_record_imports_no_jax():
    code = "import sys; from research.runs.record import open_record; assert not {'jax', 'numpy'} & set(sys.modules), 'heavy'"
    subprocess.run([sys.executable, "-c", code], check=True)
