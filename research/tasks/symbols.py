"""Predict a symbol at each scored position, by cross-entropy: the loss and the outcomes that tasks of tokens, classes and targets share."""

from collections.abc import Mapping
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key, PyTree

from research.config.schema import Config
from research.data.batch_arrays import Batch
from research.data.dataset import Dataset, ExampleSplit
from research.models import MODELS
from research.tasks.outcomes import Outcomes
from research.tasks.position_scores import PositionScores, logit_scores
from research.tasks.task_kind import LossSums, Streams

SYMBOL_OUTCOMES: Mapping[str, type[np.generic]] = {"nats": np.float32, "correct": np.bool_, "likeliest": np.int32}


def symbol_loss(config: Config, params: PyTree, carry: PyTree, batch: Batch, streams: Streams) -> tuple[PyTree, LossSums]:
    """The cross-entropy of the scored positions' targets, plain as it is reported and smoothed as it is trained.

    Streams: "dropout". Label smoothing trains against (1 - s) one_hot + s uniform (Szegedy et al. 2016, sec. 7).
    """
    carry, scores = position_scores(config, params, carry, batch, streams("dropout"))
    return carry, symbol_sums(config, scores, batch)


def symbol_sums(config: Config, scores: PositionScores, batch: Batch) -> LossSums:
    """What is summed of the scores of a batch."""
    smoothing = config.train.label_smoothing
    smoothed = (1 - smoothing) * scores.nats + smoothing * scores.uniform if smoothing else scores.nats
    return LossSums((smoothed * batch.weight).sum(), batch.weight.sum(), (scores.nats * batch.weight).sum())


def symbol_outcome(config: Config, params: PyTree, carry: PyTree, batch: Batch) -> tuple[PyTree, dict[str, Array]]:
    """Nats of each target, the likeliest symbol there, and whether it is the target."""
    carry, scores = position_scores(config, params, carry, batch, None)
    return carry, {"nats": scores.nats, "correct": scores.likeliest == batch.targets, "likeliest": scores.likeliest}


def position_scores(
    config: Config, params: PyTree, carry: PyTree, batch: Batch, key: Key[Array, ""] | None
) -> tuple[PyTree, PositionScores]:
    """The carry, and the scores of the scored positions; without a key (evaluation) the logits are of a product in float32."""
    model = MODELS[type(config.model)]
    if model.read:
        return _target_scores(config, params, batch, key)
    carry, h, _ = model.hidden(config.model, params, carry, batch.inputs, batch.valid, key, False)
    if batch.where is not None:
        h = jnp.take_along_axis(h, batch.where[..., None], axis=1)
    kernel, bias = model.output(config.model, params, key is None)
    return carry, logit_scores(h, kernel, bias, batch.targets)


def _target_scores(config: Config, params: PyTree, batch: Batch, key: Key[Array, ""] | None) -> tuple[tuple[()], PositionScores]:
    """The same of a decoder that begins where an encoder ended: every position of the target is scored, and nothing is carried on."""
    model, source = MODELS[type(config.model)], batch.source
    keys = (None, None) if key is None else tuple(jax.random.split(key))
    carry = model.read(config.model, params, batch.inputs[:, :source], batch.valid[:, :source], keys[0])
    _, h, _ = model.hidden(config.model, params, carry, batch.inputs[:, source:], batch.valid[:, source:], keys[1], False)
    kernel, bias = model.output(config.model, params, key is None)
    return (), logit_scores(h, kernel, bias, batch.targets)


def with_scheduled_sampling(config: Config, params: PyTree, carry: PyTree, batch: Batch, key: Key[Array, ""]) -> Batch:
    """The batch of pairs with some of the target's symbols replaced, as inputs, by what the model predicts there (Bengio et al. 2015).

    Predictions come of a first pass that reads the true symbols, so that both passes are parallel (Mihaylova & Martins 2019, sec. 3.2);
    the paper draws one symbol after another. The rate is constant, and what is replaced has no gradient.
    """
    likeliest = position_scores(config, params, carry, batch, None)[1].likeliest[:, :-1]
    sampled = jax.random.bernoulli(key, config.train.scheduled_sampling, likeliest.shape)
    target = batch.source + 1
    inputs = jnp.where(sampled, likeliest, batch.inputs[:, target:])
    return replace(batch, inputs=batch.inputs.at[:, target:].set(inputs))


def example_share(config: Config, data: Dataset) -> float:
    """The share of input positions that are scored, of examples."""
    assert isinstance(data.train, ExampleSplit)
    return float(data.train.where.shape[1] / data.train.inputs.shape[1])


def token_nats(name: str, outcomes: Outcomes) -> np.ndarray | None:
    """The nats of each token of validation and test; None of a model without probabilities."""
    return outcomes.get("nats")
