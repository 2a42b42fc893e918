"""Every kind of a part has an entry, whose vectors have the shape that goes in."""

from collections.abc import Mapping
from typing import Any, get_args

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from research.config.fields import member_classes
from research.config.mixer import Cache, RecurrentInit
from research.config.model import FeedForward, FeedForwardKind, Initialiser, NoFeedForward, Norm
from research.nn.attention_caches import CACHES
from research.nn.feed_forward import FEED_FORWARDS, feed_forward, feed_forward_flops, init_feed_forward
from research.nn.initialisers import INITIALISERS
from research.nn.norm import NORMS
from research.nn.recurrent_cells import RECURRENT_INITS

X = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)


@pytest.mark.parametrize(
    ("kinds", "entries"),
    [(Norm, NORMS), (Initialiser, INITIALISERS), (Cache, CACHES), (RecurrentInit, RECURRENT_INITS)],
    ids=["norms", "initialisers", "caches", "recurrent kernels"],
)
def test_every_kind_has_an_entry(kinds: Any, entries: Mapping[type, Any]) -> None:
    assert set(entries) == set(member_classes(kinds))


def test_every_kind_of_feed_forward_layer_has_an_entry() -> None:
    kinds = {kind for config in member_classes(FeedForwardKind) for kind in get_args(config.model_fields["kind"].annotation)}
    assert set(FEED_FORWARDS) == kinds


@pytest.mark.parametrize("kind", NORMS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("number_type", [jnp.float32, jnp.bfloat16])
def test_a_norm_keeps_shape_and_type(kind: type, number_type: Any) -> None:
    x = jnp.asarray(X, number_type)
    y = NORMS[kind].apply(NORMS[kind].init(4), x)
    assert (y.shape, y.dtype) == (x.shape, x.dtype)


@pytest.mark.parametrize("kind", [kind for kind in FEED_FORWARDS if kind != "none"])
def test_a_layers_flops_are_those_of_its_matrices(kind: str) -> None:
    config = FeedForward(kind=kind, width=6)  # type: ignore[arg-type]
    params = init_feed_forward(config, jax.random.key(0), 4)
    matrices = sum(leaf.size for leaf in jax.tree.leaves(params) if leaf.ndim == 2)
    assert feed_forward_flops(config, 4) == 2 * matrices
    assert feed_forward(config, params, jnp.asarray(X)).shape == X.shape


def test_no_layer_has_no_parameters_costs_nothing_and_adds_nothing() -> None:
    config = NoFeedForward(kind="none")
    assert init_feed_forward(config, jax.random.key(0), 4) == ()
    assert feed_forward_flops(config, 4) == 0
    assert not np.asarray(feed_forward(config, (), jnp.asarray(X))).any()
