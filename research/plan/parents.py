"""What a cell starts from or is made of: rows of its sweep by name, of a tuned row the trial that is chosen, or cells by their ids."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from research.config.halving import Rung
from research.config.model import SingleModel
from research.config.model_facts import model_facts
from research.config.node import Node
from research.config.schema import Config, Model
from research.runs.trial_choice import choice_among, format_reference


class Trial(NamedTuple):
    """One cell of a row: "" where it cannot be."""

    cell_id: str
    config: Config | None
    seeds: tuple[int, ...]
    rung: Rung | None = None


def source_names(config: Config | None) -> tuple[str, ...]:
    """The names of all that a config starts from or is made of."""
    if config is None:
        return ()
    start = config.init.source if config.init else None
    return tuple(name for name in (start, *parts_of(config)) if isinstance(name, str))


def parts_of(config: Config) -> tuple[SingleModel | str, ...]:
    """What a mixture is made of, models, names and ids; () of another config."""
    return model_facts(config.model).parts(config.model)


def _with_parts(config: Config, parts: tuple[Node | str, ...]) -> Config:
    return config.model_copy(update={"model": config.model.model_copy(update={"parts": parts})}) if parts else config


def reference_to(row: str, trials: Sequence[Trial], select: str) -> str:
    """How a child's config names a row: its cell's id, or of a tuned row the ids of its trials and the rule that picks one."""
    possible = [trial for trial in trials if trial.cell_id]
    if len(possible) == 1:
        return possible[0].cell_id
    seeds, rungs = {trial.cell_id: trial.seeds for trial in possible}, {trial.cell_id: trial.rung for trial in possible if trial.rung}
    return format_reference(choice_among(row, seeds, rungs, select)) if possible else ""


def with_references(config: Config, refer: Callable[[str], str]) -> Config:
    """The config with references in place of names."""
    if config.init and config.init.source is not None:
        config = config.model_copy(update={"init": config.init.model_copy(update={"source": refer(config.init.source)})})
    return _with_parts(config, tuple(refer(part) if isinstance(part, str) else part for part in parts_of(config)))


def inline_parts(config: Config, configs: Mapping[str, Config], part_id: Callable[[Model], str]) -> Config:
    """The config of a mixture; a part that it would train itself stands as its model, however it was named. `configs`: of cells, by id."""
    models = {name: configs[name].model for name in source_names(config) if name in configs}
    own_models = {name: model for name, model in models.items() if part_id(model) == name}
    return _with_parts(config, tuple(own_models.get(part, part) if isinstance(part, str) else part for part in parts_of(config)))
