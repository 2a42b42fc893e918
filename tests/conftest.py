"""Shapes are checked while the tests run, and no array is broadcast by accident."""

import gc
import os

from surroundings import surroundings

ours = surroundings(os.environ)
for name in set(os.environ) - set(ours):
    del os.environ[name]
os.environ.update(ours)  # before jax is imported

import flax.struct
import jax
import pytest
from hypothesis import settings
from type_checks import install_checks

struct_dataclass = flax.struct.dataclass


def unchecked(cls, **words):
    """A pytree class also holds stacked layers, lanes, masks and shapes: what it holds is checked where a function takes it."""
    made = struct_dataclass(cls, **words)
    made.__no_type_check__ = True
    return made


flax.struct.dataclass = unchecked
install_checks("research")
jax.config.update("jax_numpy_rank_promotion", "raise")
gc.set_threshold(100_000, 20, 50)  # programs live long: looking for garbage among them was a sixth of what reading the tests took
settings.register_profile("without_a_clock", deadline=None, max_examples=50)  # a busy machine fails no property; each run draws anew
settings.load_profile("without_a_clock")


@pytest.fixture
def registering():
    """A test with this fixture may register kinds."""
    from registered import taken_back

    with taken_back():
        yield


def pytest_configure(config):
    """Workers of pytest-xdist take files in the order of `items`, not those of most tests first: one of two tests takes a minute."""
    config.option.loadscopereorder = False


def pytest_collection_modifyitems(items):
    """The tests of these folders train; others that do are marked in their files. What takes longest is begun first."""
    for item in items:
        if item.path.parent.name in ("launch", "train"):
            item.add_marker(pytest.mark.trains)
    gc.collect()
    gc.freeze()
    items.sort(key=lambda item: item.path.parent.name != "launch")
