"""What is drawn before training: an embedding of its own scale, and GPT-2's smaller residual branches."""

import jax
import numpy as np
import pytest
from pydantic import TypeAdapter

from research.config.schema import Model
from research.models import MODELS

UNIFORM = {"kind": "uniform", "scale": 0.25}
STACK = {"layers": 3, "width": 32, "mixer": {"kind": "attention"}}
KINDS = {
    "language model": (STACK | {"kind": "language_model"}, ()),
    "feed-forward": ({"kind": "feed_forward_lm"}, ()),
    "bag": ({"kind": "classifier", "encoder": {"kind": "bag", "layers": 1}}, ("encoder",)),
    "convolution": ({"kind": "classifier", "encoder": {"kind": "max_convolution"}}, ("encoder",)),
    "stack": ({"kind": "classifier", "encoder": STACK | {"kind": "stack"}}, ("encoder",)),
}


def drawn(tree):
    config = TypeAdapter(Model).validate_python(tree)
    sizes = (50, 6, 2) if tree["kind"] == "classifier" else (50, 6)
    params = MODELS[type(config)].init(config, jax.random.key(0), *sizes)
    return {jax.tree_util.keystr(path, simple=True, separator="."): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(params)}


@pytest.mark.parametrize("kind", KINDS)
def test_an_initialiser_of_the_embedding_draws_it_alone(kind):
    tree, inside = KINDS[kind]
    words = {"embedding_init": UNIFORM}
    plain, own = drawn(tree), drawn(tree | ({inside[0]: tree[inside[0]] | words} if inside else words))
    for name in plain:
        if name.split(".")[-1] != "embedding":
            np.testing.assert_array_equal(plain[name], own[name], err_msg=name)
            continue
        table = np.asarray(own[name])
        assert np.abs(table).max() <= 0.25
        np.testing.assert_allclose(table.std(), 0.25 / np.sqrt(3), rtol=0.05)


def test_what_writes_into_the_residual_stream_is_drawn_smaller_as_in_gpt_2():
    """Radford et al. 2019, sec. 2.3: 1/sqrt(N) of N residual layers, two for each of three blocks."""
    model = STACK | {"kind": "language_model", "init": {"kind": "normal", "scale": 0.02}}
    deviation = {name: float(leaf.std()) for name, leaf in drawn(model).items() if leaf.ndim > 2}
    written = {"blocks.0.mixer.out", "blocks.0.feed_forward.down"}
    assert written < deviation.keys()
    for name, found in deviation.items():
        np.testing.assert_allclose(found, 0.02 / np.sqrt(6) if name in written else 0.02, rtol=0.06, err_msg=name)
    without = drawn(model | {"residual": False})
    np.testing.assert_allclose(without["blocks.0.mixer.out"].std(), 0.02, rtol=0.05)
