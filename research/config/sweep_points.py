"""The points of a sweep: each cell's config, and where it stands in the table."""

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

from pydantic import ValidationError

from research.config.errors import StepladderError, did_you_mean
from research.config.fields import Path
from research.config.halving import Rung, rung_durations, rung_sizes
from research.config.merge import Assignment, Dropped, Merged, apply_layer
from research.config.plain import Tree
from research.config.schema import Config
from research.config.sweep import Sweep
from research.config.sweep_axes import AxisStep, axis_names, check_size, combined_step, matches_values, sweep_axes
from research.config.sweep_checks import check_exclude, check_keys, check_table, check_tune, check_tuned_by
from research.config.tuned_by import Choices, chosen_values
from research.config.tuning import Tune, applicable_grid, trial_count, trials
from research.config.validation_errors import explain, is_incompatible
from research.config.value_labels import plain_label, row_label, value_text


class SweepPoint(NamedTuple):
    """One cell: where it stands in the table, its config, and what the change of a kind dropped."""

    labels: Tree  # axis -> value; a `list` row's under "label"
    tuned: Tree
    config: Config | None  # None where it cannot be
    tree: Tree
    dropped: tuple[Dropped, ...] = ()
    cannot: str | None = None
    rung: Rung | None = None  # None where its row is not halved


def expand_sweep(
    tree: Tree, sweep: Sweep, named: frozenset[Path] = frozenset(), where: str = "sweep", choices: Choices | None = None
) -> tuple[SweepPoint, ...]:
    """The points of a sweep over a base tree, the last axis fastest. `choices`: what another preset chose for its rows.

    Each point is the base with its assignments applied together by the kind rule; `named` are the base's keys that a change of kind
    keeps where it can. `where` says in which file the sweep stands. Raises StepladderError, which names the key or the point.
    """
    check_keys(sweep, where)
    axes = sweep_axes(sweep, where)
    check_table(sweep, where)
    rows = [combined_step(combination) for combination in product(*axes)]
    tunes = [_tune_of_row(tree, sweep, row, named) for row in rows]
    check_tune(sweep, tunes, where)
    check_size(sum(trial_count(tune.grid) for tune in tunes), f"{where}: the values of sweep.tune bring the sweep to")
    trial_steps = [_trial_steps(sweep, row, tune) for row, tune in zip(rows, tunes, strict=True)]
    check_exclude(sweep, [step for steps in (*axes, *trial_steps) for step in steps], where)
    kept_steps = [[step for step in steps if not any(matches_values(step, row) for row in sweep.exclude)] for steps in trial_steps]
    if choices is not None:
        check_tuned_by(sweep, where)
        kept_steps = [[_chosen(step, choices, where) for step in steps] for steps in kept_steps]
    points = tuple(
        point for steps, tune in zip(kept_steps, tunes, strict=True) for point in _points_of_row(tree, sweep, steps, tune, named, where)
    )
    _check_points(sweep, points, where)
    return points


def _tune_of_row(tree: Tree, sweep: Sweep, row: AxisStep, named: frozenset[Path]) -> Tune:
    """The row's own `tune`, or what of the sweep's means something to it. A row that cannot be is not tuned."""
    if row.tune is not None:
        return row.tune
    try:
        config = Config.model_validate(apply_layer(Merged(tree, (), {}), _assignments(row.values, ""), named).tree)
    except (ValidationError, StepladderError):
        return Tune()
    return Tune(grid=applicable_grid(sweep.tune.grid, config, row.values), halving=sweep.tune.halving)


def _trial_steps(sweep: Sweep, row: AxisStep, tune: Tune) -> list[AxisStep]:
    """The row with each trial of its grid."""
    return [AxisStep(row.labels, row.values | values, row.tune, values) for values in trials(tune.grid, sweep.seed)]


def _chosen(step: AxisStep, choices: Choices, where: str) -> AxisStep:
    """The step with what another preset chose for its row."""
    return step._replace(values=step.values | chosen_values(choices, row_label(step.labels, step.labels), where))


def _points_of_row(tree: Tree, sweep: Sweep, steps: Sequence[AxisStep], tune: Tune, named: frozenset[Path], where: str) -> list[SweepPoint]:
    """A point for each trial; of a row that is halved one for each trial of each rung, the last rung being the trials in full."""
    points = [_point(tree, sweep, step, named, where) for step in steps]
    candidates = [(step, point) for step, point in zip(steps, points, strict=True) if point.config is not None]
    rungs = _rungs(candidates, tune.halving, where) if tune.halving else ()
    halved = []
    for rung in rungs:
        for candidate, (step, full) in enumerate(candidates):
            point = full if not rung.shortened else _point(tree, sweep, step._replace(values=step.values | rung.shortened), named, where)
            halved.append(point._replace(rung=rung._replace(candidate=candidate)))
    return [*halved, *(point for point in points if point.config is None)] if halved else points


def _rungs(candidates: Sequence[tuple[AxisStep, SweepPoint]], halving: int, where: str) -> tuple[Rung, ...]:
    """The rungs of a row; () where there is one, or where something is counted, which is done at once."""
    configs = [point.config for _, point in candidates if point.config is not None]
    sizes = rung_sizes(len(candidates), halving)
    if len(sizes) == 1 or any(config.fitted for config in configs):
        return ()
    train = configs[0].train
    key, full = ("train.steps", train.steps) if isinstance(train.steps, int) else ("train.epochs", train.epochs)
    assert isinstance(full, int)
    durations = rung_durations(full, halving, len(sizes))
    if len(set(durations)) < len(durations):
        step = candidates[0][0]
        raise StepladderError(
            f"{where}, the row {_point_name(step.labels, {})}: halving = {halving} of {len(candidates)} values takes {len(sizes)} rungs, "
            f"and {key} = {full} cannot be cut so often ({', '.join(map(str, durations))}). Train for {key} = "
            f"{halving ** (len(sizes) - 1)} or more, try fewer values, or take halving out."
        )
    return tuple(Rung(halving, number, len(sizes), 0, {key: n}) for number, n in enumerate(durations))


def _assignments(values: Tree, source: str) -> list[Assignment]:
    return [Assignment(tuple(key.split(".")), value, source) for key, value in values.items()]


def _point(tree: Tree, sweep: Sweep, step: AxisStep, named: frozenset[Path], where: str) -> SweepPoint:
    """The step's config, or why it cannot be. Raises StepladderError, naming the point, for any other mistake."""
    source = f"{where}, at the point {_point_name(step.labels, step.values)}"
    seeds = {} if sweep.seeds is None else {"seeds": sweep.seeds if isinstance(sweep.seeds, int) else list(sweep.seeds)}
    merged = apply_layer(Merged(tree, (), {}), _assignments(step.values | seeds, source), named)
    tuned = step.tuned
    try:
        return SweepPoint(step.labels, tuned, Config.model_validate(merged.tree), merged.tree, merged.dropped)
    except ValidationError as error:
        if sweep.impossible == "show" and is_incompatible(error):
            return SweepPoint(
                step.labels, tuned, None, merged.tree, merged.dropped, "; ".join(str(detail["ctx"]["error"]) for detail in error.errors())
            )
        hint = ' To show such a cell as "cannot", write impossible = "show" under [sweep].' if is_incompatible(error) else ""
        raise StepladderError(explain(error, Config, merged.tree, lambda _: source) + hint) from None


def _point_name(labels: Tree, values: Tree) -> str:
    """A point in words: its labels, and the tuned values that are no label."""
    return ", ".join(
        f"{key} = {value_text(value)}" for key, value in (labels | {k: v for k, v in values.items() if k not in labels}).items()
    )


def _check_points(sweep: Sweep, points: tuple[SweepPoint, ...], where: str) -> None:
    """There are points, no two in full are one cell, the baseline is a row, and halving halves something."""
    if not points:
        raise StepladderError(f"{where}: sweep.exclude leaves no point.")
    if any(tune.halving for tune in sweep.tunes) and not any(point.rung for point in points):
        raise StepladderError(
            f"{where}, sweep.tune: halving shortens nothing, since no row has so many values and is trained in steps. Take it out."
        )
    seen: dict[Any, SweepPoint] = {}
    for point in (point for point in points if point.rung is None or not point.rung.shortened):
        for identity in (point.config, (plain_label(point.labels), value_text(point.tuned))):
            if identity is not None and (first := seen.setdefault(identity, point)) is not point:
                point_names = [_point_name(p.labels, p.tuned) for p in (first, point)]
                raise StepladderError(
                    f"{where}: two points of the sweep are one: {point_names[0]} and {point_names[1]}. Take one out, or let them differ."
                )
    rows = list(dict.fromkeys(row_label(point.labels, sweep.table.rows) for point in points))
    baseline = sweep.table.baseline
    if baseline is not None and baseline not in {*rows, *(plain_label(point.labels, axis_names(sweep.table.rows)) for point in points)}:
        hint = did_you_mean(baseline, rows) or "."
        raise StepladderError(f"{where}: table.baseline = {baseline} is none of the rows{hint} They are {', '.join(rows)}.")
