"""The words of `tune`: the values that are tried for a row, listed or drawn, and which of them mean something to it.

    tune = { "optim.learning_rate" = [1e-3, 3e-3, 1e-2, 2e-2], "model.smoothing" = [{ kind = "kneser_ney" }, { kind = "add_k", k = 0.01 }] }
    tune = { "optim.learning_rate" = { log_uniform = [1e-4, 1e-1], trials = 8 } }
    tune = { "optim.learning_rate" = [3e-4, 1e-3, 3e-3, 1e-2], halving = 2 }

Lists multiply each other; drawn keys are drawn together, so that they have one number of trials. A row takes the keys that its own config
has and that it does not set itself: rates are for what is trained, smoothing for what is counted. A row of `list` may have a `tune` of its
own, which stands in place of the sweep's; `tune = {}` tunes nothing. `halving`: all values for a part of the training, the better ones anew
with more (research.config.halving).
"""

import math
from collections.abc import Mapping
from hashlib import sha256
from itertools import product
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, ValidationError, model_serializer, model_validator

from research.config.errors import StepladderError
from research.config.fields import Path, is_index, is_key, leaves, node_keys
from research.config.merge import INAPPLICABLE
from research.config.model_facts import part_models
from research.config.node import FieldValue, Node, Positive, Rate
from research.config.plain import Json, Tree
from research.config.schema import Config

FIGURES = 3  # significant ones of a drawn number
HALVING = "halving"  # the word of `tune` that is no key of a config

Bounded = TypeVar("Bounded")


class LogUniform(Node):
    """Numbers whose logarithm is uniform between those of two bounds."""

    log_uniform: tuple[Rate, Rate]
    trials: Positive

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> "LogUniform":
        return _check_order(self, self.log_uniform)

    def at(self, share: float) -> float:
        """The value at a share of the range."""
        low, high = self.log_uniform
        return _rounded(low * (high / low) ** share, low, high)


class Uniform(Node):
    """Numbers that are uniform between two bounds."""

    uniform: tuple[float, float]
    trials: Positive

    @model_validator(mode="after")
    def _bounds_are_in_order(self) -> "Uniform":
        return _check_order(self, self.uniform)

    def at(self, share: float) -> float:
        """The value at a share of the range."""
        low, high = self.uniform
        return _rounded(low + (high - low) * share, low, high)


class Categorical(Node):
    """Any of some values, each as likely as the others."""

    choice: Annotated[tuple[Any, ...], Field(min_length=1)]
    trials: Positive

    def at(self, share: float) -> Json:
        """The value at a share of the list."""
        return self.choice[int(share * len(self.choice))]


Draw = LogUniform | Uniform | Categorical
Tried = tuple[Json, ...] | Draw  # what is tried for a key
DRAWS: dict[str, type[Draw]] = {"log_uniform": LogUniform, "uniform": Uniform, "choice": Categorical}


def _check_order(draw: Bounded, bounds: tuple[float, float]) -> Bounded:
    if not bounds[0] < bounds[1]:
        raise ValueError("the lower bound comes first, and the upper one is above it, as [1e-4, 1e-2]")
    return draw


def _rounded(value: float, low: float, high: float) -> float:
    return min(high, max(low, float(f"{value:.{FIGURES}g}")))


def _words_of_tune(value: "Json | Tune") -> "Json | Tune | Mapping[str, Json | Mapping[str, Tried]]":
    """`tune.optim.learning_rate = [...]` without quotes is a nested table in TOML; the key is dotted all the same."""
    if not isinstance(value, dict):
        return value
    grid = {".".join(path): _values_to_try(item) for path, item in _entries(value) if path != (HALVING,)}
    halving = {HALVING: _checked_factor(value[HALVING], grid)} if HALVING in value else {}
    return {"grid": grid, **halving}


def _checked_factor(factor: Json, grid: Mapping[str, Tried]) -> Json:
    if not isinstance(factor, int) or factor < 2:  # True is below two
        raise ValueError(
            "halving is a whole number of at least 2: one of so many values goes on, the best, with so many times the training"
        )
    if not grid:
        example = 'tune = { "optim.learning_rate" = [1e-3, 3e-3], halving = 2 }'
        raise ValueError(f"halving = {factor} has no values to choose among; name them beside it, as in {example}")
    return factor


def _entries(table: Tree, prefix: Path = ()) -> list[tuple[Path, Json]]:
    entries: list[tuple[Path, Json]] = []
    for key, value in table.items():
        if isinstance(value, dict) and not set(DRAWS) & set(value):
            entries += _entries(value, (*prefix, key))
        else:
            entries.append(((*prefix, key), value))
    return entries


def _values_to_try(value: Json | Draw) -> Tried:
    if isinstance(value, list | tuple) and value:
        return tuple(value)
    if isinstance(value, dict):
        return _validated_draw(next(draw for word, draw in DRAWS.items() if word in value), value)
    if isinstance(value, Draw):
        return value
    raise ValueError("values to be tried are a list, as [1e-3, 3e-3], or { log_uniform = [1e-4, 1e-2], trials = 8 }")


def _validated_draw(draw: type[Draw], value: Tree) -> Draw:
    try:
        return draw.model_validate({word: tuple(item) if isinstance(item, list) else item for word, item in value.items()})
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"{'.'.join(map(str, first['loc'])) or 'its values'}: {first['msg'].removeprefix('Value error, ')}") from None


Values = tuple[Any, ...] | LogUniform | Uniform | Categorical


class Tune(Node):
    """What is tried for a row: values by dotted key; and into how many parts halving cuts its trials, None where all train in full."""

    grid: dict[str, Values] = Field(default_factory=dict)
    halving: Positive | None = None

    @model_serializer
    def _as_written(self) -> dict[str, Any]:
        return {**self.grid, **({HALVING: self.halving} if self.halving else {})}


TuneWords = Annotated[Tune, BeforeValidator(_words_of_tune, json_schema_input_type=dict[str, Values | Positive | dict[str, Any]])]


def trial_count(grid: Mapping[str, Tried]) -> int:
    """How many trials a grid has."""
    drawn = max((draw.trials for draw in grid.values() if not isinstance(draw, tuple)), default=1)
    return drawn * math.prod(len(values) for values in grid.values() if isinstance(values, tuple))


def trials(grid: Mapping[str, Tried], seed: int) -> tuple[Tree, ...]:
    """The trials of a grid, each with a value for every key; one without values for no key.

    A drawn value follows from the seed, its key and the number of its trial, so that more trials leave the first ones as they are.
    """
    listed = {key: values for key, values in grid.items() if isinstance(values, tuple)}
    drawn = {key: draw for key, draw in grid.items() if not isinstance(draw, tuple)}
    counts = sorted({draw.trials for draw in drawn.values()})
    if len(counts) > 1:
        trial_counts = ", ".join(f"{key} has {draw.trials}" for key, draw in drawn.items())
        raise StepladderError(f"sweep.tune: keys that are drawn are drawn together, so they have one number of trials: {trial_counts}.")
    drawn_trials = [{key: draw.at(_share(seed, key, n)) for key, draw in drawn.items()} for n in range(*counts[:1] or (1,))]
    listed_trials = [dict(zip(listed, values, strict=True)) for values in product(*listed.values())]
    return tuple({key: (values | draws)[key] for key in grid} for values in listed_trials for draws in drawn_trials)


def _share(seed: int, key: str, number: int) -> float:
    """In [0, 1)."""
    return int.from_bytes(sha256(f"{seed}/{key}/{number}".encode()).digest()[:6]) / 2**48


def applicable_grid(grid: Mapping[str, Tried], config: Config, row_values: Mapping[str, Json]) -> dict[str, Tried]:
    """The keys of a grid that a row takes: its config has them, and `row_values`, what the row sets itself, has not."""
    named = {".".join(path) for path, _ in leaves(dict(row_values))}

    def is_free(key: str) -> bool:
        return key not in named and not any(name.startswith(f"{key}.") for name in named)

    return {key: values for key, values in grid.items() if is_free(key) and is_applicable(config, tuple(key.split(".")))}


def is_applicable(config: Config, path: Path) -> bool:
    """Whether a key is a word of this very config, with its kinds."""
    if any(path[: len(section)] == section for section in _meaningless(config)):
        return False
    value: FieldValue = config
    for depth, part in enumerate(path):
        if isinstance(value, tuple) and is_index(part) and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, Node) and part in node_keys(type(value)):
            value = next(getattr(value, name) for name, field in type(value).model_fields.items() if part in (name, field.alias))
        else:
            return value is None and depth > 0 and is_key(Config, path)
    return True


def _meaningless(config: Config) -> list[Path]:
    """The sections that this config's choices leave without meaning."""
    meaningless: list[Path] = []
    for (section, word), values in INAPPLICABLE.items():
        meaningless += values.get(vars(getattr(config, section)).get(word), ())
    if all(isinstance(part, str) for part in part_models(config.model)):
        meaningless += [("optim",), ("train",)]
    return meaningless
