"""Files are whole or absent, metrics survive a crash, and a RUN is found by what a person would type."""

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from research.config.errors import StepladderError
from research.report import cell_listing
from research.runs import store
from research.runs.atomic_files import fill_file

RECORDS = st.lists(
    st.fixed_dictionaries({"step": st.integers(0, 50), "split": st.sampled_from(["train", "valid"]), "loss": st.floats(0, 20)}), max_size=6
)


def test_a_reader_sees_one_of_the_values_that_were_written(tmp_path):
    path = tmp_path / "status.json"
    code = (
        "import sys; from research.runs.store import write_json\n"
        "for i in range(10**6): write_json(sys.argv[1], {'value': [i % 2] * 5000})\n"
    )
    writer = subprocess.Popen([sys.executable, "-c", code, str(path)])
    try:
        seen = set()
        while len(seen) < 2:
            assert writer.poll() is None
            value = store.read_json(path)
            if value is not None:
                assert len(value["value"]) == 5000
                seen |= set(value["value"])
    finally:
        writer.kill()
        writer.wait()
    assert len(store.read_json(path)["value"]) == 5000  # whole after SIGKILL too


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path):
    store.write_text(tmp_path / "file", "old")

    def fail(file):
        file.write(b"half of the new")
        raise OSError("no space left")

    with pytest.raises(OSError, match="no space"):
        fill_file(tmp_path / "file", fail)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "old")]


def test_the_same_arrays_are_the_same_bytes_and_come_back(tmp_path):
    arrays = {"id": np.arange(5), "loss": np.linspace(0, 1, 5)}
    for name in ("a.npz", "b.npz"):
        store.write_arrays(tmp_path / name, **arrays)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    for name, array in store.read_arrays(tmp_path / "a.npz").items():
        np.testing.assert_array_equal(array, arrays[name])


def test_json_has_no_nan_and_takes_scalars_of_numpy(tmp_path):
    store.write_json(tmp_path / "x.json", {"a": float("nan"), "b": [np.float32(0.5), np.inf], "c": np.int64(3), 4: None})
    assert json.loads((tmp_path / "x.json").read_text()) == {"a": None, "b": [0.5, "infinite"], "c": 3, "4": None}


@given(before=RECORDS, after=RECORDS, torn=st.integers(1, 40))
def test_a_torn_last_line_costs_that_line_alone(tmp_path_factory, before, after, torn):
    path = tmp_path_factory.mktemp("metrics") / "metrics.jsonl"
    last = {"step": 99, "split": "train", "loss": 1.0}
    store.append_metrics(path, [*before, last])
    path.write_bytes(path.read_bytes()[:-torn])  # the last line has 42 bytes
    assert store.read_metrics(path) == before
    store.append_metrics(path, after)
    assert store.read_metrics(path) == before + after


@given(records=RECORDS, step=st.integers(-1, 51))
def test_resuming_drops_the_lines_after_its_step(tmp_path_factory, records, step):
    path = tmp_path_factory.mktemp("metrics") / "metrics.jsonl"
    store.append_metrics(path, records)
    store.truncate_metrics(path, step)
    assert store.read_metrics(path) == [record for record in records if record["step"] <= step]


def test_a_broken_line_before_the_last_is_named(tmp_path):
    (tmp_path / "metrics.jsonl").write_text('{"step": 1}\n{"st\n{"step": 2}\n')
    with pytest.raises(StepladderError, match=r"metrics\.jsonl has a line that is not JSON, line 2"):
        store.read_metrics(tmp_path / "metrics.jsonl")


def test_absent_files_are_none(tmp_path):
    assert store.read_metrics(tmp_path / "metrics.jsonl") == []
    for read in (store.read_status, store.read_result, store.read_items, store.read_tokens):
        assert read(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "cell", "seed"),
    [("abc1", "abc123", None), ("abc1/2", "abc123", 2), ("abc1/seed-0", "abc123", 0), ("12", "12345", None), ("abd", "abd999", None)],
)
def test_a_run_is_found_by_a_prefix_of_its_cell(tmp_path, text, cell, seed):
    for name in ("abc123/seed-0", "abc123/seed-2", "abd999/seed-0", "12345/seed-0", "sweeps/x"):
        (tmp_path / name).mkdir(parents=True)
    run = store.find_run(tmp_path, text)
    assert (run.cell_id, run.seed, run.folder) == (cell, seed, tmp_path / cell)
    by_path = store.find_run(tmp_path / "elsewhere", str(tmp_path / cell) + ("" if seed is None else f"/seed-{seed}"))
    assert by_path == run


@pytest.mark.parametrize(("text", "said"), [("ab", "abc123, abd999"), ("abd998", "abd999"), ("abc/7", "it has 0, 2"), ("zz", "No run")])
def test_an_unclear_run_is_an_error_that_helps(tmp_path, text, said):
    for name in ("abc123/seed-0", "abc123/seed-2", "abd999/seed-0"):
        (tmp_path / name).mkdir(parents=True)
    with pytest.raises(StepladderError, match=said):
        store.find_run(tmp_path, text)


def test_the_list_of_runs_says_what_became_of_every_seed(ladder):
    found = {cell["label"]: cell for cell in cell_listing.list_cells(ladder.runs)}
    assert found["ladder: Elman"]["seeds"] == {"0": "done", "1": "done", "2": "diverged"}
    done = [store.read_result(ladder.runs / found["ladder: LSTM"]["cell_id"] / f"seed-{seed}") for seed in range(3)]
    assert found["ladder: LSTM"]["value"] == pytest.approx(np.mean([result["metrics"]["valid"]["perplexity"] for result in done]))
    assert len(found) == 7  # the one that cannot has no folder


def test_the_store_is_light():
    code = "import sys, research.runs.store; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "pandas", "matplotlib", "jinja2", "scipy", "jax"} & set(loaded)
