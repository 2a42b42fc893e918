"""What attention looks at: its weights as maps, and how far apart its logits lie."""

from functools import partial
from typing import cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree

from research.config.errors import StepladderError
from research.config.mixer import HeadsConfig
from research.config.node import Kinded
from research.data.batch_arrays import Batch
from research.models import MODELS
from research.nn.mixers import MIXERS


def attention_maps(
    config: Kinded, params: PyTree, tokens: Int[Array | np.ndarray, " t"], valid: Bool[Array | np.ndarray, " t"]
) -> Float[np.ndarray, "layers h t t"]:
    """The attention weights of one row, of every attention layer in order: a query attends to the keys of its line.

    Raises StepladderError for a model without attention, or whose layers differ in their number of heads.
    """
    offsets, mixers = _attention_offsets(config), MODELS[type(config)].observed_mixers(config)
    if len({cast(HeadsConfig, mixers[offset]).heads for offset in offsets}) > 1:
        raise StepladderError("The attention layers of this model differ in their number of heads, so their maps are no one array.")
    aux = _observe(config, params, jnp.asarray(tokens)[None], jnp.asarray(valid)[None])
    weights = _by_layer([aux[offset]["weights"] for offset in offsets])[:, 0]
    return np.asarray(weights[..., -len(tokens) :])  # a window's empty slots come before the row's own keys


def logit_deviation(config: Kinded, params: PyTree, batch: Batch) -> float:
    """The standard deviation of the attention logits of a row and head, over every query and the keys that it may attend to.

    The mean over layers, heads and rows that exist. Vaswani et al. 2017 (sec. 3.2.1): that of the plain dot product grows with the
    square root of the head's width. Raises StepladderError for a model without attention.
    """
    aux = _observe(config, params, jnp.asarray(batch.inputs), jnp.asarray(batch.valid))
    deviation = np.asarray(_by_layer([aux[offset]["logits_deviation"] for offset in _attention_offsets(config)]))
    return float(deviation[:, np.asarray(batch.valid).any(axis=1)].mean())


def _attention_offsets(config: Kinded) -> list[int]:
    """Where in the pattern attention stands."""
    mixers = MODELS[type(config)].observed_mixers(config) if type(config) in MODELS else ()
    offsets = [i for i, mixer in enumerate(mixers) if "weights" in MIXERS[type(mixer)].observes]
    if not offsets:
        raise StepladderError(f"A {config.kind} without attention has no attention weights or logits to look at.")
    return offsets


@partial(jax.jit, static_argnums=0)
def _observe(config: Kinded, params: PyTree, tokens: Int[Array, "b t"], valid: Bool[Array, "b t"]) -> tuple[dict[str, Array], ...]:
    """What each mixer of the pattern shows, stacked over the periods."""
    model = MODELS[type(config)]
    carry = model.empty(config, tokens.shape[0], 0, params.embedding.shape[0])
    aux: tuple[dict[str, Array], ...] = model.hidden(config, params, carry, tokens, valid, None, True)[2]
    return aux


def _by_layer(by_offset: list[Array]) -> Float[Array, "layers *n"]:
    """Stacks over the periods, one for each place in the pattern -> one stack over the layers, the first first."""
    periods = jnp.stack(by_offset, axis=1)
    return periods.reshape(-1, *periods.shape[2:])
