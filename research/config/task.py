"""Which task a config is of: what its data asks for names it."""

from research.config.data_kind import Asks

TASK_OF_ASKS: dict[Asks, str] = {"tokens": "language_modelling", "classes": "classification", "targets": "translation"}
