"""The words of [sweep]: the axes of one table, what is compared, and how honest the comparison is; and its cells."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import tomli_w
from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, field_validator

from research.config.errors import StepladderError, did_you_mean
from research.config.fields import Path, is_key, leaves
from research.config.merge import Assignment, Dropped, Merged, apply_layer
from research.config.node import Node, Positive, Rate, Seed, Strings, as_tuple
from research.config.plain import Json, Tree
from research.config.schema import Config
from research.config.tuned_by import Choices, chosen_values
from research.config.tuning import Grid, Tried, applicable_grid, trials
from research.config.validation_errors import explain, is_incompatible, unknown_key
from research.config.value_labels import assignments_text, label_values, plain_label, row_label, value_text


def _dotted(value: Json) -> Json:
    """`model.layers = [1, 2]` without quotes is a nested table in TOML; the key is dotted all the same."""
    return {".".join(path): item for path, item in leaves(value)} if isinstance(value, dict) else value


Values = Annotated[tuple[Any, ...], BeforeValidator(as_tuple), Field(min_length=1)]  # TOML values; a table replaces a table
Axes = Annotated[dict[str, Values], BeforeValidator(_dotted, json_schema_input_type=dict[str, Values | dict[str, Any]])]
Rows = Annotated[tuple[dict[str, Any], ...], BeforeValidator(as_tuple)]
GRID = TypeAdapter(Grid)
AXES = ("axes", "zip", "tune")  # the tables of a sweep whose keys are dotted keys of a config


class SizeMatch(Node):
    """Solve sizes of models so that every cell costs what the reference cell costs."""

    of: str  # "key=value[, key=value]", or a row's name: the reference cell
    by: Annotated[Strings, Field(min_length=1)]  # keys of whole numbers to solve, coarse first; "a + b" moves both, in their ratio
    target: Literal["params", "params.body", "total", "flops", "state"] = "params"  # params, as params.body: without embedding and output
    tolerance: Rate = 0.01


def matched_keys(entry: str) -> tuple[str, ...]:
    """The keys of an entry of `match.by`, which move together."""
    return tuple(key.strip() for key in entry.split("+"))


class TableLayout(Node):
    """How cells become rows and columns."""

    layout: ClassVar[frozenset[str]] = frozenset({"rows", "columns", "metrics", "figure"})  # only looks: no part of what is launched
    rows: str | Strings = "label"  # an axis, several, or the label of a `list`
    columns: str | Strings = ()  # axes that become columns; without any, `metrics` are the columns
    baseline: str | None = None  # the row that others are compared with; without one, the best
    metrics: Strings = ()  # columns beside `metric`: a metric, or params, flops_per_token, tokens_seen, seconds, ...
    figure: Literal["curves", "flops", "lengths", "none"] = "curves"


class PlannedComparison(Node):
    """A comparison that the spec names before the run: Holm corrects over these."""

    better: str
    worse: str


class Sweep(Node):
    """A table of cells: axes multiply each other; `list` and `zip` are one axis each."""

    name: str = Field(default="sweep", pattern=r"^[a-z0-9_]+$")
    axes: Axes = Field(default_factory=dict)
    zip: Axes = Field(default_factory=dict)  # arrays of equal length, stepped through together
    list: Rows = ()  # tables of dotted keys, each with an optional "label"
    exclude: Rows = ()  # key = value: a point that has them all is left out
    seeds: Positive | Annotated[tuple[Seed, ...], BeforeValidator(as_tuple)] | None = None  # in place of the config's
    tune: Grid = Field(default_factory=dict)  # tried for each row; the one with the best mean `select` stands for it, and is tested
    seed: Seed = 0  # of the values that `tune` draws
    tuned_by: str = ""  # a file of choices, beside this one: what another preset chose for the rows of the same names
    match: SizeMatch | None = None
    metric: str = "test.perplexity"
    select: str | None = None  # the metric of validation that chooses among the values of `tune`; by default the metric's own, or the loss
    table: TableLayout = TableLayout()
    comparisons: Annotated[tuple[PlannedComparison, ...], BeforeValidator(as_tuple)] = ()
    impossible: Literal["error", "show"] = "error"  # show: a combination that cannot be is a cell that says "cannot"

    @field_validator("select")
    @classmethod
    def _validation_selects(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith("valid."):
            raise ValueError(f"select = {value} would choose on what is reported; choose on validation, as valid.perplexity")
        return value

    @field_validator("list")
    @classmethod
    def _rows_have_grids(cls, rows: tuple[Tree, ...]) -> tuple[Mapping[str, Json | dict[str, Tried]], ...]:
        return tuple({**row, "tune": GRID.validate_python(row["tune"])} if "tune" in row else row for row in rows)

    @property
    def tuned(self) -> dict[str, Tried]:
        """Every key that is tuned, of the sweep or of a row, with its values."""
        grids = [self.tune, *(row["tune"] for row in self.list if "tune" in row)]
        return {key: values for grid in grids for key, values in grid.items()}


class SweepPoint(NamedTuple):
    """One cell: where it stands in the table, its config, and what the change of a kind dropped."""

    labels: Tree  # axis -> value; a `list` row's under "label"
    tuned: Tree
    config: Config | None  # None where it cannot be
    tree: Tree
    dropped: tuple[Dropped, ...] = ()
    cannot: str | None = None


class _Step(NamedTuple):
    """One place on an axis: how it is called, what it sets, its own grid of `tune`, and which values of a grid it has."""

    labels: Tree
    values: Tree
    grid: Mapping[str, Tried] | None = None
    tuned: Tree = {}  # noqa: RUF012


def expand_sweep(
    tree: Tree, sweep: Sweep, named: frozenset[Path] = frozenset(), where: str = "sweep", choices: Choices | None = None
) -> tuple[SweepPoint, ...]:
    """The points of a sweep over a base tree, the last axis fastest. `choices`: what another preset chose for its rows.

    Each point is the base with its assignments applied together by the kind rule; `named` are the base's keys that a change of kind
    keeps where it can. `where` says in which file the sweep stands. Raises StepladderError, which names the key or the point.
    """
    _check_keys(sweep, where)
    axes = _axes(sweep, where)
    _check_table(sweep, where)
    rows = [_combined(combination) for combination in product(*axes)]
    grids = [_grid_of(tree, sweep, row, named) for row in rows]
    _check_tune(sweep, grids, where)
    steps = [step for row, grid in zip(rows, grids, strict=True) for step in _trial_steps(sweep, row, grid)]
    _check_exclude(sweep, [*(step for axis in axes for step in axis), *steps], where)
    steps = [step for step in steps if not any(_matches(step, row) for row in sweep.exclude)]
    if choices is not None:
        _check_tuned_by(sweep, where)
        steps = [step._replace(values=step.values | chosen_values(choices, row_label(step.labels, step.labels), where)) for step in steps]
    points = tuple(_point(tree, sweep, step, named, where) for step in steps)
    _check_points(sweep, points, where)
    return points


def row_names(sweep: Sweep, where: str) -> set[str]:
    """Every name that a row of the table may be called by: its own, and that of its place among rows and columns."""
    steps = [_combined(combination).labels for combination in product(*_axes(sweep, where))]
    names = _names(sweep.table.rows)
    rows = {row_label(labels, [name for name in names if name in labels]) for labels in steps}
    return rows | {row_label(labels, labels) for labels in steps} | {value_text(value) for labels in steps for value in labels.values()}


def check_overrides(sweep: Sweep, command: Iterable[Assignment]) -> None:
    """Raises StepladderError for an override that changes nothing, since every point of the sweep sets its key itself."""
    rows = [_row_values(row) | row.get("tune", {}) for row in sweep.list]
    row_keys = {key for key in (rows[0] if rows else ()) if all(key in row for row in rows)}
    table_by_key = {**dict.fromkeys(sweep.axes, "axes"), **dict.fromkeys(sweep.zip, "zip"), **dict.fromkeys(sweep.tune, "tune")}
    for path, value, source in command:
        key = ".".join(path)
        if key in row_keys:
            raise StepladderError(
                f"{source}: `{key}={value_text(value)}` changes nothing, since every row of sweep.list sets {key} itself."
            )
        if key in table_by_key:
            table = table_by_key[key]
            raise StepladderError(
                f"{source}: `{key}={value_text(value)}` changes nothing, since sweep.{table} sets {key} at every point. For other "
                f"values write sweep.{table}.{key}='[{_toml(value)}]'."
            )


def _toml(value: Json) -> str:
    """A value as an array of the command line has it."""
    return tomli_w.dumps({"value": value}).partition("=")[2].strip()


def _axes(sweep: Sweep, where: str) -> list[list[_Step]]:
    """Each axis as its steps. Where rows are labels and no list gives any, the one label is the sweep's name."""
    list_steps = [
        _Step({"label": row.get("label") or assignments_text(_row_values(row))}, _row_values(row), row.get("tune")) for row in sweep.list
    ]
    axes = [list_steps] if list_steps else []
    if not axes and "label" in _names(sweep.table.rows):
        axes.append([_Step({"label": sweep.name}, {})])
    if lengths := {key: len(values) for key, values in sweep.zip.items()}:
        if len(set(lengths.values())) > 1:
            lengths_text = ", ".join(f"{key} has {n}" for key, n in lengths.items())
            raise StepladderError(f"{where}: the arrays of `sweep.zip` must be equally long: {lengths_text}.")
        columns = [_steps(key, values) for key, values in sweep.zip.items()]
        axes.append([_combined(steps) for steps in zip(*columns, strict=True)])
    return axes + [_steps(key, values) for key, values in sweep.axes.items()]


def _steps(key: str, values: tuple[Json, ...]) -> list[_Step]:
    return [_Step({key: label}, {key: value}) for label, value in zip(label_values(values), values, strict=True)]


def _row_values(row: Mapping[str, Json]) -> Tree:
    """What a row of `list` sets. A section (`model = { ... }`, or dots without quotes) merges as in a file; a dotted key is one value."""
    values = {key: value for key, value in row.items() if key not in ("label", "tune")}
    sections = {key: value for key, value in values.items() if "." not in key and isinstance(value, dict)}
    return {key: value for key, value in values.items() if key not in sections} | {
        ".".join(path): value for path, value in leaves(sections)
    }


def _combined(steps: Iterable[_Step]) -> _Step:
    steps = list(steps)
    labels, values = {k: v for step in steps for k, v in step.labels.items()}, {k: v for step in steps for k, v in step.values.items()}
    return _Step(labels, values, next((step.grid for step in steps if step.grid is not None), None))


def _grid_of(tree: Tree, sweep: Sweep, row: _Step, named: frozenset[Path]) -> Mapping[str, Tried]:
    """The row's own grid, or what of the sweep's means something to it. A row that cannot be is not tuned."""
    if row.grid is not None:
        return row.grid
    try:
        config = Config.model_validate(apply_layer(Merged(tree, (), {}), _assignments(row.values, ""), named).tree)
    except (ValidationError, StepladderError):
        return {}
    return applicable_grid(sweep.tune, config, row.values)


def _trial_steps(sweep: Sweep, row: _Step, grid: Mapping[str, Tried]) -> Iterator[_Step]:
    """The row with each trial of its grid."""
    for values in trials(grid, sweep.seed):
        yield _Step(row.labels, row.values | values, row.grid, values)


def _matches(step: _Step, row: Mapping[str, Json]) -> bool:
    return all(
        (key in step.values and step.values[key] == value) or (key in step.labels and step.labels[key] == value)
        for key, value in row.items()
    )


def _assignments(values: Tree, source: str) -> list[Assignment]:
    return [Assignment(tuple(key.split(".")), value, source) for key, value in values.items()]


def _point(tree: Tree, sweep: Sweep, step: _Step, named: frozenset[Path], where: str) -> SweepPoint:
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


def _names(keys: str | tuple[str, ...]) -> tuple[str, ...]:
    return (keys,) if isinstance(keys, str) else keys


def _check_keys(sweep: Sweep, where: str) -> None:
    """Every key is a word of the config, set in one place, and part of a cell."""
    tables = {
        "axes": list(sweep.axes),
        "zip": list(sweep.zip),
        "tune": list(sweep.tuned),
        "list": sorted({key for row in sweep.list for key in _row_values(row)}),
    }
    table_by_key: dict[str, str] = {}
    for table, key in [(table, key) for table, listed in tables.items() for key in listed] + [
        ("match.by", key) for entry in (sweep.match.by if sweep.match else ()) for key in matched_keys(entry)
    ]:
        path = tuple(key.split("."))
        if not is_key(Config, path):
            raise StepladderError(f"{where}, sweep.{table}: {unknown_key(path, Config)}")
        if path[0] in ("seeds", "run"):
            raise StepladderError(f"{where}, sweep.{table}: `{key}` is no part of a cell; seeds are asked for with sweep.seeds.")
        if table == "match.by" and path[0] != "model":
            raise StepladderError(f"{where}, sweep.match.by: `{key}` is no size of a model; name one, as model.width.")
        if table != "match.by" and table_by_key.setdefault(key, table) != table and {table_by_key[key], table} != {"tune", "list"}:
            raise StepladderError(f"{where}: `{key}` is both in sweep.{table_by_key[key]} and in sweep.{table}; name it once.")


def _check_table(sweep: Sweep, where: str) -> None:
    """Every axis is shown or tuned, and the table names nothing else."""
    rows, columns = _names(sweep.table.rows), _names(sweep.table.columns)
    axes = ["label", *sweep.zip, *sweep.axes]
    for name in (*rows, *columns):
        if name not in axes:
            hint = did_you_mean(name, axes) or "."
            raise StepladderError(f"{where}, sweep.table: `{name}` is no axis{hint} The axes are {', '.join(axes)}.")
        if (*rows, *columns).count(name) > 1:
            raise StepladderError(f"{where}, sweep.table: `{name}` is named twice among rows and columns.")
    table_axes = {*rows, *columns}
    hidden = [key for key in sweep.axes if key not in table_axes] + (list(sweep.zip)[:1] if not table_axes & {*sweep.zip} else [])
    hidden += ["label"] if sweep.list and "label" not in table_axes else []
    if hidden:
        raise StepladderError(
            f"{where}: the axis `{hidden[0]}` is neither in table.rows nor in table.columns nor in tune, so its cells would be mixed up; "
            f'name it, as in table = {{ rows = "{hidden[0]}" }}.'
        )


def _check_tune(sweep: Sweep, grids: list[Mapping[str, Tried]], where: str) -> None:
    """Each tuned key is tried for some row, and what chooses among values has values to choose among."""
    unused = [key for key in sweep.tuned if not any(key in grid for grid in grids)]
    if unused:
        raise StepladderError(
            f"{where}, sweep.tune: `{unused[0]}` means nothing to any row, or every row sets it itself. Take it out, or name a key that a "
            "row's own kind of model has."
        )
    if sweep.select is not None and not sweep.tuned:
        raise StepladderError(
            f"{where}: sweep.select = {sweep.select} chooses among the values of sweep.tune, and there are none. Which checkpoint of a run "
            f'is kept is train.select = "{sweep.select}".'
        )


def _check_tuned_by(sweep: Sweep, where: str) -> None:
    if sweep.tuned:
        raise StepladderError(
            f"{where}: sweep.tuned_by takes the values of rows from {sweep.tuned_by}, and sweep.tune tries others; say one of them. A file "
            'that extends this one ends it with tuned_by = "".'
        )


def _check_exclude(sweep: Sweep, steps: list[_Step], where: str) -> None:
    """What is left out is there in the first place."""
    axes = {key for step in steps for key in (*step.labels, *step.values)}
    for row in sweep.exclude:
        for key, value in row.items():
            if key not in axes:
                raise StepladderError(
                    f"{where}, sweep.exclude: `{key}` is no axis{did_you_mean(key, axes) or '.'} The axes are {', '.join(sorted(axes))}."
                )
            if not any(_matches(step, {key: value}) for step in steps):
                raise StepladderError(f"{where}, sweep.exclude: {value_text(value)} is no value of `{key}`, so nothing would be left out.")


def _check_points(sweep: Sweep, points: tuple[SweepPoint, ...], where: str) -> None:
    """There are points, no two are one cell, and the baseline is a row."""
    if not points:
        raise StepladderError(f"{where}: sweep.exclude leaves no point.")
    seen: dict[Any, SweepPoint] = {}
    for point in points:
        for identity in (point.config, (plain_label(point.labels), value_text(point.tuned))):
            if identity is not None and (first := seen.setdefault(identity, point)) is not point:
                point_names = [_point_name(p.labels, p.tuned) for p in (first, point)]
                raise StepladderError(
                    f"{where}: two points of the sweep are one: {point_names[0]} and {point_names[1]}. Take one out, or let them differ."
                )
    rows = list(dict.fromkeys(row_label(point.labels, sweep.table.rows) for point in points))
    baseline = sweep.table.baseline
    if baseline is not None and baseline not in {*rows, *(plain_label(point.labels, _names(sweep.table.rows)) for point in points)}:
        hint = did_you_mean(baseline, rows) or "."
        raise StepladderError(f"{where}: table.baseline = {baseline} is none of the rows{hint} They are {', '.join(rows)}.")
