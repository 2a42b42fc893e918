"""Equal budgets: widths solved so that every cell costs what a reference cell costs."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import ValidationError

from research.config.errors import StepladderError
from research.config.explain import explain
from research.config.merge import Assignment, Merged, apply
from research.config.model import LanguageModel
from research.config.schema import Config
from research.config.sweep import Match, Point
from research.config.write import to_tree
from research.models.count import flops_per_token, parameters
from research.tasks.language_modelling import Sizes, known


def matched(points: Sequence[Point], match: Match, sizes: Callable[[Config], Sizes]) -> tuple[Point, ...]:
    """The points with the integers of `match.by` solved, coarse first, so that each is within the tolerance of the reference."""
    reference = _reference(points, match)
    assert reference.config is not None
    target = cost(reference.config, match.target, sizes)
    return tuple(point if point is reference or point.config is None else _solve(point, match, target, sizes) for point in points)


def cost(config: Config, target: str, sizes: Callable[[Config], Sizes]) -> float:
    """Parameters without embedding and output ("params"), all of them ("total"), or forward FLOPs for a token."""
    if config.fitted:
        raise StepladderError(
            f"sweep.match solves widths of trained models; {config.model.kind} has none. Leave that row out of the sweep."
        )
    if target == "flops":
        return flops_per_token(config.model, *known(config.model, sizes(config)))
    counted = parameters(config.model, *known(config.model, sizes(config)))
    return float(counted.body if target == "params" else counted.total)


def _reference(points: Sequence[Point], match: Match) -> Point:
    wanted = dict(_pair(text) for text in match.of.split(","))
    found = [point for point in points if all(str(point.labels.get(key)) == value for key, value in wanted.items())]
    if not found or found[0].config is None:
        known = "; ".join(", ".join(f"{key}={value}" for key, value in point.labels.items()) for point in points)
        raise StepladderError(f'sweep.match.of = "{match.of}" names no cell of this sweep. Its cells are: {known}.')
    return found[0]


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.strip().partition("=")
    return key.strip(), value.strip()


def _solve(point: Point, match: Match, target: float, sizes: Callable[[Config], Sizes]) -> Point:
    """Coordinate search: for each key in order the value whose cost is nearest to the target, by bisection on an increasing cost."""
    assert point.config is not None
    config = point.config
    for key in match.by:
        config = _nearest(config, key, match, target, sizes)
    off = abs(cost(config, match.target, sizes) / target - 1)
    if off > match.tolerance:
        raise StepladderError(
            f"sweep.match: {match.target} of the cell {point.labels} can only be brought to {cost(config, match.target, sizes):,.0f} "
            f"with {', '.join(match.by)}; the reference has {target:,.0f}, {off:.1%} away, and the tolerance is {match.tolerance:.1%}. "
            "Name a finer key behind it, or raise sweep.match.tolerance."
        )
    return point._replace(config=config, labels=point.labels)


def _nearest(config: Config, key: str, match: Match, target: float, sizes: Callable[[Config], Sizes]) -> Config:
    step = _granularity(config, key)
    at = lambda n: with_value(config, key, n * step)
    low, high = 1, 2
    while cost(at(high), match.target, sizes) < target and high * step < 2**20:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if cost(at(middle), match.target, sizes) < target else (low, middle)
    return min(at(low), at(high), key=lambda c: abs(cost(c, match.target, sizes) - target))


def _granularity(config: Config, key: str) -> int:
    """A model's width moves in steps that its heads divide, twice so for rotary."""
    model = config.model
    if key != "model.width" or not isinstance(model, LanguageModel):
        return 1
    heads = [getattr(mixer, "heads", 1) for mixer in model.pattern]
    return math.lcm(*heads) * (2 if model.position.kind == "rotary" else 1)


def with_value(config: Config, key: str, value: Any) -> Config:
    """The config with one dotted key changed, checked again."""
    tree = apply(Merged(to_tree(config), (), {}), [Assignment(tuple(key.split(".")), value, "sweep.match")]).tree
    try:
        return Config.model_validate(tree)
    except ValidationError as error:
        raise StepladderError(explain(error, Config, tree, lambda _: f"sweep.match, at {key} = {value}")) from None
