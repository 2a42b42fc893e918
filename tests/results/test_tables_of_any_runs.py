"""Finished runs make the table that their sweep makes, by the words of their configs alone; what cannot be one table is refused."""

import shutil

import pytest
import tomli_w
from fake_runs import write_grid, write_run

from research.api.frames import frame
from research.api.result_table import table
from research.compare.cell_facts import TableRequest, any_runs_manifest
from research.compare.cells import load_cells
from research.compare.records_manifest import CellFacts, Grouping, records_manifest
from research.compare.tables import build_table
from research.config.errors import StepladderError
from research.runs import store

RATES = (3e-4, 1e-3)
KEYS = {"rows": "model.mixer.score.kind", "columns": "model.mixer.heads"}
NAMES = [f"{index:x}1{'e5' * 5}" for index in range(6)]  # of the grid's cells at the larger rate, which are tested


def write_config(runs, cell_id, score="dot", heads=1, rate=1e-3, **data):
    mixer = {"kind": "attention", "heads": heads, "score": {"kind": score}}
    tree = {
        "data": {"kind": "shakespeare", "length": 64, **data},
        "model": {"kind": "language_model", "layers": 1, "width": 32, "mixer": mixer},
        "optim": {"learning_rate": rate},
    }
    store.write_text(runs / cell_id / "config.toml", tomli_w.dumps(tree))


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The grid of a tuned sweep, whose cells have configs as a run writes them."""
    runs = tmp_path_factory.mktemp("any") / "runs"
    manifest = write_grid(runs, seeds=5)
    for entry in manifest["cells"]:
        labels, rate = entry["labels"], entry["tuned"]["optim.learning_rate"]
        write_config(runs, entry["cell_id"], labels["model.mixer.score.kind"], labels["model.mixer.heads"], rate)
        for path in (runs / entry["cell_id"]).glob("*/result.json"):
            store.write_json(path, store.read_json(path) | {"params": entry["params"]})
    return runs


def numbers(data):
    """Every place by its labels, with all that is said of it."""
    return {
        (row, column.metric, column.labels): entry
        for row, line in zip(data.rows, data.entries, strict=True)
        for column, entry in zip(data.columns, line, strict=True)
    }


def places_of(cells):
    """What stands for each place, by its labels: the cell, of how many trials, and its numbers."""
    return {tuple(sorted(cell.labels.items())): (cell.cell_id, cell.trials, cell.tuned, cell.values("test.perplexity")) for cell in cells}


def cells_by_place(runs, rows, columns=(), where=None, names=()):
    request = TableRequest(*((keys,) if isinstance(keys, str) else tuple(keys) for keys in (rows, columns)), (), where, names)
    return places_of(load_cells(any_runs_manifest(runs, request), runs))


def test_the_rows_of_a_tuned_sweep_are_those_of_its_own_table(runs):
    manifest = store.read_json(runs / "sweeps" / "scores-0123abcd.json")
    for names in ((), ("scores",), ("scores-0123abcd",)):
        assert cells_by_place(runs, *KEYS.values(), names=names) == places_of(load_cells(manifest, runs))
    there, own = table(runs, **KEYS).data, numbers(build_table(manifest, runs, ["test.perplexity"]))
    assert numbers(there) == own
    assert there.notes[0].startswith("Tuned: optim.learning_rate, the best mean valid perplexity of 2 trials a row. Picked: 1e-3")


def test_rows_of_chosen_cells_say_that_they_are_not_tuned(runs, tmp_path):
    alone = shutil.copytree(runs, tmp_path / "runs", ignore=shutil.ignore_patterns("sweeps"))
    result = table(alone, **KEYS, where="optim.learning_rate == 0.001")
    assert any("Its rows were not tuned" in note for note in result.notes)
    assert result.notes[-1] == "These are the cells of runs/ where optim.learning_rate == 0.001."
    assert {entry.source for entry in numbers(result.data).values()} == {"seeds"}
    few = table(alone, **KEYS, names=[f"{name}/{seed}" for name in NAMES for seed in (0, 1)])
    assert {(entry.source, len(entry.values)) for entry in numbers(few.data).values()} == {("none", 2)}
    assert any(note.startswith("n = 2: ") for note in few.notes)


def test_two_cells_in_one_place_are_refused_with_what_they_differ_in(runs, tmp_path):
    alone = shutil.copytree(runs, tmp_path / "runs", ignore=shutil.ignore_patterns("sweeps"))
    with pytest.raises(
        StepladderError, match=r"optim\.learning_rate \(3e-4 and 1e-3\)\. Add optim\.learning_rate to rows or columns"
    ) as told:
        table(alone, **KEYS)
    choice = str(told.value).split('where = "')[1].removesuffix('".')
    assert len(cells_by_place(alone, *KEYS.values(), where=choice)) == 6
    with pytest.raises(StepladderError, match=r"differ in model\.mixer\.heads \(1 and 4\)"):
        table(runs, rows="model.mixer.score.kind")
    by_rate = cells_by_place(runs, ["model.mixer.score.kind", "model.mixer.heads"], "optim.learning_rate")
    assert {trials for _, trials, _, _ in by_rate.values()} == {1}  # a tuned key may be an axis, whose untested trials have no number
    assert sorted(len(values) for *_, values in by_rate.values()) == [0] * 6 + [5] * 6


def test_defaults_are_words_too_and_rows_stand_in_order(runs):
    places = cells_by_place(runs, "model.mixer.heads", "model.mixer.score.kind", where="model.norm.placement == 'pre'")
    assert [[value for _, value in place] for place in places] == [
        [heads, score] for heads in (1, 4) for score in ("dot", "mlp", "scaled_dot")
    ]
    chosen = frame(runs, where="model.norm.placement == 'pre' and test.perplexity < 105")
    assert set(chosen["model.norm.placement"]) == {"pre"}
    assert (chosen["test.perplexity"] < 105).all()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"rows": "model.mixer.head"}, "did you mean `model.mixer.heads`"),
        ({}, r"name the key whose values are the rows.* differ in .*model\.mixer\.heads"),
        ({"rows": "heads"}, "did you mean `model.mixer.heads`"),
        ({"rows": "model.mixer.heads", "columns": "model.mixer.heads"}, "by rows and by columns"),
        ({**KEYS, "where": "model.mixer.heads == 3"}, "true of none of the 12 cells .* model.mixer.heads is 1, 4"),
        ({**KEYS, "where": "status == 'done'"}, "every seed of a cell"),
        ({**KEYS, "where": "data.kid == 'x'"}, "did you mean `data.kind`"),
        ({**KEYS, "metrics": "test.perplexty"}, "did you mean `test.perplexity`"),
        ({**KEYS, "names": ["scorez"]}, "did you mean `scores`"),
        ({**KEYS, "names": ["ffff"]}, "No run 'ffff'"),
    ],
)
def test_a_mistake_is_one_paragraph(runs, words, told):
    with pytest.raises(StepladderError, match=told) as refused:
        table(runs, **words)
    assert "\n" not in str(refused.value)


def test_an_empty_folder_and_formats_that_are_not_there(runs, tmp_path):
    with pytest.raises(StepladderError, match="There is no run in"):
        table(tmp_path, rows="data.kind")
    with pytest.raises(StepladderError, match="did you mean `html`"):
        table(runs, **KEYS).render("htm")


def test_cells_of_other_data_and_other_code_are_told_apart(tmp_path):
    for cell_id, nats, digest, version in (("aaaaaaaaaaaa", 4.7, "d1", 4), ("bbbbbbbbbbbb", 4.6, "d2", 4), ("cccccccccccc", 4.6, "d1", 3)):
        write_run(tmp_path, cell_id, 0, nats, 0.01, 1)
        write_config(tmp_path, cell_id)
        store.write_json(tmp_path / cell_id / "cell.json", {"data": digest, "files": {}})
        result = store.seed_folder(tmp_path, cell_id, 0) / "result.json"
        store.write_json(result, store.read_json(result) | {"code_version": version})
    for pair, differing in (("ab", "the data's digest"), ("ac", r"code_version \(4 and 3\)")):
        with pytest.raises(StepladderError, match=f"differ in {differing}"):
            table(tmp_path, rows="data.kind", names=[letter * 4 for letter in pair])
    notes = table(tmp_path, rows="code_version", names=["aaaa", "cccc"]).notes
    assert any(note.startswith("The runs of this table come from different code.") for note in notes)


def test_a_config_that_this_code_cannot_read_is_told_and_stands_in_the_table_by_its_words(tmp_path, capsys):
    write_run(tmp_path, "aaaaaaaaaaaa", 0, 4.7, 0.01, 1)
    store.write_text(tmp_path / "aaaaaaaaaaaa" / "config.toml", '[data]\nkind = "of_long_ago"\n')
    result = table(tmp_path, rows="data.kind")
    assert result.data.rows == (("of_long_ago",),)
    assert any(note.startswith("aaaaaaaaaaaa: of its config only what config.toml writes is known") for note in result.notes)
    assert list(frame(tmp_path)["data.kind"]) == ["of_long_ago"]
    assert "note: aaaaaaaaaaaa" in capsys.readouterr().err


def test_a_frame_has_a_row_a_run_and_the_words_in_which_cells_differ(runs, capsys):
    every = frame(runs)
    assert len(every) == 60
    assert {"data.kind", "model.kind", "model.mixer.heads", "model.mixer.score.kind", "optim.learning_rate"} <= set(every.columns)
    assert "model.width" not in every.columns
    assert {str(every[name].dtype) for name in ("seed", "model.mixer.heads")} == {"int64", "Int64"}
    assert every["test.perplexity"].isna().sum() == 30  # of trials that were not chosen
    result = store.read_result(store.seed_folder(runs, NAMES[0], 2))
    (one,) = every[(every.cell_id == NAMES[0]) & (every.seed == 2)]["test.perplexity"]
    assert one == result["metrics"]["test"]["perplexity"]
    some = frame(runs, where="seed < 2 and status == 'done'", metrics=["seconds", "test.accuracy"])
    assert (len(some), list(some.columns[-2:])) == (24, ["seconds", "test.accuracy"])
    assert frame(runs, where="seed > 99").empty
    assert "true of none of the 60 runs" in capsys.readouterr().err


def test_a_table_is_a_frame_html_and_text(runs):
    result = table(runs, **KEYS)
    rows = result.frame()
    assert len(rows) == 30
    assert str(rows["seed"].dtype) == "Int64"
    means = rows.groupby(["score", "heads"])["value"].mean()
    shown = rows.drop_duplicates(["score", "heads"]).set_index(["score", "heads"])["mean"]
    assert dict(means) == pytest.approx(dict(shown))
    page, text = result._repr_html_(), repr(result)
    for note in result.notes[:2]:
        assert note.split()[0] in text
        assert note.split(":")[0] in page
    assert "<strong>" in page


def test_no_table_of_records_imports_jax(runs, tmp_path):
    import subprocess
    import sys

    code = (
        "import sys, research as sl; assert not {'jax', 'pandas', 'pydantic', 'numpy'} & set(sys.modules); "
        f"print(sl.table({str(runs)!r}, rows='model.mixer.score.kind', columns='model.mixer.heads')); sl.frame({str(runs)!r}); "
        "assert not {'jax', 'flax', 'optax'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Tuned: optim.learning_rate" in done.stdout


def test_the_trials_of_a_row_that_is_halved_are_one_row():
    def trial(number, rate, steps):
        rung = {"halving": 2, "number": number, "rungs": 2, "candidate": 0, "duration": {"train.steps": steps}}
        words = {"model.kind": "ngram", "optim.learning_rate": rate, "train.steps": steps}
        return CellFacts(f"{number}" * 12, (0,), {}, words, tuned={"optim.learning_rate": rate}, rung=rung)

    cells = [trial(0, 1e-3, 50), trial(1, 1e-3, 100)]
    entries = records_manifest(cells, Grouping(("model.kind",)))["cells"]
    assert [entry["rung"]["number"] for entry in entries] == [0, 1]
    assert {tuple(entry["labels"]) for entry in entries} == {("model.kind", "optim.learning_rate")}
    with pytest.raises(StepladderError, match=r"train\.steps \(50 and 100\)"):
        records_manifest([cell._replace(rung=None) for cell in cells], Grouping(("model.kind",)))
