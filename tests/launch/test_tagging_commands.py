"""A tagger from the command line: trained, counted, used, probed, and refused where it means nothing."""

import json

import numpy as np
import pytest
import tomli_w
from tiny import Called
from typer.testing import CliRunner

from research.cli import app
from research.runs.store import read_json
from research.use.open_run import open_run
from research.use.predict_tags import tag_sentences

WORDS = {"O": ("the", "saw", "of"), "B-X": ("ann", "bo"), "I-X": ("lee", "ray"), "B-Y": ("rome", "oslo")}
STACK = {"layers": 1, "width": 8, "mixer": {"kind": "gru"}, "feed_forward": {"kind": "none"}}
TRAIN = {"steps": 30, "batch_size": 8, "evaluations": 1, "buckets": 2}


def call(folder, *words):
    result = CliRunner().invoke(app, [*words, "--runs", str(folder / "runs")])
    return Called(result.exit_code, result.stdout, result.stderr, result.exception)


def text(n, seed):
    rng = np.random.default_rng(seed)
    spans = (["O"], ["B-X", "I-X"], ["B-Y"])
    lines = [[tag for _ in range(rng.integers(1, 5)) for tag in spans[rng.integers(3)]] for _ in range(n)]
    return "\n".join("".join(f"{rng.choice(WORDS[tag])}\t{tag}\n" for tag in line) for line in lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("tagging")
    for seed, (split, n) in enumerate({"train": 80, "valid": 20, "test": 20}.items()):
        (place / f"{split}.conll").write_text(text(n, seed))
    data = {"kind": "tagged_files", "scheme": "bio", "length": 6, **{s: str(place / f"{s}.conll") for s in ("train", "valid", "test")}}
    of = {key: value for key, value in data.items() if key != "length"}
    optim = {"kind": "adam", "learning_rate": 0.03}
    encoder = {"kind": "stack", **STACK}
    models = {
        "lm": {
            "data": {"kind": "unlabelled", "length": 6, "of": of},
            "model": {"kind": "language_model", **STACK},
            "train": TRAIN | {"buckets": 1},
        },
        "tagger": {"data": data, "model": {"kind": "token_encoder", "encoder": encoder}, "train": TRAIN, "optim": optim},
        "counts": {"data": data, "model": {"kind": "commonest_tag"}},
        "chain": {"data": data, "model": {"kind": "hidden_markov"}},
    }
    for name, tree in models.items():
        (place / f"{name}.toml").write_text(tomli_w.dumps(tree | {"seeds": 1}))
    return place


@pytest.fixture(scope="module")
def runs(folder):
    """The id of each run, and its metrics."""
    told = {}
    for name in ("lm", "tagger", "counts", "chain"):
        called = call(folder, "train", str(folder / f"{name}.toml"), "--json")
        assert called.code == 0, called
        told[name] = json.loads(called.stdout)
    return told


def test_what_words_tell_is_learned_and_counted(runs):
    for name in ("tagger", "counts", "chain"):
        assert runs[name]["test"]["accuracy"] == 1, name
        assert runs[name]["test"]["span_f1"] == 1, name


def test_the_items_of_a_run_are_its_metrics(folder, runs):
    seed = folder / "runs" / runs["counts"]["cell_id"] / "seed-0"
    with np.load(seed / "items.npz") as items:
        right, said, there = items["spans"].sum(axis=0)
        assert len(items["id"]) == 20
    metrics = read_json(seed / "test.json")["metrics"]["test"]
    assert metrics["span_f1"] == pytest.approx(2 * right / (said + there))
    assert metrics["accuracy_at_B-X"] == 1


@pytest.mark.parametrize("name", ["tagger", "counts", "chain"])
def test_a_sentence_is_tagged_by_itself(folder, runs, name):
    run = open_run(folder / "runs", runs[name]["cell_id"], None)
    texts = ["the  ann lee saw rome", "", "zebra", " ".join(["bo ray"] * 20)]
    together, alone = tag_sentences(run, texts), [tag_sentences(run, [line])[0] for line in texts]
    for one, other in zip(together, alone, strict=True):
        assert [word[:2] for word in one.words] == [word[:2] for word in other.words]
        np.testing.assert_allclose([w.probability for w in one.words], [w.probability for w in other.words], rtol=1e-4)
    assert [word.tag for word in together[0].words] == ["O", "B-X", "I-X", "O", "B-Y"]
    assert [len(prediction.words) for prediction in together] == [5, 0, 1, 40]
    assert not together[2].words[0].in_vocabulary


def test_predict_writes_columns(folder, runs):
    called = call(folder, "predict", runs["counts"]["cell_id"], "--text", "bo saw")
    assert called.code == 0, called
    assert [line.split("\t")[:2] for line in called.stdout.splitlines() if line] == [["bo", "B-X"], ["saw", "O"]]
    told = json.loads(call(folder, "predict", runs["tagger"]["cell_id"], "--text", "bo saw", "--json").stdout)
    assert [word["tag"] for word in told["predictions"][0]["words"]] == ["B-X", "O"]


@pytest.mark.parametrize("words", [["generate", "--prompt", "bo"], ["score", "--text", "bo saw"], ["probe"]])
def test_what_means_nothing_to_counts_is_refused_in_one_paragraph(folder, runs, words):
    called = call(folder, words[0], runs["counts"]["cell_id"], *words[1:])
    assert called.code == 2
    assert called.stderr.count("\n") == 1, called.stderr


@pytest.mark.parametrize(("name", "layers"), [("tagger", ["layer 1"]), ("lm", ["layer 1"])])
def test_each_layer_is_asked_for_the_tag_of_every_word(folder, runs, name, layers):
    called = call(folder, "probe", runs[name]["cell_id"], "--out", str(folder / f"report_{name}"), "--json")
    assert called.code == 0, called
    found = {entry["row"][0]: entry["mean"] for entry in json.loads(called.stdout)["entries"] if entry["metric"] == "test.accuracy"}
    assert list(found) == ["majority", "commonest tag of the word", "embedding", *layers]
    assert found["majority"] < 0.8 < 0.95 < found["embedding"]
    assert (folder / f"report_{name}" / "figures" / f"probe_{runs[name]['cell_id']}.svg").exists()


def test_a_tagger_starts_from_a_language_model_of_the_same_words(folder, runs):
    called = call(folder, "train", str(folder / "tagger.toml"), f"init.from={runs['lm']['cell_id']}", "train.steps=2", "--json")
    assert called.code == 0, called


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["data.scheme=bioes"], "conll, line"),
        (["data.columns.tags=3"], "data.columns.tags = 3"),
        (["model.kind=classifier"], "has a tag for each word, and classifier gives none; use model.kind = token_encoder"),
        (["data.kind=pydoc"], "token_encoder sees the whole window"),
        (["model.kind=commonest_tag", "data.kind=vader"], "has classes"),
        (["data.length=0"], "data.length"),
        (["data.train=nowhere.conll"], "data.train = 'nowhere.conll' is no file"),
        (["train.scheduled_sampling=0.5"], "leave it out"),
    ],
)
def test_a_mistake_is_one_paragraph(folder, words, told):
    called = call(folder, "train", str(folder / "tagger.toml"), *words)
    assert called.code == 2, called
    assert told in called.stderr
    assert "Traceback" not in called.stderr
