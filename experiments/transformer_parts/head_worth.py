"""Of each head that looks at the source how sharp it is, how it differs from its neighbours, and what it is worth."""

from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from research.config.encoder_decoder import EncoderDecoderConfig, StackDecoder
from research.config.schema import Config
from research.data.batch_arrays import Batch, scored_index
from research.data.dataset import ExampleSplit
from research.tasks.symbols import symbol_outcome
from research.tasks.translating import source_attention
from research.use.open_run import OpenRun

from .analysis import HeadMeasures

PAIRS = 200  # of the test split


def measure_heads(run: OpenRun) -> HeadMeasures:
    """Of a run, over its first test pairs."""
    config, data, params = run.config, run.data, run.parameters
    assert isinstance(data.test, ExampleSplit)
    batch = first_pairs(data.test, PAIRS)
    model: Any = config.model
    weights = np.asarray(source_attention(model, params, batch.inputs, batch.valid, batch.source))
    loss = partial(_loss, config, batch)
    whole = float(loss(params))
    layers, heads = weights.shape[1:3]
    loss_increases = [[float(loss(without_head(model, params, layer, head))) - whole for head in range(heads)] for layer in range(layers)]
    exists = np.asarray(batch.weight) > 0
    return HeadMeasures(entropy(weights, exists), disagreement(weights, exists), np.array(loss_increases), whole)


def first_pairs(split: ExampleSplit, n: int) -> Batch:
    """The first pairs of a split as one batch."""
    index = scored_index(split.weight[:n])
    return Batch(split.inputs[:n], split.valid[:n], split.targets[:n], split.weight[:n], split.where[:n], index, split.source)


@partial(jax.jit, static_argnums=0)
def _loss(config: Config, batch: Batch, params: Any) -> Float[Array, ""]:
    nats = symbol_outcome(config, params, (), batch)[1]["nats"]
    return (nats * batch.weight).sum() / batch.weight.sum()


def without_head(model: EncoderDecoderConfig, params: Any, layer: int, head: int) -> Any:
    """The parameters with which what one head of cross-attention has seen goes nowhere."""
    decoder = model.decoder
    assert isinstance(decoder, StackDecoder), "heads are a stack's"
    blocks = list(params.decoder.blocks)
    repeat, place = divmod(layer, len(blocks))
    width = decoder.width // decoder.cross.heads
    cross = blocks[place].cross
    out = jnp.asarray(cross.out).at[repeat, head * width : (head + 1) * width].set(0)
    blocks[place] = replace(blocks[place], cross=replace(cross, out=out))
    return replace(params, decoder=replace(params.decoder, blocks=tuple(blocks)))


def entropy(weights: Float[np.ndarray, "n l h q s"], exists: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "l h"]:
    """In nats, the mean over the target positions that exist."""
    each = -(weights * np.log(np.where(weights > 0, weights, 1.0))).sum(axis=-1)
    return np.moveaxis(each, 3, 1)[exists].mean(axis=0)


def disagreement(weights: Float[np.ndarray, "n l h q s"], exists: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "l h"]:
    """Total variation distance from each other head of the layer, the mean over them; 0 where there is none."""
    layers, heads = weights.shape[1:3]
    pair_distances = np.zeros((layers, heads, heads))
    for a, b in combinations(range(heads), 2):
        distance = 0.5 * np.abs(weights[:, :, a] - weights[:, :, b]).sum(axis=-1)
        pair_distances[:, a, b] = pair_distances[:, b, a] = np.moveaxis(distance, 2, 1)[exists].mean(axis=0)
    return pair_distances.sum(axis=2) / max(1, heads - 1)
