"""Which metric of validation chooses: checked against what runs will have, before the first is started."""

from collections.abc import Sequence

import numpy as np

from research.config.classify import BagOfWords, NGramClassifier
from research.config.data import Text
from research.config.errors import StepladderError, did_you_mean
from research.config.model import Interpolation, NGram
from research.config.rules import Rules
from research.config.schema import Config
from research.data.dataset import Dataset
from research.launch.belonging import belongs
from research.results.measures import on_validation
from research.tasks.classifying import believes
from research.train.evaluate import Scores, measure

FALLBACKS = ("valid.loss", "valid.accuracy")  # where the reported metric exists on the test split alone


def valid_names(config: Config, data: Dataset) -> set[str]:
    """The metrics of validation that a run of this config has; none where a fold is trained without validation."""
    held = belongs(data, "valid")
    n, model = len(held.items), config.model
    if not n:
        return set()
    nats = None if isinstance(model, Rules | BagOfWords | NGramClassifier) and not believes(model) else np.zeros(n)
    counted = isinstance(model, Interpolation) or (isinstance(model, NGram) and isinstance(config.data, Text))
    correct = None if counted else np.zeros(n, bool)
    likeliest = None if held.groups is None else np.zeros(n, np.int32)
    return {f"valid.{name}" for name in measure(Scores(nats, correct, likeliest), config.data, held)}


def resolve_select(select: str | None, metric: str, names: Sequence[tuple[str, set[str]]]) -> str:
    """The metric that chooses among the values of `tune`: `select`, or the reported metric on validation, or the loss.

    `names`: of each tuned row, its name and its metrics of validation. Raises StepladderError where a row does not have it.
    """
    common = set.intersection(*(have for _, have in names)) if names else set[str]()
    if select is None:
        wanted = (on_validation(metric), *FALLBACKS)
        select = next((name for name in wanted if name in common or not names), None)
        if select is None:
            raise StepladderError(
                f"sweep.tune: the tuned rows have no metric of validation in common that {metric} could be chosen by; name one as "
                f"sweep.select. In common they have {', '.join(sorted(common)) or 'none'}."
            )
    for row, have in names:
        if select not in have:
            raise StepladderError(f"sweep.select = {select}: the row {row} has no such metric of validation{_offer(select, have)}")
    return select


def check_checkpoint_metric(config: Config, data: Dataset, row: str) -> None:
    """`train.select` is a metric that validation gives. Raises StepladderError."""
    if not config.trained or config.train.select == "valid.loss":
        return
    have = valid_names(config, data)
    if config.train.select not in have:
        raise StepladderError(
            f"train.select = {config.train.select}: {row or config.model.kind} has no such metric of validation"
            f"{_offer(config.train.select, have)}"
        )


def _offer(name: str, have: set[str]) -> str:
    headlines = sorted(name for name in have if "_at_" not in name)
    return f"{did_you_mean(name, have) or '.'} It has {', '.join(headlines)}."
