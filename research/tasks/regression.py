"""Tell a number of a whole sentence, by squared error.

A network predicts a standard number, whose mean and deviation over the training split are 0 and 1: at the rates that train it, its output
would take very long to reach numbers as far apart as 0 and 100. The scale is a constant of the training split, and stands in the batch.
The loss and all metrics are in the data's own units.
"""

from collections.abc import Mapping, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key, PyTree

from research.config.schema import Config
from research.data.batch_arrays import Batch
from research.data.dataset import Dataset, ExampleSplit
from research.metrics.item_values import measure_fields, measured_names, read_fields
from research.models import MODELS
from research.tasks.example_splits import example_splits
from research.tasks.language_modelling import ANY_GROUP
from research.tasks.latency_calls import whole_row_call
from research.tasks.membership import TokenMembership, rated_membership, sentence_membership, with_ratings
from research.tasks.outcomes import Outcomes, by_item, group_parts, token_fields, token_sums
from research.tasks.sizes import Sizes
from research.tasks.symbols import example_share
from research.tasks.task_kind import (
    LossSums,
    Metrics,
    Pooled,
    SplitToScore,
    Streams,
    TaskKind,
    never_carries,
    no_finish,
    one_reading,
)

NUMBER_OUTCOMES: Mapping[str, type[np.generic]] = {"predicted": np.float32}  # a standard number by the scale of training


def number_sizes(config: Config, data: Dataset) -> Sizes:
    """One output."""
    assert isinstance(data.train, ExampleSplit), "a rated sentence is an example"
    return Sizes(data.vocabulary.size, data.train.inputs.shape[1], 1)


def rated_splits(config: Config, data: Dataset) -> dict[str, SplitToScore]:
    """The sentences of validation and of test, with their numbers."""
    splits = example_splits(sentence_membership, config, data)
    return {name: split._replace(belongs=with_ratings(split.belongs, data, name)) for name, split in splits.items()}


def predict_standard(
    config: Config, params: PyTree, carry: PyTree, batch: Batch, key: Key[Array, ""] | None
) -> tuple[PyTree, Float[Array, "b 1"]]:
    """The carry, and a standard number of each row; without a key there is no dropout."""
    model = MODELS[type(config.model)]
    carry, h, _ = model.hidden(config.model, params, carry, batch.inputs, batch.valid, key, False)
    return carry, model.logits(config.model, params, h)[..., 0]


def squared_error(config: Config, params: PyTree, carry: PyTree, batch: Batch, streams: Streams) -> tuple[PyTree, LossSums]:
    """The squared error of standard numbers as it is minimised, and in the data's own units as it is reported. Streams: "dropout"."""
    carry, predicted = predict_standard(config, params, carry, batch, streams("dropout"))
    objective = (jnp.square(predicted - batch.targets) * batch.weight).sum()
    return carry, LossSums(objective, batch.weight.sum(), objective * batch.scale.deviation**2)


def number_outcome(config: Config, params: PyTree, carry: PyTree, batch: Batch) -> tuple[PyTree, dict[str, Array]]:
    """The standard number of each row."""
    carry, predicted = predict_standard(config, params, carry, batch, None)
    return carry, {"predicted": predicted}


def own_units(outcomes: Outcomes, belongs: TokenMembership) -> Float[np.ndarray, " n"]:
    """What is predicted, in the data's own units."""
    return belongs.scale.mean + belongs.scale.deviation * outcomes["predicted"].astype(np.float64)


def measure_numbers(config: Config, name: str, outcomes: Outcomes, belongs: TokenMembership) -> dict[str, float]:
    """The mean squared error, which is the loss, in all and within each slice; correlations, such as Pearson's and Spearman's.

    A correlation is 0 where the predictions, or the numbers, are all equal.
    """
    assert belongs.ratings is not None, "a rated sentence has a number"
    predicted = own_units(outcomes, belongs)
    errors = np.square(predicted - belongs.ratings)
    mse = float(errors.mean())
    scores = measure_fields(read_fields({"rating": belongs.ratings, "predicted": predicted}, token_sums({"nats": errors})))
    parts = {f"mse_at_{part}": float(errors[members].mean()) for part, members in group_parts(belongs)}
    return {"loss": mse, "mse": mse} | scores | parts


def number_items(name: str, outcomes: Outcomes, belongs: TokenMembership) -> dict[str, np.ndarray]:
    """Of each sentence its squared error, its number and the predicted one."""
    assert belongs.ratings is not None, "a rated sentence has a number"
    predicted = own_units(outcomes, belongs)
    items = by_item({"nats": np.square(predicted - belongs.ratings)}, belongs)
    return items | {"rating": belongs.ratings, "predicted": predicted}


def no_token_losses(name: str, outcomes: Outcomes) -> None:
    """Nothing is kept of each token: no mixture is made of numbers."""
    return None


def number_metrics(config: Config, available: frozenset[str]) -> Metrics:
    """As `measure_numbers` names them."""
    blank = np.zeros(1)
    scores = measured_names({*token_fields(frozenset({"nats"})), *read_fields({"rating": blank, "predicted": blank}, {})})
    return Metrics(("loss", "mse", *scores, f"mse{ANY_GROUP}"), ())


def pool_numbers(data: Dataset, items: Sequence[Mapping[str, np.ndarray]], losses: Sequence[np.ndarray | None]) -> Pooled:
    """The predictions of all folds by the scale of all sentences, and the mean squared error of each fold."""
    assert isinstance(data.train, ExampleSplit), "a rated sentence is an example"
    ratings, predicted = (np.concatenate([fold[field] for fold in items]) for field in ("rating", "predicted"))
    assert np.array_equal(ratings, data.sentences["test"].labels), "every sentence is in the test of one fold"
    standard = (predicted - data.train.scale.mean) / data.train.scale.deviation
    return Pooled({"predicted": standard}, [float(fold["loss"].mean()) for fold in items])


REGRESSION = TaskKind(
    sizes=number_sizes,
    scored_share=example_share,
    readings=one_reading,
    splits=rated_splits,
    belongs=rated_membership,
    carries=never_carries,
    loss=squared_error,
    outcome=number_outcome,
    outcomes=NUMBER_OUTCOMES,
    measure=measure_numbers,
    items=number_items,
    token_losses=no_token_losses,
    metrics=number_metrics,
    pool=pool_numbers,
    finish=no_finish,
    call=whole_row_call,
)
