"""The lines of Python on the front page, as they stand there, and what they refuse; the command line says the same of the same runs."""

import json
import re
import shutil
import signal
import threading
from pathlib import Path

import jax
import numpy as np
import pytest
from tiny import LSTM, Place, write_text

import research as sl
from research.config.errors import StepladderError
from research.runs import store
from research.train.events import Done, Progressed, Resumed

README = Path(__file__).parents[2] / "README.md"
TINY = LSTM | {"train": {"steps": 8, "batch_size": 4, "evaluations": 2}}
ORDERS = {"name": "orders", "axes": {"model.order": [1, 2]}, "table": {"rows": "model.order"}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory, _compile_once):
    """A folder with configs of the names that the front page has, on a text of its own."""
    folder = tmp_path_factory.mktemp("python")
    place = Place(folder, write_text(folder))
    (folder / "configs" / "lm").mkdir(parents=True)
    place.write(TINY, "configs/lm/lstm_tiny", seeds=1)
    place.write({"data": {"length": 6}, "model": {"kind": "ngram", "order": 1}}, "heads", seeds=1, sweep=ORDERS)
    return place


@pytest.fixture(scope="module")
def names(folder):
    """What the lines of the front page leave, run one after the other in that folder."""
    (block,) = re.findall(r"```python\n(import research as sl\n.*?)```", README.read_text(encoding="utf-8"), re.S)
    names = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder.folder)
        for line in block.splitlines():
            if line.startswith("model ="):
                names |= {"config": names["cell"].config, "data": names["cell"].data}
            exec(line.replace("3f2a", names["cell"].cell_id[:6] if "cell" in names else ""), names)
        yield names


def test_the_lines_of_the_front_page(names, folder):
    cell, run, table, model = (names[name] for name in ("cell", "run", "table", "model"))
    runs = folder.folder / "runs"
    assert (cell.config.model.width, cell.config.seeds) == (64, (0, 1, 2))
    frame = cell.frame(["test.perplexity"])
    kept = [store.read_result(runs / cell.cell_id / f"seed-{seed}")["metrics"]["test"]["perplexity"] for seed in range(3)]
    assert frame["test.perplexity"].tolist() == kept
    assert set(run.curves()["split"]) == {"train", "valid"}
    assert [column.metric for column in table.data.columns] == ["test.perplexity"]
    assert table.data.rows == (("1",), ("2",))
    params = model.init(jax.random.key(0))
    assert jax.tree.map(np.shape, params) == jax.tree.map(np.shape, run.params)
    tokens = np.arange(12).reshape(2, 6) % 27
    whole, logits = model.apply(params, model.empty(2), tokens)
    with pytest.raises(StepladderError, match="is counted or fitted"):
        sl.build(sl.load("kneser_ney").config, names["data"])
    carry, first = model.apply(params, model.empty(2), tokens[:, :4])
    carry, rest = model.apply(params, carry, tokens[:, 4:])
    np.testing.assert_allclose(np.concatenate([first, rest], 1), logits, rtol=1e-5, atol=1e-5)
    jax.tree.map(lambda one, other: np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5), carry, whole)


def test_what_is_stopped_goes_on_and_what_is_done_is_not_done_again(folder, monkeypatch):
    monkeypatch.chdir(folder.folder)
    told = []

    def stop(event):
        if isinstance(event, Progressed):
            signal.raise_signal(signal.SIGINT)

    words = ("configs/lm/lstm_tiny.toml", "model.width=64", "train.steps=9")

    def train(listener=told.append):
        return sl.load(*words).train(runs="elsewhere", listeners=[listener], quiet=True)

    with pytest.raises(KeyboardInterrupt, match="goes on from there"):
        train(stop)
    thread = threading.Thread(target=train)  # which has no signals
    thread.start()
    thread.join()
    assert {type(event) for event in told} >= {Resumed, Progressed, Done}
    told.clear()
    assert train().frame()["status"].tolist() == ["done"]
    assert told == []


def test_the_command_line_says_the_same(names, folder):
    runs, cell_id = str(folder.folder / "runs"), names["cell"].cell_id
    run = sl.open(cell_id, runs=runs)
    generated = folder.done("generate", cell_id, "--prompt", "w1 w2", "--tokens", "5", "--decoder", "greedy")
    assert run.generate("w1 w2", tokens=5, decoder="greedy") == generated["text"]
    scored = folder.done("score", cell_id, "--text", "w1 w2 w3")
    assert run.score("w1 w2 w3").attrs["perplexity"] == scored["perplexity"]
    shown = folder.call("table", "--rows", "model.order", "--where", "model.kind == 'ngram'", "--json")
    rows = json.loads(shown.stdout)["rows"]
    table = sl.table(runs, rows="model.order", where="model.kind == 'ngram'")
    assert [row["value"] for row in rows] == table.frame()["value"].tolist() == names["table"].frame()["value"].tolist()
    refused = folder.call("table", "--rows", "model.kind")
    assert (refused.code, refused.stdout) == (2, "")
    assert "Two cells have one place in the table" in refused.stderr


def test_a_run_without_its_data_or_parameters_says_so_once_they_are_asked_for(names, folder, tmp_path, capsys):
    cell_id = names["cell"].cell_id
    shutil.copytree(folder.folder / "runs" / cell_id, tmp_path / cell_id)
    config = tmp_path / cell_id / "config.toml"
    moved = sl.open(cell_id, runs=tmp_path)
    shutil.rmtree(tmp_path / cell_id / "seed-0" / "checkpoints")
    assert moved.status == "done"
    assert not moved.curves().empty
    assert cell_id in repr(moved)
    with pytest.raises(StepladderError, match="has no parameters"):
        _ = moved.params
    config.write_text(config.read_text().replace("train.txt", "valid.txt"))
    changed = sl.open(f"{cell_id}/1", runs=tmp_path)
    assert changed.metrics["test.perplexity"] > 1
    with pytest.raises(StepladderError, match="trained on other data"):
        _ = changed.params


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: sl.load("lm_ladder"), "is an experiment"),
        (lambda: sl.load("lstm_tiny", "model.widht=3"), "model.width"),
        (lambda: sl.sweep("lm_lader"), "did you mean `lm_ladder`"),
        (lambda: sl.open("zzzz", runs="nowhere"), "No run 'zzzz'"),
        (lambda: sl.sweep("lm_ladder").run(on_error="halt"), "on_error is"),
    ],
)
def test_a_mistake_is_an_error_of_one_paragraph(call, told):
    with pytest.raises(StepladderError, match=told) as refused:
        call()
    assert "\n" not in str(refused.value)


def test_a_name_that_is_not_there():
    with pytest.raises(AttributeError, match="did you mean `table`"):
        _ = sl.tabel
    assert {"load", "open", "frame", "sweep", "table", "build"} <= set(dir(sl))
