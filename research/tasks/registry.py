"""The tasks: one entry for each thing that data can ask for."""

from research.config.schema import Config
from research.data.dataset import Dataset
from research.tasks.classification import CLASSIFICATION
from research.tasks.language_modelling import LANGUAGE_MODELLING
from research.tasks.masked_language_modelling import MASKED_LANGUAGE_MODELLING
from research.tasks.regression import REGRESSION
from research.tasks.sizes import Sizes
from research.tasks.tagging import TAGGING
from research.tasks.task_kind import TaskKind
from research.tasks.translation import TRANSLATION

TASKS: dict[str, TaskKind] = {
    "language_modelling": LANGUAGE_MODELLING,
    "masked_language_modelling": MASKED_LANGUAGE_MODELLING,
    "classification": CLASSIFICATION,
    "translation": TRANSLATION,
    "regression": REGRESSION,
    "tagging": TAGGING,
}


def task_of(config: Config) -> TaskKind:
    """The entry of a config's task."""
    return TASKS[config.task_name]


def model_sizes(config: Config, data: Dataset) -> Sizes:
    """What a config's model must know of its data."""
    return task_of(config).sizes(config, data)
