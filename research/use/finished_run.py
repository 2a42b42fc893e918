"""A finished run as what uses its model reads it."""

from typing import Any, NamedTuple

from research.config.schema import Config
from research.data.dataset import Dataset


class FinishedRun(NamedTuple):
    """A config, its data, and what its model has learned of them: parameters, counts, or what was fitted."""

    config: Config
    data: Dataset
    parameters: Any
