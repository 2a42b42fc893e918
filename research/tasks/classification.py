"""Tell the class of a whole sentence."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from research.config.schema import Config
from research.data.dataset import Dataset
from research.metrics.class_scores import CONFUSION, present_confusion
from research.metrics.item_values import measure_fields, measured_names, read_fields
from research.tasks.example_splits import example_splits
from research.tasks.language_modelling import ANY_GROUP
from research.tasks.latency_calls import whole_row_call
from research.tasks.membership import TokenMembership, sentence_membership
from research.tasks.outcomes import Outcomes, accuracies, by_item, group_parts, mean_loss, token_fields, token_sums
from research.tasks.sizes import Sizes
from research.tasks.symbols import SYMBOL_OUTCOMES, example_share, symbol_loss, symbol_outcome, token_nats
from research.tasks.task_kind import Metrics, Pooled, TaskKind, never_carries, no_finish, one_reading


def class_sizes(config: Config, data: Dataset) -> Sizes:
    """An output for each class."""
    return Sizes(data.vocabulary.size, data.train.inputs.shape[1], len(data.classes))  # type: ignore[union-attr]


def measure_classes(config: Config, name: str, outcomes: Outcomes, belongs: TokenMembership) -> dict[str, float]:
    """Loss, accuracy, what is made of counts of classes; the accuracy of a class is its recall. No perplexity, and of rules no loss."""
    shares = accuracies(outcomes["correct"], group_parts(belongs))
    assert belongs.groups is not None, "a sentence has a class"
    sums = token_sums(outcomes) | {CONFUSION.name: present_confusion(belongs.groups, outcomes["likeliest"])[None]}
    scores = measure_fields(read_fields(_classes(outcomes, belongs), sums))
    return mean_loss(outcomes) | {"accuracy": shares.pop("accuracy")} | scores | shares


def _classes(outcomes: Outcomes, belongs: TokenMembership) -> dict[str, np.ndarray]:
    assert belongs.groups is not None, "a sentence has a class"
    return {"class": belongs.groups.astype(np.int64), "predicted": outcomes["likeliest"].astype(np.int64)}


def class_items(name: str, outcomes: Outcomes, belongs: TokenMembership) -> dict[str, np.ndarray]:
    """Of each sentence, its class and the predicted one too."""
    return by_item(outcomes, belongs) | _classes(outcomes, belongs)


def class_metrics(config: Config, available: frozenset[str]) -> Metrics:
    """As `measure_classes` names them."""
    blank = np.zeros(1, np.int64)
    scores = measured_names({*token_fields(available), *read_fields({"class": blank, "predicted": blank}, {})})
    return Metrics((*(("loss",) if "nats" in available else ()), "accuracy", f"accuracy{ANY_GROUP}", *scores), ())


def pool_classes(data: Dataset, items: Sequence[Mapping[str, np.ndarray]], losses: Sequence[np.ndarray | None]) -> Pooled:
    """The predicted classes, the nats where all folds have them, and the accuracy of each fold."""
    classes, predicted = (np.concatenate([fold[field] for fold in items]) for field in ("class", "predicted"))
    assert np.array_equal(classes, data.sentences["test"].labels), "every sentence is in the test of one fold"
    fold_nats = [nats for nats in losses if nats is not None]
    outcomes: Outcomes = {"correct": predicted == classes, "likeliest": predicted.astype(np.int32)}
    if len(fold_nats) == len(losses):
        outcomes["nats"] = np.concatenate(fold_nats)
    return Pooled(outcomes, [float(np.mean(fold["predicted"] == fold["class"])) for fold in items])


CLASSIFICATION = TaskKind(
    sizes=class_sizes,
    scored_share=example_share,
    readings=one_reading,
    splits=partial(example_splits, sentence_membership),
    belongs=sentence_membership,
    carries=never_carries,
    loss=symbol_loss,
    outcome=symbol_outcome,
    outcomes=SYMBOL_OUTCOMES,
    measure=measure_classes,
    items=class_items,
    token_losses=token_nats,
    metrics=class_metrics,
    pool=pool_classes,
    finish=no_finish,
    call=whole_row_call,
)
