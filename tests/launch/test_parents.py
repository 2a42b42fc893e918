"""A run that starts from another's parameters."""

import random

import jax
import numpy as np
import pytest
from tiny import SMALL, Place, metrics, seeds_in, write_text

from research.config.loader import load_config
from research.config.schema import Config
from research.data.loading import load_dataset
from research.plan.resolve_plan import resolve_plan
from research.runs import store
from research.runs.merge import merge_sources
from research.runs.packs import PackContents, collect_pack, with_sources, write_pack
from research.runs.run_comparison import run_differences
from research.runs.run_state import RunId
from research.tasks.parameters import init_params
from research.tasks.registry import model_sizes
from research.train import checkpoint
from research.use.audit import audit_pack

ROWS = [
    {"label": "child", "init.from": "parent", "init.freeze": ["embedding", "output"], "optim.learning_rate": 1e-7, "train.steps": 1},
    {"label": "parent"},
]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parents")
    return Place(folder, write_text(folder))


@pytest.fixture(scope="module")
def family(place):
    """The child stands before its parent. It has been run."""
    path = place.write(SMALL, "family", optim={"learning_rate": 0.02}, seeds=2, sweep={"name": "family", "list": ROWS})
    place.done("sweep", path)
    return path


@pytest.fixture
def runs(place, family):
    """Every run that is there before a test."""
    return seeds_in(place.folder / "runs")


def parent_of(place, family):
    return next(cell for cell in resolve_plan(load_config(family), place.folder / "runs", None).cells if not cell.parents)


def final(run, config):
    template = jax.eval_shape(lambda: init_params(config, model_sizes(config, load_dataset(config.data)), jax.random.key(0)))
    return checkpoint.restore_checkpoint(run / "checkpoints", checkpoint.FINAL, template)


def score_of(run):
    return store.read_result(run)["metrics"]["test"]["loss"]


def test_a_child_starts_where_its_parent_ended(place, family, runs):
    plan = resolve_plan(load_config(family), place.folder / "runs", None)
    assert [cell.labels["label"] for cell in plan.cells] == ["parent", "child"]
    parent, child = plan.cells
    assert child.parents == (parent.cell_id,)
    for seed in (0, 1):
        before, after = (final(runs[f"{cell.cell_id}/seed-{seed}"], cell.config) for cell in (parent, child))
        losses = [score_of(runs[f"{cell.cell_id}/seed-{seed}"]) for cell in plan.cells]
        assert losses[0] == pytest.approx(losses[1], abs=1e-5)
        for name in ("embedding", "output"):
            np.testing.assert_array_equal(getattr(before, name), getattr(after, name))
        assert np.abs(before.output_bias - after.output_bias).any(), "another parameter, whatever its name begins with"
        assert 0 < np.abs(before.hidden - after.hidden).max() <= 2e-7
    first, second = (metrics(runs[f"{child.cell_id}/seed-{seed}"], "valid")[-1]["loss"] for seed in (0, 1))
    assert first != second


def test_another_parent_is_another_cell(place, family):
    parent = parent_of(place, family)
    path = place.write(SMALL, "later", init={"from": parent.cell_id[:8]}, train={"steps": 1, "batch_size": 4})
    (later,) = resolve_plan(load_config(path), place.folder / "runs", None).cells
    assert later.parents == (parent.cell_id,)
    assert later.config.init.source == parent.cell_id
    assert isinstance(later.config, Config)


def test_a_parent_without_parameters_is_told_before_anything_starts(place, family, tmp_path):
    """As it comes in a pack. A pack with checkpoints brings them, and the child is trained to the same numbers."""
    runs = place.folder / "runs"
    parent, child = resolve_plan(load_config(family), runs, None).cells
    for contents in (PackContents(), PackContents(checkpoints=True)):
        pack = tmp_path / f"{contents.checkpoints}.zip"
        write_pack(pack, collect_pack(runs, [RunId(parent.cell_id, seed) for seed in (0, 1)], [], contents).files)
        merge_sources([pack], tmp_path / "runs")
        called = place.call("sweep", family, runs=str(tmp_path / "runs"))
        if not contents.checkpoints:
            assert called.code == 2
            assert f"{parent.cell_id}/seed-0 has no parameters: it is a record without its checkpoints" in called.stderr
            assert not (tmp_path / "runs" / child.cell_id).exists()
    assert called.code == 0
    for seed in (0, 1):
        folders = [store.seed_folder(folder, child.cell_id, seed) for folder in (runs, tmp_path / "runs")]
        assert run_differences(*folders) == ()


def test_an_audit_of_a_child_does_its_parent_again_first(place, family, tmp_path):
    runs = place.folder / "runs"
    parent, child = resolve_plan(load_config(family), runs, None).cells
    drawn = with_sources([RunId(child.cell_id, 1)], runs)
    assert drawn == tuple(sorted([RunId(child.cell_id, 1), RunId(parent.cell_id, 1)]))
    write_pack(tmp_path / "a.zip", collect_pack(runs, drawn, [], PackContents()).files)
    seed = next(seed for seed in range(99) if random.Random(seed).sample(drawn, 1)[0].cell_id == child.cell_id)
    lines: list[str] = []
    audit = audit_pack(tmp_path / "a.zip", 1, seed, place.folder, lines.append)
    assert lines == [f"{cell.cell_id}/seed-1: equal" for cell in (parent, child)]
    assert audit.agrees


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"model": SMALL["model"] | {"width": 7}}, "embedding: expected (28, 7) float32, found (28, 6) float32"),
        (
            {"init": {"from": "parent", "freeze": ["embeding"]}},
            "init.freeze names 'embeding', which is no parameter of this model; did you mean",
        ),
        ({"data.vocabulary": {"size": 9}}, "was trained on another vocabulary"),
        ({"init.from": "nobody"}, "No run 'nobody'"),
        ({"init.from": "counts"}, "is no trained run (ngram)"),
    ],
)
def test_a_parent_that_does_not_fit_is_refused_before_anything_starts(place, runs, words, said):
    counts = {"label": "counts", "model": {"kind": "ngram", "order": 2}}
    rows = [{"label": "parent"}, counts, {"label": "child", "init.from": "parent"} | words]
    called = place.call("sweep", place.write(SMALL, sweep={"name": "family", "list": rows}))
    assert called.code == 2
    assert said in called.stderr
    assert seeds_in(place.folder / "runs") == runs


def test_parents_that_are_their_own_children_are_refused(place):
    rows = [{"label": "a", "init.from": "b"}, {"label": "b", "init.from": "a"}]
    called = place.call("sweep", place.write(SMALL, sweep={"name": "circle", "list": rows}))
    assert called.code == 2
    assert "start from each other in a circle" in called.stderr


CHILD = {"train": {"steps": 1, "batch_size": 4}}


def test_a_named_seed_is_the_parent_of_every_seed(place, family):
    runs = place.folder / "runs"
    parent = parent_of(place, family).cell_id
    frozen = {"from": f"{parent[:8]}/1", "freeze": ["embedding"]}
    path = place.write(SMALL, "named", init=frozen, seeds=[0, 1, 5], **CHILD)
    (child,) = resolve_plan(load_config(path), runs, None).cells
    assert (child.parents, child.parent_seed, child.config.init.source) == ((parent,), 1, f"{parent}/1")
    ids = {
        place.done("show", place.write(SMALL, "x", init=frozen | {"from": source}, seeds=1, **CHILD))["cells"][0]["cell_id"]
        for source in (parent, f"{parent}/0", f"{parent}/1")
    }
    assert len(ids) == 3
    place.done("train", path)
    given = final(seeds_in(runs)[f"{parent}/seed-1"], child.config).embedding
    for seed in (0, 1, 5):
        np.testing.assert_array_equal(final(seeds_in(runs)[f"{child.cell_id}/seed-{seed}"], child.config).embedding, given)


def test_a_seed_of_a_row_of_the_same_sweep(place):
    rows = [{"label": "child", "init.from": "parent/1"}, {"label": "parent"}]
    spec = place.write(SMALL, seeds=3, sweep={"name": "family", "list": rows})
    parent, child = resolve_plan(load_config(spec), place.folder / "runs", None).cells
    assert (child.parents, child.parent_seed) == ((parent.cell_id,), 1)


@pytest.mark.parametrize("source", ["parent/7", "{}", "{}/7"])
def test_a_parent_without_the_seeds_is_refused_before_anything_starts(place, family, runs, source):
    rows = [{"label": "child", "init.from": source.format(parent_of(place, family).cell_id)}, {"label": "parent"}]
    called = place.call("sweep", place.write(SMALL, seeds=3, sweep={"name": "family", "list": rows}, optim={"learning_rate": 0.5}))
    assert called.code == 2
    assert "seed" in called.stderr
    assert seeds_in(place.folder / "runs") == runs
