"""Classifiers from a config to a prediction: what a run says of its test sentences is what `predict` says of each alone."""

import json

import numpy as np
import pytest
import tomli_w
from tiny import Called, seeds_in
from typer.testing import CliRunner

from research.cli import app

GOOD, BAD, OTHER = ("good", "fine", "warm"), ("bad", "dull", "cold"), ("film", "plot", "scene", "but", "not")
ADAM = {"optim": {"kind": "adam", "learning_rate": 0.05}, "train": {"steps": 60, "batch_size": 8, "evaluations": 2}}
PIECES = {"level": "bpe", "vocabulary": {"size": 40}, "length": 40}
MODELS = {
    "perceptron": {"model": {"kind": "bag_of_words", "learner": {"kind": "perceptron"}}},
    "softmax": {"model": {"kind": "bag_of_words", "ngrams": 2}},
    "tfidf": {"model": {"kind": "bag_of_words", "weighting": "tfidf", "learner": {"kind": "svm"}}},
    "ngrams": {"model": {"kind": "ngram_classifier", "order": 2, "smoothing": {"kind": "add_k", "k": 0.1}}},
    "bag": ADAM | {"model": {"kind": "classifier", "encoder": {"kind": "bag", "width": 4}}},
    "pieces": ADAM | {"data": PIECES, "model": {"kind": "classifier", "encoder": {"kind": "bag", "width": 4}}},
    "rules": {"model": {"kind": "rules", "lexicon": "lexicon.txt"}},
}
TEXTS = ["", "good", "good film but dull plot", "unseen words alone", "good " * 10_000, "fine\tand\u2028WARM"]


def call(folder, *words):
    result = CliRunner().invoke(app, [*words, *(("--runs", str(folder / "runs")) if words[0] != "data" else ())])
    return Called(result.exit_code, result.stdout, result.stderr, result.exception)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Sentences of a few words, of which one tells the class; every model trained on them."""
    place = tmp_path_factory.mktemp("classifiers")
    rng = np.random.default_rng(0)

    def line():
        label = int(rng.integers(2))
        words = [*rng.choice(OTHER, rng.integers(1, 6)), rng.choice((BAD, GOOD)[label])]
        return f"{('negative', 'positive')[label]}\t{' '.join(rng.permutation(words))}\n"

    for split, n in (("train", 160), ("valid", 30), ("test", 40)):
        (place / f"{split}.txt").write_text("".join(line() for _ in range(n)))
    (place / "lexicon.txt").write_text("".join(f"{word}\t2.0\n" for word in GOOD) + "".join(f"{word}\t-2.0\n" for word in BAD))
    data = {"kind": "labelled_files", "length": 8, **{split: str(place / f"{split}.txt") for split in ("train", "valid", "test")}}
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


def test_tokens_seen_are_the_words_of_the_sentences_that_were_read_whatever_the_padded_width(folder):
    """Three epochs of all 160 sentences: 60 steps of 8."""
    words = [len(line.partition("\t")[2].split()) for line in (folder / "train.txt").read_text().splitlines()]
    assert len(words) == 160
    runs = folder / "runs"
    seen = {run.parent.name: json.loads((run / "result.json").read_text())["tokens_seen"] for run in seeds_in(runs).values()}
    assert 3 * sum(words) == seen[said(folder, "bag")["cell_id"]] == 3 * seen[said(folder, "softmax")["cell_id"]]


def predictions(folder, name, *words):
    called = call(folder, "predict", said(folder, name)["cell_id"], *words, "--json")
    assert called.code == 0, called
    return json.loads(called.stdout)["predictions"]


@pytest.mark.parametrize("name", MODELS)
def test_every_model_learns(folder, name):
    found = said(folder, name)["test"]
    assert found["accuracy"] > (0.75 if name == "rules" else 0.9)
    assert 0 < found["macro_f1"] <= 1
    assert {"accuracy_at_negative", "accuracy_at_positive", "accuracy_at_negation", "accuracy_at_contrast"} <= found.keys()
    assert ("loss" in found) == (name in ("softmax", "ngrams", "bag", "pieces"))
    assert "perplexity" not in found


@pytest.mark.parametrize("name", MODELS)
def test_a_prediction_is_the_run_s_own(folder, name):
    """Of the test sentences from a file, and each of them alone."""
    lines = [line.partition("\t") for line in (folder / "test.txt").read_text().splitlines()]
    (folder / "texts.txt").write_text("".join(text + "\n" for _, _, text in lines))
    together = predictions(folder, name, "--file", str(folder / "texts.txt"))
    run = seeds_in(folder / "runs")[f"{said(folder, name)['cell_id']}/seed-0"]
    with np.load(run / "items.npz") as items:
        assert [one["label"] for one in together] == [("negative", "positive")[label] for label in items["predicted"]]
    right = np.mean([one["label"] == label for one, (label, _, _) in zip(together, lines, strict=True)])
    assert right == pytest.approx(said(folder, name)["test"]["accuracy"])
    for one in together[:2]:
        (alone,) = predictions(folder, name, "--text", one["text"])
        assert alone["scores"] == pytest.approx(one["scores"], abs=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_any_sentence_has_a_class(folder, name):
    """Of no words, of one, of unknown ones, of ten thousand: and it is said how much of it was read."""
    for text in TEXTS if name != "rules" else (*TEXTS[:4], "good " * 100, TEXTS[-1]):  # ten thousand: tests/classic/test_sentiment_rules
        (one,) = predictions(folder, name, "--text", text)
        assert one["label"] in ("negative", "positive")
        assert np.isfinite(list(one["scores"].values())).all()
        assert (one["probabilities"] is None) == (name in ("perceptron", "tfidf", "rules"))
        if one["probabilities"]:
            assert sum(one["probabilities"].values()) == pytest.approx(1)
        assert one["read"] == (min(8, one["words"]) if name == "bag" else one["words"]) or name == "pieces"
        assert one["unknown"] == (3 if text == "unseen words alone" and name != "pieces" else one["unknown"])


@pytest.mark.parametrize("name", MODELS)
def test_the_words_that_drove_it(folder, name):
    """The one word that tells the class is the strongest, and is for it."""
    (one,) = predictions(folder, name, "--text", "scene plot warm film")
    assert one["label"] == "positive"
    word, value = one["drivers"][0]
    assert "warm" in word
    assert value > 0


def test_words_are_driven_by_all_their_pieces(folder):
    """Whole words, in which pieces that cross no word add up, and those of which a symbol is read; unknown where a symbol is."""
    (one,) = predictions(folder, "pieces", "--text", "scene plot warm \u00e9clair")
    assert {word for word, _ in one["drivers"]} <= {"scene", "plot", "warm", "\u00e9clair"}
    assert (one["words"], one["unknown"], one["read"]) == (4, 1, 4)
    (long,) = predictions(folder, "pieces", "--text", "film " * 100)
    assert 0 < long["read"] < 40
    assert len(long["drivers"]) in (long["read"], long["read"] + 1)


def test_drivers_of_a_linear_model_add_up_to_its_lead(folder):
    (one,) = predictions(folder, "softmax", "--text", "good film")
    run = seeds_in(folder / "runs")[f"{said(folder, 'softmax')['cell_id']}/seed-0"]
    with np.load(run / "model.npz") as model:
        bias = model["bias"]
    lead = one["scores"]["positive"] - np.mean(list(one["scores"].values()))
    assert sum(value for _, value in one["drivers"]) == pytest.approx(lead - (bias[1] - bias.mean()), abs=1e-4)


def test_the_report_shows_where_each_one_fails(folder):
    rows = [{"label": name, **tree} for name, tree in MODELS.items() if name in ("softmax", "bag")]
    data = {"kind": "labelled_files", "length": 8, **{split: str(folder / f"{split}.txt") for split in ("train", "valid", "test")}}
    sweep = {"name": "both", "metric": "test.accuracy", "list": rows, "table": {"rows": "label"}}
    (folder / "both.toml").write_text(tomli_w.dumps({"seeds": 1, "data": data, "model": MODELS["softmax"]["model"], "sweep": sweep}))
    assert call(folder, "sweep", str(folder / "both.toml")).code == 0
    called = call(folder, "report", str(folder / "both.toml"), "--out", str(folder / "report"))
    assert called.code == 0, called
    page = (folder / "report" / "report.html").read_text()
    for words in ("Where each one fails", "Confusions", "The worst mistakes", "negation", "as positive"):
        assert words in page
    files = {path: path.read_bytes() for path in (folder / "runs").glob("*/seed-0/analysis/mistakes.json")}
    assert len(files) == 2
    for path in files:
        path.unlink()
    assert (
        "The worst mistakes. The record has no analysis/mistakes.json for 2 runs"
        in call(folder, "report", str(folder / "both.toml"), "--out", str(folder / "report")).stderr
    )
    assert call(folder, "sweep", str(folder / "both.toml")).stderr.count("measuring") == 1
    assert {path: path.read_bytes() for path in files} == files


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "exactly one of --text and --file"),
        (["--text", "a", "--file", "b"], "exactly one of --text and --file"),
        (["--file", "nowhere.txt"], "nowhere.txt cannot be read"),
        (["--file", "latin.txt"], "line 2 has the byte 0xe9"),
        (["--file", "nothing.txt"], "is empty"),
    ],
)
def test_bad_input_is_one_paragraph(folder, words, told):
    (folder / "latin.txt").write_bytes(b"good\ncaf\xe9\n")
    (folder / "nothing.txt").write_bytes(b"")
    called = call(folder, "predict", said(folder, "softmax")["cell_id"], *words)
    assert called.code == 2
    assert told in called.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["data.kind=pydoc"], "bag_of_words needs classes"),
        (["model.kind=language_model"], "use model.kind = classifier"),
        (["train.steps=3"], "fitted at once"),
        (["data.level=char"], "bag_of_words counts words"),
        (["model.kind=classifier", "data.level=bpe"], "needs data.vocabulary.size"),
        (["model.kind=rules", "model.lexicon=nowhere.txt"], "nowhere.txt"),
    ],
)
def test_what_cannot_be_is_said_before_anything_runs(folder, words, told):
    called = call(folder, "train", str(folder / "softmax.toml"), *words)
    assert called.code == 2, called
    assert told in called.stderr
