"""A lane of several cores: the same run, its batches shared by rows and its gradients added up, or all threads on one device."""

import jax
import numpy as np
import pytest
from tiny import DROPPED, ELMAN, TRANSFORMER, metrics, seeds_in, without_times

from research.config.schema import Config
from research.execute.environment import differences, environment
from research.machine import WORKERS, worker_count
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
    with pytest.MonkeyPatch.context() as patch:
        for name, tree in MODELS.items():
            path = shared_place.write(tree, f"cores_{name}", run={"log_every": 7})
            shared_place.done("train", path, runs="one_core")
            patch.setenv(WORKERS, "1")
            shared_place.done("train", path, runs="all_cores")
            shared_place.done("train", path, runs="again")
            patch.delenv(WORKERS)
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
