"""Predict a symbol: the next token of a text or a generated example, or the class of a sentence. The task of every trained model here.

A task is `init_params`, `empty_carry`, `loss` and `evaluate`, and is all that training knows of a model.
"""

from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from research.config.data import TextCorpus
from research.config.encoder_decoder import EncoderDecoderConfig
from research.config.schema import Config
from research.data.batches import Batch
from research.data.dataset import Dataset, TextSplit
from research.models import MODELS
from research.tasks.position_scores import PositionScores, logit_scores


class Sizes(NamedTuple):
    """What a model must know of the data: how many symbols, how many tokens a training window has, and how many classes if any.

    Of pairs also how many of the tokens are the source's, how many symbols are the target's, and the number of the source's first.
    """

    vocabulary: int
    length: int
    classes: int = 0
    source: int = 0
    targets: int = 0
    first_source: int = 0


def init_params(config: Config, sizes: Sizes, key: Key[Array, ""]) -> Any:
    """The parameters of a model before training."""
    return MODELS[type(config.model)].init(config.model, key, *init_sizes(config.model, sizes))


def init_sizes(model: Any, sizes: Sizes) -> tuple[int, ...]:
    """What `init_params` of a model is given: the number of classes where there are any, and the sides where there is an encoder."""
    if isinstance(model, EncoderDecoderConfig):
        return sizes.vocabulary, sizes.length - sizes.source, sizes.source, sizes.targets, sizes.first_source
    return sizes[:3] if sizes.classes else sizes[:2]


def empty_carry(config: Config, sizes: Sizes, batch: int, capacity: int = 0) -> Any:
    """The carry of `batch` rows before their first token."""
    return MODELS[type(config.model)].empty(config.model, batch, capacity, sizes.vocabulary)


def scored_share(data: Dataset) -> float:
    """The share of input positions that pay for the output layer in training."""
    return 1.0 if isinstance(data.train, TextSplit) else data.train.where.shape[1] / data.train.inputs.shape[1]


def loss(
    config: Config, params: Any, carry: Any, batch: Batch, key: Key[Array, ""], sampling: Key[Array, ""] | None = None
) -> tuple[Float[Array, ""], Float[Array, ""], Any, dict[str, Float[Array, ""]]]:
    """The training loss summed over scored tokens, their weight, the carry, and the plain cross-entropy among the metrics.

    `key` is for dropout, `sampling` for `train.scheduled_sampling`. Label smoothing trains against (1 - s) one_hot + s uniform (Szegedy
    et al. 2016, sec. 7).
    """
    if config.train.scheduled_sampling:
        assert sampling is not None, "a stream of its own"
        batch = with_scheduled_sampling(config, params, carry, batch, sampling)
    carry, position_scores = _scores(config, params, carry, batch, key)
    smoothing = config.train.label_smoothing
    smoothed = (1 - smoothing) * position_scores.nats + smoothing * position_scores.uniform if smoothing else position_scores.nats
    return (smoothed * batch.weight).sum(), batch.weight.sum(), carry, {"loss": (position_scores.nats * batch.weight).sum()}


def with_scheduled_sampling(config: Config, params: Any, carry: Any, batch: Batch, key: Key[Array, ""]) -> Batch:
    """The batch of pairs with some of the target's symbols replaced, as inputs, by what the model predicts there (Bengio et al. 2015).

    Predictions come of a first pass that reads the true symbols, so that both passes are parallel (Mihaylova & Martins 2019, sec. 3.2);
    the paper draws one symbol after another. The rate is constant, and what is replaced has no gradient.
    """
    likeliest = _scores(config, params, carry, batch, None)[1].likeliest[:, :-1]
    sampled = jax.random.bernoulli(key, config.train.scheduled_sampling, likeliest.shape)
    target = batch.source + 1
    inputs = jnp.where(sampled, likeliest, batch.inputs[:, target:])
    return replace(batch, inputs=batch.inputs.at[:, target:].set(inputs))


def evaluate(config: Config, params: Any, carry: Any, batch: Batch) -> tuple[Float[Array, "b q"], Int[Array, "b q"], Any]:
    """Nats of each scored token and the likeliest symbol there, without dropout; where the weight is zero they mean nothing."""
    carry, position_scores = _scores(config, params, carry, batch, None)
    return position_scores.nats, position_scores.likeliest, carry


@partial(jax.jit, static_argnums=0)
def class_logits(model: Any, params: Any, tokens: Int[Array, "b t"], valid: Bool[Array, "b t"]) -> Float[Array, "b c"]:
    """Of a trained classifier, without dropout."""
    kind = MODELS[type(model)]
    return kind.logits(model, params, kind.hidden(model, params, (), tokens, valid, None, False)[1])[:, 0]


def carries_state(config: Config) -> bool:
    """Whether the carry of one batch is the start of the next: contiguous columns (truncated back-propagation)."""
    return isinstance(config.data, TextCorpus) and config.data.batches == "columns"


def _scores(config: Config, params: Any, carry: Any, batch: Batch, key: Array | None) -> tuple[Any, PositionScores]:
    """The carry, and the scores of the scored positions; without a key (evaluation) the logits are of a product in float32."""
    model = MODELS[type(config.model)]
    if model.read:
        return _target_scores(config, params, batch, key)
    carry, h, _ = model.hidden(config.model, params, carry, batch.inputs, batch.valid, key, False)
    if batch.where is not None:
        h = jnp.take_along_axis(h, batch.where[..., None], axis=1)
    kernel, bias = model.output(config.model, params, key is None)
    return carry, logit_scores(h, kernel, bias, batch.targets)


def _target_scores(config: Config, params: Any, batch: Batch, key: Array | None) -> tuple[tuple[()], PositionScores]:
    """The same of a decoder that begins where an encoder ended: every position of the target is scored, and nothing is carried on."""
    model, source = MODELS[type(config.model)], batch.source
    keys = (None, None) if key is None else tuple(jax.random.split(key))
    carry = model.read(config.model, params, batch.inputs[:, :source], batch.valid[:, :source], keys[0])
    _, h, _ = model.hidden(config.model, params, carry, batch.inputs[:, source:], batch.valid[:, source:], keys[1], False)
    kernel, bias = model.output(config.model, params, key is None)
    return (), logit_scores(h, kernel, bias, batch.targets)


def stop_gradient(carry: Any) -> Any:
    """Truncated back-propagation: the state goes on, the gradient stops."""
    return jax.tree.map(jax.lax.stop_gradient, carry)
