"""Regressors from a config to a number: what a run says of its test sentences is what `predict` says of each alone, in the data's units."""

import json

import numpy as np
import pytest
import tomli_w
from scipy import stats
from tiny import Called, seeds_in
from typer.testing import CliRunner

from research.cli import app

WORTH = {"good": 20.0, "fine": 10.0, "dull": -10.0, "bad": -20.0}
OTHER = ("film", "plot", "scene", "but", "not")
MODELS = {
    "network": {
        "model": {"kind": "regressor", "encoder": {"kind": "bag", "width": 4, "combine": "sum"}},
        "optim": {"kind": "adam", "learning_rate": 0.03},
        "train": {"steps": 150, "batch_size": 8, "evaluations": 3, "select": "valid.pearson"},
    },
    "ridge": {"model": {"kind": "bag_of_words", "learner": {"kind": "ridge", "l2": 0.1}}},
    "mean": {"model": {"kind": "bag_of_words", "learner": {"kind": "mean"}}},
    "rules": {"model": {"kind": "rules", "lexicon": "lexicon.txt"}},
    "folds": {"model": {"kind": "bag_of_words", "learner": {"kind": "ridge", "l2": 0.1}}, "data": {"folds": 4}},
}


def call(folder, *words):
    result = CliRunner().invoke(app, [*words, *(("--runs", str(folder / "runs")) if words[0] != "data" else ())])
    return Called(result.exit_code, result.stdout, result.stderr, result.exception)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sentences whose number, around 1990, is what two words of them are worth; every model trained on them."""
    place = tmp_path_factory.mktemp("regressors")
    rng = np.random.default_rng(0)

    def line():
        telling = rng.choice(list(WORTH), 2)
        words = [*rng.choice(OTHER, rng.integers(1, 6)), *telling]
        return f"{1990 + sum(WORTH[word] for word in telling) + rng.normal():.2f}\t{' '.join(rng.permutation(words))}\n"

    for split, n in (("train", 160), ("valid", 30), ("test", 40)):
        (place / f"{split}.txt").write_text("".join(line() for _ in range(n)))
    (place / "lexicon.txt").write_text("".join(f"{word}\t{worth / 10}\n" for word, worth in WORTH.items()))
    data = {"kind": "rated_files", "length": 8, **{split: str(place / f"{split}.txt") for split in ("train", "valid", "test")}}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        for name, tree in MODELS.items():
            (place / f"{name}.toml").write_text(tomli_w.dumps({"seeds": 1} | tree | {"data": data | tree.get("data", {})}))
            called = call(place, "train", str(place / f"{name}.toml"), "--json")
            assert called.code == 0, called
            (place / f"{name}.json").write_text(called.stdout)
        yield place


def said(folder, name):
    return json.loads((folder / f"{name}.json").read_text())


def items_of(folder, name):
    with np.load(seeds_in(folder / "runs")[f"{said(folder, name)['cell_id']}/seed-0"] / "items.npz") as items:
        return dict(items)


def predictions(folder, name, *words):
    called = call(folder, "predict", said(folder, name)["cell_id"], *words, "--json")
    assert called.code == 0, called
    return json.loads(called.stdout)["predictions"]


@pytest.mark.trains
@pytest.mark.parametrize("name", MODELS)
def test_every_model_but_the_mean_comes_near(folder, name):
    """The variance of the numbers is about 500."""
    found = said(folder, name)["test"]
    assert found["mse"] < {"mean": 900, "rules": 300}.get(name, 100)
    assert found["pearson"] > {"mean": -0.1, "rules": 0.6}.get(name, 0.85)
    assert found["spearman"] > {"mean": -0.1, "rules": 0.6}.get(name, 0.85)
    assert found["mse"] == found["loss"]
    assert "mse_at_negation" in found


@pytest.mark.parametrize("name", MODELS)
def test_the_metrics_are_those_of_the_items(folder, name):
    found, items = said(folder, name)["test"], items_of(folder, name)
    assert found["mse"] == pytest.approx(np.square(items["predicted"] - items["rating"]).mean())
    np.testing.assert_allclose(items["loss"], np.square(items["predicted"] - items["rating"]))
    if name == "mean":
        assert found["pearson"] == found["spearman"] == 0.0
    else:
        assert found["pearson"] == pytest.approx(stats.pearsonr(items["predicted"], items["rating"]).statistic)
        assert found["spearman"] == pytest.approx(stats.spearmanr(items["predicted"], items["rating"]).statistic)


def test_folds_score_every_sentence_once(folder):
    lines = [line for split in ("train", "valid", "test") for line in (folder / f"{split}.txt").read_text().splitlines()]
    assert sorted(items_of(folder, "folds")["rating"]) == sorted(float(line.partition("\t")[0]) for line in lines)


@pytest.mark.parametrize("name", ["network", "ridge", "mean", "rules"])
def test_a_prediction_is_the_run_s_own(folder, name):
    lines = [line.partition("\t")[2] for line in (folder / "test.txt").read_text().splitlines()]
    (folder / "texts.txt").write_text("".join(text + "\n" for text in lines))
    together = predictions(folder, name, "--file", str(folder / "texts.txt"))
    np.testing.assert_allclose([one["number"] for one in together], items_of(folder, name)["predicted"], rtol=1e-6)
    (alone,) = predictions(folder, name, "--text", lines[0])
    assert alone["number"] == pytest.approx(together[0]["number"], rel=1e-6)


@pytest.mark.parametrize("name", ["network", "ridge", "mean", "rules"])
def test_any_sentence_has_a_number(folder, name):
    for text in ("", "unseen words alone", "good " * 1000):
        (one,) = predictions(folder, name, "--text", text)
        assert np.isfinite(one["number"])
    called = call(folder, "predict", said(folder, name)["cell_id"], "--text", "a good film")
    assert called.code == 0
    assert "a good film" in called.stdout


def test_drivers_of_a_ridge_and_its_bias_are_its_number(folder):
    (empty,), (one,) = (predictions(folder, "ridge", "--text", text) for text in ("", "good film"))
    assert empty["number"] + sum(value for _, value in one["drivers"]) == pytest.approx(one["number"], rel=1e-6)
    assert one["drivers"][0][0] == "good"
    assert one["drivers"][0][1] > 5


def test_the_word_that_drove_a_network_moves_the_number_up(folder):
    (one,) = predictions(folder, "network", "--text", "scene plot good film")
    word, value = one["drivers"][0]
    assert word == "good"
    assert value > 1  # in the data's units


def test_a_table_has_intervals_and_tests_of_every_metric(folder):
    data = {"kind": "rated_files", "length": 8, **{split: str(folder / f"{split}.txt") for split in ("train", "valid", "test")}}
    rows = [{"label": name, "model": MODELS[name]["model"]} for name in ("ridge", "mean", "rules")]
    sweep = {"name": "all", "metric": "test.spearman", "list": rows}
    sweep["table"] = {"rows": "label", "baseline": "mean", "metrics": ["test.pearson", "test.mse"]}
    (folder / "all.toml").write_text(tomli_w.dumps({"data": data, "model": MODELS["mean"]["model"], "sweep": sweep}))
    assert call(folder, "sweep", str(folder / "all.toml")).code == 0
    called = call(folder, "report", str(folder / "all.toml"), "--out", str(folder / "report"))
    assert called.code == 0, called
    page = (folder / "report" / "table.md").read_text()
    for words in ("Spearman rho", "Pearson r", "MSE", "better", "over 40 test items"):
        assert words in page
    assert "Confusions" not in page


@pytest.mark.parametrize("command", [["generate", "--prompt", "a"], ["score", "--text", "a"], ["probe"]])
@pytest.mark.parametrize("name", ["network", "ridge", "rules"])
def test_what_a_regressor_cannot_do_is_one_paragraph(folder, name, command):
    called = call(folder, command[0], said(folder, name)["cell_id"], *command[1:])
    assert called.code == 2, called
    assert called.stderr
    assert "Traceback" not in called.stderr


@pytest.mark.parametrize("name", MODELS)
def test_a_run_is_shown(folder, name):
    assert call(folder, "show", said(folder, name)["cell_id"]).code == 0


@pytest.mark.parametrize(
    ("name", "words", "told"),
    [
        ("network", ["model.kind=classifier"], "use model.kind = regressor"),
        ("network", ["model.kind=language_model"], "use model.kind = regressor"),
        ("network", ["data.kind=vader", "model.kind=regressor"], "model.kind = classifier"),
        ("network", ["data.kind=pydoc"], "vader_ratings or rated_files"),
        ("network", ["optim.max_norm=3.0"], "optim.max_norm"),
        ("network", ["train.label_smoothing=0.1"], "train.label_smoothing"),
        ("network", ["decode.kind=beam"], "[decode]"),
        ("network", ["eval.length=8"], "[eval] is for text"),
        ("network", ["train.select=valid.accuracy"], "It has valid.loss, valid.mse, valid.pearson, valid.spearman"),
        ("ridge", ["model.learner.kind=softmax"], "use one of ridge, mean"),
        ("mean", ["model.ngrams=2"], "looks at no word"),
        ("ridge", ["model.kind=ngram_classifier"], "use model.kind = regressor"),
        ("ridge", ["train.steps=3"], "fitted at once"),
    ],
)
def test_what_cannot_be_is_said_before_anything_runs(folder, name, words, told):
    called = call(folder, "train", str(folder / f"{name}.toml"), *words)
    assert called.code == 2, called
    assert told in " ".join(called.stderr.split())
