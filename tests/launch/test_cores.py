"""A lane of several cores: the same run, its batches shared by rows and its gradients added up, or all threads on one device."""

import json

import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny import DROPPED, ELMAN, TRANSFORMER, metrics, seeds_in, without_times

from research.config.schema import Config
from research.execute.environment import differences, environment
from research.machine import WORKERS, worker_count
from research.plan.price import cores_for_a_run
from research.plan.work_plan import read_work_plan
from research.train import engine, lanes

WIDE = ELMAN | {"model": ELMAN["model"] | {"width": 12}}
MODELS = {"recurrent": ELMAN, "wide_recurrent": WIDE, "windows": DROPPED}


@pytest.fixture(scope="module", autouse=True)
def a_kernel_of_12_is_large():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "LARGE_KERNEL", 4 * 10**2)
        yield


def test_a_lane_has_the_cores_that_are_left_over(monkeypatch):
    devices = len(jax.devices())
    assert (lanes.lane_count(5), lanes.cores_per_lane()) == (devices, 1)
    monkeypatch.setenv(WORKERS, "1")
    assert (lanes.lane_count(5), lanes.cores_per_lane()) == (1, devices)
    assert [worker_count(n) for n in (1, 2, 8)] == [1, 1, 1]
    monkeypatch.setenv(WORKERS, "3")
    assert [worker_count(n) for n in (3, 6, 8)] == [3, 3, 8]


def test_a_large_recurrent_kernel_has_all_threads_on_one_device_and_other_models_share_their_rows(monkeypatch):
    monkeypatch.setenv(WORKERS, "1")
    every = MODELS | {"transformer": TRANSFORMER}
    configs = {name: Config.model_validate({"data": {"kind": "pydoc"}, "model": tree["model"]}) for name, tree in every.items()}
    cores = {name: engine.config_mesh(config).shape["core"] for name, config in configs.items()}
    every_core = len(jax.devices())
    assert cores == {"recurrent": every_core, "wide_recurrent": 1, "windows": every_core, "transformer": every_core}


@pytest.mark.parametrize("by_rows", [True, False])
def test_what_is_in_a_lane_comes_out_of_it(monkeypatch, by_rows):
    monkeypatch.setenv(WORKERS, "1")
    joined = lanes.stack_lanes(lanes.lane_mesh(by_rows), [{"a": np.arange(3.0)}])
    np.testing.assert_array_equal(lanes.get_lane(joined, 0)["a"], np.arange(3.0))
    other = lanes.set_lane(joined, 0, {"a": np.ones(3)})
    np.testing.assert_array_equal(lanes.get_lane(other, 0)["a"], np.ones(3))
    np.testing.assert_array_equal(lanes.get_lane(joined, 0)["a"], np.arange(3.0))


@pytest.fixture(scope="module")
def runs(shared_place):
    """Models with a carry and without, dropout in each, on one core a run, and twice on all of them."""
    for name, tree in MODELS.items():
        path = shared_place.write(tree, f"cores_{name}", run={"log_every": 7})
        shared_place.done("train", path, runs="one_core")
        shared_place.done("train", path, "--workers", "1", runs="all_cores")
        shared_place.done("train", path, "--workers", "1", runs="again")
    lanes.use_cores_per_lane(1)
    return {name: seeds_in(shared_place.folder / name) for name in ("one_core", "all_cores", "again")}


def test_the_numbers_are_those_of_one_core_up_to_rounding(runs):
    assert len(runs["one_core"]) == len(MODELS)
    for name, folder in runs["one_core"].items():
        for split in ("train", "valid"):
            alone, shared = (metrics(path, split) for path in (folder, runs["all_cores"][name]))
            assert len(alone) == len(shared) > 1
            np.testing.assert_allclose([line["loss"] for line in shared], [line["loss"] for line in alone], rtol=2e-5)


def test_their_bits_are_the_same_each_time(runs):
    assert runs["all_cores"].keys() == runs["again"].keys()
    for name, folder in runs["all_cores"].items():
        assert without_times(folder) == without_times(runs["again"][name])


def test_another_number_of_cores_is_said(monkeypatch):
    before = environment()
    monkeypatch.setenv(WORKERS, "1")
    cores = len(jax.devices())
    assert differences(before, environment()) == (f"cores_of_a_run was 1, is {cores}" if cores > 1 else "")


def test_a_plan_says_how_many_cores_a_run_has_and_keeps_it(shared_place):
    """Whoever takes a plan up again computes with as many, unless --workers says otherwise; then that is kept."""
    (manifest,) = (json.loads(path.read_text()) for path in (shared_place.folder / "all_cores" / "sweeps").glob("cores_recurrent-*.json"))
    assert manifest["cores"] == len(jax.devices())
    assert read_work_plan(manifest).cores == len(jax.devices())
    path = shared_place.folder / "cores_recurrent.toml"
    shared_place.done("train", path, runs="all_cores")
    (again,) = (json.loads(path.read_text()) for path in (shared_place.folder / "all_cores" / "sweeps").glob("cores_recurrent-*.json"))
    assert again["cores"] == manifest["cores"]
    (alone,) = (json.loads(path.read_text()) for path in (shared_place.folder / "one_core" / "sweeps").glob("cores_recurrent-*.json"))
    assert alone["cores"] == 1


@given(st.lists(st.tuples(st.floats(0.0, 1e4), st.sampled_from([None, "a", "b", "c"])), max_size=6), st.integers(1, 16))
def test_all_cores_are_for_one_run_where_each_program_has_one_and_it_ends_sooner_so(runs, cores):
    programs = [program for _, program in runs if program]
    chosen = cores_for_a_run(runs, cores)
    assert chosen in (1, cores)
    if len(set(programs)) < len(programs) or not programs:
        assert chosen == 1
    elif cores > 1 and all(seconds > 1e3 for seconds, program in runs if program):
        assert chosen == cores
    assert chosen == cores_for_a_run(runs[::-1], cores)
