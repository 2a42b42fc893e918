"""Lanes on an accelerator are `vmap`: on a CPU the same calls give, up to rounding, what a device for each lane gives."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.config.schema import Config
from research.data.dataset import TextSplit
from research.data.split_memory import device_arrays
from research.tasks.sizes import Sizes
from research.train import lanes
from research.train.update import Member, Program, abstract_state, jitted_initial_state, train_until

TYPES, N, STEPS, LANES = 11, 240, 5, 2
SMALL = {
    "data": {"kind": "pydoc", "length": 6},
    "model": {"kind": "feed_forward_lm", "context": 2, "width": 6, "hidden": 5},
    "train": {"steps": STEPS, "batch_size": 4},
}
RANDOM = np.random.default_rng(0)


@pytest.fixture(params=[False, True], ids=["devices", "vmap"])
def mesh(request, monkeypatch):
    """Two lanes, as a CPU has them and as an accelerator has."""
    monkeypatch.setattr(lanes, "_vectorised", lambda: request.param)
    assert lanes.lane_count(LANES) == LANES
    return lanes.lane_mesh(by_rows=True)


def values():
    return [{"a": RANDOM.normal(size=(3, 2)).astype(np.float32), "b": np.int32(i)} for i in range(LANES)]


def test_a_lane_holds_what_was_put_there(mesh):
    first, other = values(), values()
    joined = lanes.set_lane(lanes.stack_lanes(mesh, first), 1, other[1])
    for lane, expected in enumerate([first[0], other[1]]):
        jax.tree.map(np.testing.assert_array_equal, lanes.get_lane(joined, lane), expected)


def test_every_lane_computes_its_own_with_what_all_share(mesh):
    own, shared = values(), RANDOM.normal(size=(2, 4)).astype(np.float32)
    function = lambda value, shared: {"sum": value["a"] @ shared + value["b"], "more": shared * 2}
    mapped = lanes.over_lanes(mesh, function, shared=(1,))
    compiled = mapped.lower(lanes.abstract_lanes(mesh, own[0], LANES), lanes.abstract_shared(mesh, shared)).compile()
    results = compiled(lanes.stack_lanes(mesh, own), lanes.replicate(mesh, shared))
    for lane, value in enumerate(own):
        jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-6), lanes.get_lane(results, lane), function(value, shared))


def trained_in_lanes(until):
    """Two runs side by side, each up to a step of its own: states and traces."""
    program = Program(Config.model_validate(SMALL), Sizes(TYPES, 6), STEPS, steps_per_epoch=8)
    tokens = np.random.default_rng(1).integers(2, TYPES, N).astype(np.int32)
    arrays = device_arrays(TextSplit(tokens, np.zeros(N, np.int32)), 1)
    members = [Member(jnp.uint32(seed), jnp.float32(0.01), jnp.float32(0)) for seed in range(LANES)]
    states = [jitted_initial_state(program, program.config.model, member) for member in members]
    mesh = lanes.lane_mesh(by_rows=True)
    step = lanes.over_lanes(mesh, partial(train_until, program), shared=(2,), donate=(1,))
    member, state = abstract_state(program)
    abstract = partial(lanes.abstract_lanes, mesh, width=LANES)
    shapes = (abstract(member), abstract(state), lanes.abstract_shared(mesh, arrays), abstract(jax.ShapeDtypeStruct((), jnp.int32)))
    bounds = lanes.stack_lanes(mesh, [np.int32(bound) for bound in until])
    given = lanes.stack_lanes(mesh, members), lanes.stack_lanes(mesh, states), lanes.replicate(mesh, arrays), bounds
    result = step.lower(*shapes).compile()(*given)
    return [jax.tree.map(np.asarray, lanes.get_lane(result, lane)) for lane in range(LANES)], states


def test_runs_train_in_either_kind_of_lanes_to_the_same_parameters(monkeypatch):
    ended = {}
    for vectorised in (False, True):
        monkeypatch.setattr(lanes, "_vectorised", lambda vectorised=vectorised: vectorised)
        ended[vectorised], began = trained_in_lanes((STEPS, 2))
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-6), ended[True], ended[False])
    assert [int(state.step) for state, _ in ended[True]] == [STEPS, 2], "a lane whose bound is lower ends there"
    moved = jax.tree.map(lambda a, b: np.abs(a - np.asarray(b)).max(), ended[True][0][0].params, began[0].params)
    assert max(jax.tree.leaves(moved)) > 1e-3
