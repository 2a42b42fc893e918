"""What a run freezes: no gradient, no state, no part in the norm; names are whole parts of a path, layers are counted through."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.config.errors import StepladderError
from research.config.schema import Config
from research.data.dataset import TextSplit
from research.data.split_memory import device_arrays
from research.models import MODELS
from research.tasks.sizes import Sizes
from research.train.frozen import check_freeze, combine_frozen, frozen_rows, partition_frozen
from research.train.update import Member, Program, jitted_initial_state, train_step

MIXERS = [{"kind": "gru"}, {"kind": "convolution"}]
STACK = {"kind": "language_model", "layers": 6, "width": 4, "mixer": MIXERS, "feed_forward": {"kind": "none"}}
NAMES = [(), ("embedding",), ("blocks",), ("blocks.0-2",), ("blocks.1", "output"), ("blocks.3.mixer.bias", "blocks.5")]


def config_of(*freeze: str, model=None, **words) -> Config:
    tree = {"data": {"kind": "shakespeare", "length": 4}, "model": model or STACK, "init": {"from": "x", "freeze": freeze}}
    return Config.model_validate(tree | words)


def parameters(config: Config):
    return jax.jit(lambda: MODELS[type(config.model)].init(config.model, jax.random.key(0), 5, 4))()


PARAMS = parameters(config_of())


@pytest.mark.parametrize("names", NAMES)
def test_parts_join_to_the_whole_and_have_every_number_once(names: tuple[str, ...]) -> None:
    frozen = frozen_rows(config_of(*names), PARAMS)
    trained, still = partition_frozen(frozen, PARAMS)
    jax.tree.map(np.testing.assert_array_equal, combine_frozen(frozen, trained, still), PARAMS)
    count = lambda tree: sum(leaf.size for leaf in jax.tree.leaves(tree))
    assert count(trained) + count(still) == count(PARAMS)
    assert (count(still) > 0) == bool(names)


def test_layers_are_counted_through_a_pattern_and_names_are_whole() -> None:
    """Of six layers gru and convolution in turn, layers 0 to 2 are two of the first kind and one of the second."""
    frozen = frozen_rows(config_of("blocks.0-2", "output"), PARAMS)
    gru, convolution = (block.mixer.bias.tolist() for block in frozen.blocks)
    assert (gru, convolution) == ([True, True, False], [True, False, False])
    assert frozen.output.all()
    assert not frozen.output_bias.any()
    assert not frozen_rows(config_of("block", "out", "embeddin"), PARAMS).output.any()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("embeding", "did you mean `embedding`"),
        ("blocks.6", "blocks"),
        ("blocks.0-6", "no parameter"),
        ("blocks.3-1", "no parameter"),
        ("out", "did you mean `output`"),
        ("blocks.1.mixer.recurrent_kernel", "no parameter"),
    ],
)
def test_a_name_of_nothing_is_an_error(name: str, says: str) -> None:
    with pytest.raises(StepladderError, match=says):
        check_freeze(config_of(name), PARAMS)


def test_freezing_everything_is_an_error() -> None:
    names = ("embedding", "blocks", "norm", "output")
    check_freeze(config_of(*names), PARAMS)  # the bias is left
    with pytest.raises(StepladderError, match="every parameter"):
        check_freeze(config_of(*names, "output_bias"), PARAMS)


def test_what_is_frozen_has_no_part_in_the_norm_that_clips_the_rest_and_no_state() -> None:
    """A step of clipped gradient descent is as long as rate times limit, whatever the gradient of what is frozen is."""
    small = {"kind": "feed_forward_lm", "context": 2, "width": 3, "hidden": 4}
    words = {"optim": {"kind": "sgd", "clip": 1e-3, "momentum": 0.5}, "train": {"steps": 1, "batch_size": 2}}
    config = config_of("embedding", "hidden", model=small, **words)
    program, member = Program(config, Sizes(5, 4), steps=1, steps_per_epoch=1), Member(jnp.uint32(0), jnp.float32(0.1), jnp.float32(0))
    arrays = device_arrays(TextSplit(np.arange(40, dtype=np.int32) % 5, np.zeros(40, np.int32)))
    before = jitted_initial_state(program, config.model, member)
    after, trace = jax.jit(lambda state: train_step(program, member, state, arrays))(before)
    change = jax.tree.map(lambda new, old: np.asarray(new) - np.asarray(old), after.params, before.params)
    np.testing.assert_allclose(np.sqrt(sum(np.square(leaf).sum() for leaf in jax.tree.leaves(change))), 1e-4, rtol=1e-3)
    assert not change.embedding.any()
    assert not change.hidden.any()
    assert change.hidden_bias.any()
    sizes = {leaf.size for leaf in jax.tree.leaves(after.optimiser)}
    assert sizes == {4, 20, 5}
    assert trace.sums.gradient_norm > 1e-3
