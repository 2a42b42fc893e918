"""Runs that begin with word vectors of a file: which rows are set, what is told, and what is another cell."""

import shutil

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from tiny import SMALL, seeds_in
from words import config_of

from research.config.loader import load_config
from research.data.dataset import Dataset, TextSplit
from research.data.loading import load_dataset
from research.models.embeddings import input_embedding
from research.plan.programs import program_of
from research.plan.resolve_plan import resolve_plan
from research.runs import store
from research.tasks.parameters import init_params
from research.tasks.sizes import Sizes
from research.text.vector_files import Vectors, write_vectors
from research.text.vocabulary import Vocabulary
from research.train import checkpoint
from research.train.initial_vectors import TypeVectors, set_initial_vectors, type_vectors, vector_coverage
from research.train.optimiser import traced_hyperparameters
from research.train.update import Member, jitted_initial_state

STACK = {"layers": 1, "width": 4, "mixer": {"kind": "gru"}, "feed_forward": {"kind": "none"}}
TEXT, LABELLED = {"kind": "pydoc"}, {"kind": "vader"}
SIDES = {"encoder": {"kind": "recurrent", "width": 4}, "decoder": {"kind": "recurrent", "width": 8}}
NARROW = {"kind": "recurrent", "width": 4, "attention": {"kind": "none"}}
PAIRS = {"kind": "rewrite"}
MODELS = {
    "stack": (TEXT, {"kind": "language_model", "tie": True} | STACK),
    "window": (TEXT, {"kind": "feed_forward_lm", "width": 4}),
    "bag": (LABELLED, {"kind": "classifier", "encoder": {"kind": "bag", "width": 4}}),
    "convolution": (LABELLED, {"kind": "classifier", "encoder": {"kind": "max_convolution", "width": 4, "maps": 2}}),
    "both ways": (LABELLED, {"kind": "classifier", "encoder": STACK | {"kind": "stack", "bidirectional": True}}),
    "two tables": (PAIRS, {"kind": "encoder_decoder"} | SIDES),
    "one table": (PAIRS, {"kind": "encoder_decoder", "embeddings": "shared", "encoder": SIDES["encoder"], "decoder": NARROW}),
}
SIZES = {"pydoc": Sizes(6, 5), "vader": Sizes(6, 5, 2), "rewrite": Sizes(6, 8, 0, 4, 5, 2)}
VOCABULARY = Vocabulary(tuple("abCdef"))


@pytest.mark.parametrize("name", MODELS)
def test_covered_types_have_their_vectors_and_nothing_else_is_changed(name):
    data, model = MODELS[name]
    config = config_of({"data": data, "model": model})
    shapes = jax.eval_shape(lambda: init_params(config, SIZES[data["kind"]], jax.random.key(0)))
    drawn = jax.tree.map(lambda leaf: -np.arange(1.0, 1 + np.prod(leaf.shape), dtype=leaf.dtype).reshape(leaf.shape), shapes)
    vectors = TypeVectors(np.int32([0, 3, 5]), np.float32(np.arange(12).reshape(3, 4)))
    begun = set_initial_vectors(config.model, drawn, vectors, VOCABULARY)
    (before, first), (after, _) = input_embedding(config.model, drawn), input_embedding(config.model, begun)
    assert first == (2 if name == "two tables" else 0)
    expected = np.array(before)
    for number, vector in zip(vectors.types, vectors.table, strict=True):
        if number >= first:
            expected[number - first] = vector
    np.testing.assert_array_equal(after, expected)
    changed = [bool((one != other).any()) for one, other in zip(jax.tree.leaves(drawn), jax.tree.leaves(begun), strict=True)]
    assert sum(changed) == 1
    train = TextSplit(np.int32([5, 5, 3, 2, 4, 4]), np.zeros(6, np.int32))
    found = vector_coverage(config.model, drawn, vectors, Dataset(VOCABULARY, train, train, train, "", None, {}), "file")
    assert found == ((2, 4, 0.5) if first else (3, 6, 0.5))


def test_a_type_has_the_vector_of_its_text_or_of_that_in_lower_case(tmp_path):
    write_vectors(tmp_path / "v.txt", Vectors(("c", "A", "a", "f", "x"), np.float32(np.eye(5))), "glove")
    found = type_vectors(tmp_path / "v.txt", VOCABULARY)
    assert found.types.tolist() == [0, 2, 5]
    np.testing.assert_array_equal(found.table.argmax(axis=1), [2, 0, 3])


@pytest.fixture
def given(place):
    """Vectors of some of the words of the text."""
    table = np.random.default_rng(0).normal(size=(5, 6)).astype(np.float32)
    vectors = Vectors(("w3", "w1", "w17", "elsewhere", "w2"), table)
    write_vectors(place.folder / "v.txt", vectors)
    return place, vectors


def tree_of(place, **words):
    return {"init": {"embeddings": str(place.folder / "v.txt")} | words, "optim": {"learning_rate": 0.02}, "seeds": 2}


def test_a_run_begins_with_the_vectors_and_keeps_them_where_they_are_frozen(given):
    place, vectors = given
    path = place.write(SMALL, **tree_of(place, freeze=["embedding"]))
    called = place.call("train", path)
    assert called.code == 0, called
    (cell,) = resolve_plan(load_config(path), place.folder / "runs", None).cells
    data, runs = load_dataset(cell.config.data), seeds_in(place.folder / "runs")
    for seed in (0, 1):
        member = Member(jnp.uint32(seed), *map(jnp.float32, traced_hyperparameters(cell.config.optim)))
        drawn = jitted_initial_state(program_of(cell.config, data), cell.config.model, member).params
        run = runs[f"{cell.cell_id}/seed-{seed}"]
        ended = checkpoint.restore_checkpoint(run / "checkpoints", checkpoint.FINAL, jax.eval_shape(lambda drawn=drawn: drawn))
        assert (ended.hidden != drawn.hidden).any()
        for number, kind in enumerate(data.vocabulary.types):
            expected = vectors.table[vectors.lookup[kind]] if kind in vectors.lookup else drawn.embedding[number]
            np.testing.assert_allclose(ended.embedding[number], expected, rtol=1e-6)
        result = store.read_result(run)
        assert (result["embeddings"]["covered"], result["embeddings"]["types"]) == (4, 27)
        assert result["extra"]["covered_types"] == pytest.approx(4 / 27)
        share = np.isin(data.train.tokens, [data.vocabulary.lookup[word] for word in ("w1", "w2", "w3", "w17")]).mean()
        assert result["extra"]["covered_tokens"] == pytest.approx(share)
    assert "v.txt has vectors for 4 of 27 types (14.8 %)" in called.stderr
    assert place.done("show", path)["cells"][0]["embeddings"]["covered"] == 4


def test_the_contents_of_the_file_are_the_cell_s_and_its_path_is_not(given):
    place, vectors = given
    identity = lambda: resolve_plan(load_config(path), place.folder / "runs", None).cells[0].cell_id
    path = place.write(SMALL, **tree_of(place))
    first = identity()
    shutil.copy(place.folder / "v.txt", place.folder / "same.txt")
    path = place.write(SMALL, init={"embeddings": str(place.folder / "same.txt")}, optim={"learning_rate": 0.02})
    assert identity() == first
    write_vectors(place.folder / "same.txt", Vectors(vectors.words, vectors.table + 1))
    assert identity() != first
    path = place.write(SMALL, optim={"learning_rate": 0.02})
    assert identity() != first


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"init.embeddings": "nowhere.txt"}, "init.embeddings = 'nowhere.txt' is no file"),
        ({"init.embeddings": "broken.txt"}, "broken.txt, line 2: 'w1' has 2 numbers, expected 3"),
        ({"model.width": 7}, "has vectors of 6 numbers, and the embedding of this model has 7"),
        ({"data.level": "char"}, "has a vector for none of the"),
        ({"init.freeze": ["embeding"]}, "init.freeze names 'embeding'"),
    ],
)
def test_what_cannot_be_is_said_before_anything_starts(given, words, told, monkeypatch):
    place, _ = given
    monkeypatch.chdir(place.folder)
    (place.folder / "broken.txt").write_text("a 1 2 3\nw1 1 2\n")
    rows = [{"label": "child"} | words]
    called = place.call("sweep", place.write(SMALL, **tree_of(place), sweep={"name": "refused", "list": rows}))
    assert called.code == 2, called
    assert told in called.stderr
    assert not seeds_in(place.folder / "runs")


def test_a_run_and_vectors_exclude_each_other_and_the_later_word_wins(given):
    place, _ = given
    both = place.call("train", place.write(SMALL, init={"from": "abc", "embeddings": "v.txt"}))
    assert both.code == 2
    assert "either from" in both.stderr
    path = place.write(SMALL, **tree_of(place))
    assert load_config(path, ["init.from=abc"]).config.init.embeddings is None
