"""Equal budgets: sizes of models solved so that every cell costs what a reference cell costs."""

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import jax
from pydantic import ValidationError

from research.config.errors import StepladderError
from research.config.merge import Assignment, Merged, apply_layer
from research.config.overrides import parse_override
from research.config.schema import Config
from research.config.serialise import to_tree
from research.config.sweep import SizeMatch, matched_keys
from research.config.sweep_points import SweepPoint
from research.config.validation_errors import explain
from research.config.value_labels import plain_label, row_label, value_text
from research.models import MODELS
from research.models.count import count_parameters, flops_per_token
from research.tasks.sizes import Sizes, init_sizes

LARGEST = 2**20  # of a size
START = 64  # of a size that is told by a word, such as "4x"
STEPS = (*range(1, 65), *range(72, 513, 8))  # in which a size may move
TITLES = {
    "params": "parameters without embedding and output",
    "params.body": "parameters without embedding and output",
    "total": "parameters",
    "flops": "FLOPs per token",
    "state": "bytes of carried state",
}


class CostInputs(NamedTuple):
    """What a model's costs depend on beside its config: sizes of the data, and the share of positions that are scored."""

    sizes: Sizes
    scored: float = 1.0


class MatchedPoints(NamedTuple):
    """The points with their sizes solved, and what is told of them: the target, and how far from it each cell is."""

    points: tuple[SweepPoint, ...]
    summary: str


def match_costs(points: Sequence[SweepPoint], match: SizeMatch, facts: Callable[[Config], CostInputs]) -> MatchedPoints:
    """The points with the integers of `match.by` solved, coarse first, so that each is within the tolerance of the reference.

    Of several cells that `match.of` names, such as those of a row under each column, each point has the one that it shares most labels
    with. Raises StepladderError where a cell cannot be brought within the tolerance.
    """
    references = _references(points, match)
    costs: dict[tuple[Any, Any], float] = {}  # of a model on its data, whatever its rate: the trials of a row are solved once

    def cost_of(config: Config) -> float:
        key = (config.model, config.data)
        if key not in costs:
            costs[key] = cost(config, match.target, facts)
        return costs[key]

    solved, changes = [], []
    for point in points:
        if point.config is None or point in references:
            solved.append(point)
            continue
        reference = max(references, key=lambda candidate: sum(candidate.labels.get(key) == value for key, value in point.labels.items()))
        assert reference.config is not None
        target = cost_of(reference.config)
        config = _solve(point, match, target, cost_of)
        solved.append(point._replace(config=config))
        changes.append(f"{_name(point)} {_sizes_text(config, match)} ({cost_of(config) / target - 1:+.1%})")
    names = " or ".join(dict.fromkeys(f"{_name(point)} ({cost_of(point.config):,.0f})" for point in references if point.config is not None))
    by, rows = " and ".join(match.by), "; ".join(dict.fromkeys(changes))
    return MatchedPoints(tuple(solved), f"Matched: {TITLES[match.target]}, to those of {names}, by {by}: {rows}.")


def cost(config: Config, target: str, facts: Callable[[Config], CostInputs]) -> float:
    """Parameters without embedding and output ("params"), all of them ("total"), forward FLOPs for a token as the table counts them, or
    the bytes that are carried from one token to the next.
    """
    if config.fitted:
        raise StepladderError(
            f"sweep.match solves sizes of trained models, and {config.model.kind} has none. Leave that row out of the sweep, or let "
            "sweep.match.of name a trained one."
        )
    sizes, scored = facts(config)
    if target == "flops":
        return flops_per_token(config.model, *init_sizes(config.model, sizes), scored=scored)
    if target == "state":
        return _state_bytes(config, sizes)
    counts = count_parameters(config.model, *init_sizes(config.model, sizes))
    return float(counts.total if target == "total" else counts.body)


def _state_bytes(config: Config, sizes: Sizes) -> float:
    empty = jax.eval_shape(lambda: MODELS[type(config.model)].empty(config.model, 1, sizes.length, sizes.vocabulary))
    state_bytes = float(sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(empty)))
    if not state_bytes:
        raise StepladderError(f"sweep.match.target = state: {config.model.kind} carries none before its first token; use params or flops.")
    return state_bytes


def _references(points: Sequence[SweepPoint], match: SizeMatch) -> list[SweepPoint]:
    """The cells that `match.of` names: by a row's whole name, or as key=value, with values as a table or as TOML writes them."""
    named = [point for point in points if _has_name(point, match.of.strip())]
    labels = [] if named else [_label(pair) for pair in match.of.split(",") if "=" in pair]
    if labels:
        named = [point for point in points if all(_has_label(point, *pair) for pair in labels)]
    if cells := [point for point in named if point.config is not None]:
        return cells
    cell_names = "; ".join(", ".join(f"{key}={value_text(value)}" for key, value in point.labels.items()) for point in points)
    problem = "names a cell that cannot be" if named else "names no cell of this sweep"
    raise StepladderError(f'sweep.match.of = "{match.of}" {problem}. Its cells are: {cell_names}.')


def _label(pair: str) -> tuple[str, str, Any]:
    """Key, value as it is written, and value as TOML reads it."""
    key, _, written = (part.strip() for part in pair.partition("="))
    return key, written, parse_override(f"{key}={written}")[1]


def _has_label(point: SweepPoint, key: str, written: str, value: Any) -> bool:
    return key in point.labels and (point.labels[key] == value or value_text(point.labels[key]) == written)


def _has_name(point: SweepPoint, name: str) -> bool:
    """Whether a row has this name: as a table writes it, or its values alone."""
    if name in (_name(point), plain_label(point.labels)):
        return True
    values = name.split(",")
    return len(values) == len(point.labels) and all(
        _has_label(point, *_label(f"{key}={value}")) for key, value in zip(point.labels, values, strict=True)
    )


def _name(point: SweepPoint) -> str:
    return row_label(point.labels, point.labels)


def _sizes_text(config: Config, match: SizeMatch) -> str:
    """The values that were solved: `width 132, feed_forward.width 60`."""
    return ", ".join(f"{matched_keys(entry)[0].removeprefix('model.')} {_value(config, matched_keys(entry)[0])}" for entry in match.by)


def _value(config: Any, key: str) -> Any:
    for word in key.split("."):
        config = getattr(config, word)
    return config


def _solve(point: SweepPoint, match: SizeMatch, target: float, cost_of: Callable[[Config], float]) -> Config:
    """The config whose cost is nearest to the target. Raises StepladderError where that is beyond the tolerance."""
    assert point.config is not None
    best = min(_candidates(point, point.config, match.by, match, target, cost_of), key=lambda config: abs(cost_of(config) - target))
    deviation = abs(cost_of(best) / target - 1)
    if deviation > match.tolerance:
        raise StepladderError(
            f"sweep.match: {TITLES[match.target]} of {_name(point)} can only be brought to {cost_of(best):,.0f} with "
            f"{_sizes_text(best, match)}; the reference has {target:,.0f}, {deviation:.2%} away, and the tolerance is "
            f"{match.tolerance:.2%}. Name a finer key behind those in sweep.match.by, or raise sweep.match.tolerance."
        )
    return best


def _candidates(
    point: SweepPoint, config: Config, by: Sequence[str], match: SizeMatch, target: float, cost_of: Callable[[Config], float]
) -> list[Config]:
    """With the two values of the first key between which the target lies, each with what the keys behind it make of it."""
    if not by:
        return [config]
    step = _step(point, config, by[0])
    at = cache(lambda n: with_value(config, by[0], n * step))
    current = _value(config, matched_keys(by[0])[0])
    low = high = max(1, (current if isinstance(current, int) else START) // step)
    if cost_of(at(low)) == cost_of(at(2 * low)):
        raise StepladderError(
            f"sweep.match.by: {by[0]} changes no {TITLES[match.target]} of {_name(point)}. Name a size of its model, as model.width."
        )
    while cost_of(at(high)) < target and high * step < LARGEST:
        low, high = high, 2 * high
    while cost_of(at(low)) > target and low > 1:
        low, high = max(1, low // 2), low
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost_of(at(middle)) < target else (low, middle)
    return [candidate for n in {low, high} for candidate in _candidates(point, at(n), by[1:], match, target, cost_of)]


def _step(point: SweepPoint, config: Config, entry: str) -> int:
    """In which steps the values of a key may move: those that heads divide, for instance, found by trying multiples.

    Raises StepladderError, with what the config says of them, where no values can be.
    """
    for step in STEPS:
        if all(_problem(config, entry, step * n) is None for n in (1, 2, 3, 5, 7, 11)):
            return step
    problem = _problem(config, entry, 64)
    raise StepladderError(
        f"sweep.match.by: {entry} of {_name(point)} cannot be moved alone: {problem}. Name another key of a whole number; keys that move "
        'together, in their ratio, are one entry, as "model.encoder.width + model.decoder.width".'
    )


def _in_ratio(value: int, other: int, first: int, entry: str) -> int:
    if value * other % first:
        raise StepladderError(f"sweep.match.by: {entry} is {first} and {other}, a ratio that {value} cannot keep in whole numbers.")
    return value * other // first


def _problem(config: Config, entry: str, value: int) -> str | None:
    try:
        with_value(config, entry, value)
    except StepladderError as error:
        return str(error).rstrip(".")
    return None


def with_value(config: Config, entry: str, value: Any) -> Config:
    """The config with a dotted key changed, and with those that move with it, in their ratio; checked again."""
    first, *others = matched_keys(entry)
    values = {first: value} | {key: _in_ratio(value, _value(config, key), _value(config, first), entry) for key in others}
    assignments = [Assignment(tuple(key.split(".")), new, "sweep.match") for key, new in values.items()]
    tree = apply_layer(Merged(to_tree(config), (), {}), assignments).tree
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise StepladderError(explain(error, Config, tree, lambda _: f"sweep.match, at {entry} = {value}")) from None
