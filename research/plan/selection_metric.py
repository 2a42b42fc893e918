"""Which metric of validation chooses: checked against what runs will have, before the first is started."""

from collections.abc import Sequence

from research.config.errors import StepladderError, did_you_mean
from research.config.schema import Config
from research.data.dataset import Dataset
from research.metrics.losses import LOSS
from research.metrics.shares import ACCURACY
from research.plan.metric_names import valid_names
from research.runs.measures import on_validation

FALLBACKS = (on_validation(LOSS.name), on_validation(ACCURACY.name))  # where the reported metric exists on the test split alone


def resolve_selection_metric(select: str | None, metric: str, names: Sequence[tuple[str, set[str]]]) -> str:
    """The metric that chooses among the values of `tune`: `select`, or the reported metric on validation, or the loss.

    `names`: of each tuned row, its name and its metrics of validation. Raises StepladderError where a row does not have it.
    """
    common = set.intersection(*(available for _, available in names)) if names else set[str]()
    if select is None:
        candidates = (on_validation(metric), *FALLBACKS)
        select = next((name for name in candidates if name in common or not names), None)
        if select is None:
            raise StepladderError(
                f"sweep.tune: the tuned rows have no metric of validation in common that {metric} could be chosen by; name one as "
                f"sweep.select. In common they have {', '.join(sorted(common)) or 'none'}."
            )
    for row, available in names:
        if select not in available:
            raise StepladderError(f"sweep.select = {select}: the row {row} has no such metric of validation{_offer(select, available)}")
    return select


def check_checkpoint_metric(config: Config, data: Dataset, row: str) -> None:
    """`train.select` is a metric that validation gives. Raises StepladderError."""
    if not config.trained or config.train.select == "valid.loss":
        return
    available = valid_names(config, data)
    if config.train.select not in available:
        raise StepladderError(
            f"train.select = {config.train.select}: {row or config.model.kind} has no such metric of validation"
            f"{_offer(config.train.select, available)}"
        )


def _offer(name: str, available: set[str]) -> str:
    headlines = sorted(name for name in available if "_at_" not in name)
    return f"{did_you_mean(name, available) or '.'} It has {', '.join(headlines)}."
