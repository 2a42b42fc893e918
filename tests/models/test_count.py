"""Parameters counted on real leaves; FLOPs by formula against what XLA counts in the compiled program."""

import jax
import numpy as np
import pytest
from whole_models import CONFIGS, LENGTH, VOCABULARY, model

from research.config.fields import classes_by_kind
from research.config.mixer import Heads, ScaledDotScore
from research.laws.model_laws import flops_fault
from research.models import MODELS
from research.models.count import count_parameters, flops_per_token
from research.nn.mixers import MIXERS
from research.nn.score_functions import SCORES


@pytest.mark.parametrize("name", CONFIGS)
def test_parameters_are_the_leaves_that_are_drawn(name):
    config = CONFIGS[name]
    p = jax.eval_shape(lambda: MODELS[type(config)].init(config, jax.random.key(0), VOCABULARY, LENGTH))
    leaves = {jax.tree_util.keystr(path, simple=True): leaf.size for path, leaf in jax.tree_util.tree_leaves_with_path(p)}
    outside = ("embedding", "position", "output", "output_bias", "direct")
    counted = count_parameters(config, VOCABULARY, LENGTH)
    assert counted.total == sum(leaves.values())
    assert counted.body == sum(size for path, size in leaves.items() if path not in outside)


WIDE = {"kind": "language_model", "layers": 1, "width": 128}
ATTENTION = {"kind": "attention", "heads": 4}
NONE = {"kind": "none"}
WIDE_MODELS = {
    **{kind: {**WIDE, "mixer": {"kind": kind}, "feed_forward": NONE} for kind in classes_by_kind(tuple(MIXERS))},
    **{
        f"{kind}, wide heads": {**WIDE, "mixer": {"kind": kind, "heads": 2, "head_width": 96}, "feed_forward": NONE}
        for kind, node in classes_by_kind(tuple(MIXERS)).items()
        if issubclass(node, Heads)
    },
    "convolution, relu": {**WIDE, "mixer": {"kind": "convolution", "window": 3}, "feed_forward": {"kind": "relu"}},
    "scaled_dot, swiglu": {**WIDE, "mixer": ATTENTION, "feed_forward": {"kind": "swiglu", "width": 300}},
    "bilinear": {**WIDE, "mixer": {**ATTENTION, "heads": 1, "score": {"kind": "bilinear"}}, "feed_forward": NONE},
    "mlp": {**WIDE, "mixer": {**ATTENTION, "score": {"kind": "mlp", "width": 64}}, "feed_forward": NONE},
    "no projections": {**WIDE, "mixer": {**ATTENTION, "projections": False}, "feed_forward": NONE},
    "window": {**WIDE, "mixer": {**ATTENTION, "cache": {"kind": "window", "size": 9}}, "feed_forward": NONE},
    "pattern": {**WIDE, "layers": 2, "mixer": ({"kind": "convolution"}, ATTENTION), "feed_forward": NONE},
    "feed-forward, direct": {"kind": "feed_forward_lm", "width": 64, "hidden": 128, "direct": True},
}


@pytest.mark.parametrize("name", WIDE_MODELS)
def test_flops_are_those_that_xla_counts(name):
    assert flops_fault(model(WIDE_MODELS[name])) is None


def test_depth_multiplies_the_flops_of_a_period():
    pattern = model(WIDE_MODELS["pattern"])
    deep = pattern.model_copy(update={"layers": 6})
    output = 2 * 128 * 256
    np.testing.assert_allclose(flops_per_token(deep, 256, 16) - output, 3 * (flops_per_token(pattern, 256, 16) - output))


def test_the_output_layer_is_paid_for_scored_tokens_alone():
    config = model(WIDE_MODELS["lstm"])
    assert flops_per_token(config, 256, 16) - flops_per_token(config, 256, 16, scored=0.25) == 0.75 * 2 * 128 * 256


def test_a_score_costs_what_its_own_entry_says(monkeypatch):
    """Dearer by 1000 for a query and head: nothing falls back on another score's formula."""
    config = model(WIDE_MODELS["scaled_dot, swiglu"])
    before = flops_per_token(config, 256, 16)
    entry = SCORES[ScaledDotScore]
    monkeypatch.setitem(SCORES, ScaledDotScore, entry._replace(flops=lambda *sizes: entry.flops(*sizes) + 1000))
    assert flops_per_token(config, 256, 16) == before + 4 * 1000
    monkeypatch.delitem(SCORES, ScaledDotScore)
    with pytest.raises(KeyError):
        flops_per_token(config, 256, 16)
