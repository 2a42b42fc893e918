"""The names of the metrics that a run of a config will have, known before it is trained: by its config alone, or with its data too."""

from research.config.model_facts import model_facts
from research.config.schema import Config
from research.data.dataset import Dataset
from research.tasks.classifying import has_probabilities
from research.tasks.outcomes import blank_outcomes
from research.tasks.registry import task_of
from research.tasks.task_kind import VALID


def metric_names(config: Config) -> frozenset[str]:
    """The metrics of `valid` and `test` by the config alone, such as `test.perplexity`; a group is `_at_*`."""
    names = task_of(config).metrics(config, _available_outcomes(config))
    return frozenset(f"{split}.{name}" for split in ("valid", "test") for name in names.both) | {f"test.{name}" for name in names.test}


def valid_names(config: Config, data: Dataset) -> set[str]:
    """The metrics of validation that a run of this config has; none where a fold is trained without validation."""
    task = task_of(config)
    belongs = task.belongs(data, VALID)
    if not len(belongs.items):
        return set()
    available = _available_outcomes(config)
    outcomes = blank_outcomes({name: dtype for name, dtype in task.outcomes.items() if name in available}, len(belongs.items))
    return {f"{VALID}.{name}" for name in task.measure(config, VALID, outcomes, belongs)}


def _available_outcomes(config: Config) -> frozenset[str]:
    """The outcomes that the model gives: not every fitted one has probabilities, or says what it holds for the likeliest."""
    names = set(task_of(config).outcomes)
    if config.fitted and config.data.asks == "classes" and not has_probabilities(config.model):
        names -= {"nats"}
    return frozenset(names if model_facts(config.model).likeliest(config.data) else names - {"correct", "likeliest"})
