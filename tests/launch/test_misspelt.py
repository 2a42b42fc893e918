"""A run that is also scored on a misspelt copy of its test text."""

import json

import numpy as np
import pytest
from pydantic import ValidationError
from tiny import ELMAN, SMALL, seeds_in
from words import config_of

from research.compare.cells import axes_of, load_cells
from research.compare.comparisons import compare_cells
from research.config.cell_identity import cell_id
from research.config.evaluation import Evaluation
from research.config.schema import Config
from research.data.loading import load_dataset
from research.data.text_dataset import misspelt_test_split
from research.runs import store
from research.tasks import ngrams

LETTERS = str.maketrans("0123456789", "abcdefghij")


@pytest.fixture
def spelled(place):
    """The text with letters for digits: its words can be misspelt."""
    for path in place.folder.glob("*.txt"):
        path.write_text(path.read_text().translate(LETTERS))
    return place


def run_of(place, tree, share, name):
    words = {"data": tree["data"] | place.text | {"level": "char"}, "eval": tree["eval"] | {"misspelt": share}}
    path = place.write(tree, name, **words)
    place.done("train", path, runs=name)
    (run,) = seeds_in(place.folder / name).values()
    with np.load(run / "items.npz") as items:
        return store.read_result(run)["metrics"], dict(items)


@pytest.mark.parametrize("tree", [SMALL, ELMAN], ids=["windows", "columns"])
def test_the_misspelt_copy_is_scored_over_the_characters_of_the_original(spelled, tree):
    few, same = run_of(spelled, tree, 1e-9, "few")
    many, other = run_of(spelled, tree, 0.5, "many")
    clean, characters = few["test"]["bits_per_character"], len((spelled.folder / "test.txt").read_text())
    assert few["test"].pop("bits_per_character_at_1e-09_misspelt") == pytest.approx(clean, rel=1e-6)
    found = many["test"].pop("bits_per_character_at_0.5_misspelt")
    assert found == pytest.approx(other["misspelt"].sum() / np.log(2) / characters)
    assert found != pytest.approx(clean, rel=1e-3)  # after twenty steps a slip may cost less than what it stands for
    by_bytes = [few["test"].pop("bits_per_byte_at_1e-09_misspelt"), many["test"].pop("bits_per_byte_at_0.5_misspelt")]
    assert by_bytes == pytest.approx([clean, found], rel=1e-6)  # of a text in ASCII
    assert few == many
    np.testing.assert_allclose(same["misspelt"], same["loss"], rtol=1e-5)
    assert len(other["misspelt"]) == len(other["id"]) == len(same["id"])


def test_characters_and_pieces_compare_on_the_same_misspelt_lines(spelled):
    rows = [
        {"label": "characters", "data.level": "char"},
        {"label": "pieces", "data.level": "bpe", "data.vocabulary": {"size": 40}},
    ]
    metric = "test.bits_per_character_at_0.3_misspelt"
    sweep = {"name": "rows", "list": rows, "metric": metric}
    data = spelled.text | SMALL["data"] | {"level": "char"}
    path = spelled.write(SMALL, data=data, eval={"segments": 3, "misspelt": 0.3}, seeds=1, sweep=sweep)
    called = spelled.call("sweep", path)
    assert called.code == 0, called
    manifest = json.loads(next((spelled.folder / "runs" / "sweeps").iterdir()).read_text())
    a, b = load_cells(manifest, spelled.folder / "runs")
    found = compare_cells(a, b, metric, axes_of(manifest))
    assert found.difference is not None
    assert found.p_items is not None
    assert compare_cells(a, b, "test.perplexity", axes_of(manifest)).note == "the same test text, but other targets"


def test_counts_and_mixtures_are_scored_on_the_copy_too(spelled):
    """An n-gram by hand; a mixture from the tokens of its parts, mixed as on the clean text."""
    counted = {"kind": "ngram", "order": 3}
    data = SMALL["data"] | spelled.text | {"level": "char"}
    tree = {"data": data, "model": counted, "eval": {"misspelt": 0.3}}
    found = spelled.done("train", spelled.write(tree, "counted"), runs="counted")
    config = config_of(tree)
    text = load_dataset(config.data)
    nats = ngrams.score_ngram_model(ngrams.fit_ngram_model(config.model, text), misspelt_test_split(text, 0.3))["nats"]
    expected = nats.sum() / np.log(2) / len((spelled.folder / "test.txt").read_text())
    name = "bits_per_character_at_0.3_misspelt"
    assert found["test"][name] == pytest.approx(expected)
    assert found["test"][name] > found["test"]["bits_per_character"]
    assert cell_id(config, "d") != cell_id(config.model_copy(update={"eval": Evaluation()}), "d")
    other = config.model_copy(update={"eval": Evaluation(misspelt=0.3, length=9, also=(3,))})
    assert cell_id(config, "d") == cell_id(other, "d")

    mixture = {"kind": "interpolation", "parts": [counted, {"kind": "ngram", "order": 1}]}
    mixed = spelled.done("train", spelled.write(tree | {"model": mixture}, "mixed"), runs="mixed")
    folders = list(seeds_in(spelled.folder / "mixed").values())
    whole = next(folder for folder in folders if folder.parent.name == mixed["cell_id"])
    weight = json.loads((whole / "result.json").read_text())["extra"]["weight_of_first"]
    parts = {json.loads((f / "result.json").read_text())["flops_per_token"]: f for f in folders if f != whole}
    first, second = (dict(np.load(parts[flops] / "test_tokens.npz"))["misspelt"].astype(float) for flops in (6.0, 2.0))
    by_hand = -np.log(weight * np.exp(-first) + (1 - weight) * np.exp(-second))
    np.testing.assert_allclose(dict(np.load(whole / "test_tokens.npz"))["misspelt"], by_hand, rtol=1e-5)


def test_at_the_word_level_it_is_refused():
    with pytest.raises(ValidationError, match="has no meaning at the word level"):
        Config.model_validate({"data": {"kind": "pydoc"}, "model": SMALL["model"], "eval": {"misspelt": 0.1}})
