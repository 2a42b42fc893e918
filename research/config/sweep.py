"""The words of [sweep]: the axes of one table, what is compared, and how honest the comparison is."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, field_validator

from research.config.fields import leaves
from research.config.node import Node, Positive, Rate, Seed, Strings, as_tuple
from research.config.plain import Json, Tree
from research.config.tuning import Tried, Tune, TuneWords


def _dotted(value: Json) -> Json:
    """`model.layers = [1, 2]` without quotes is a nested table in TOML; the key is dotted all the same."""
    return {".".join(path): item for path, item in leaves(value)} if isinstance(value, dict) else value


Values = Annotated[tuple[Any, ...], BeforeValidator(as_tuple), Field(min_length=1)]  # TOML values; a table replaces a table
Axes = Annotated[dict[str, Values], BeforeValidator(_dotted, json_schema_input_type=dict[str, Values | dict[str, Any]])]
Rows = Annotated[tuple[dict[str, Any], ...], BeforeValidator(as_tuple)]
TUNE = TypeAdapter(TuneWords)
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


def _tune_of(row: Tree) -> Tune:
    """The `tune` of a row. Raises ValueError, which names the row, for words that it does not have."""
    try:
        return TUNE.validate_python(row["tune"])
    except ValidationError as error:
        mistake = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise ValueError(f"tune of the row {row.get('label') or 'without a label'}: {mistake}") from None


class Sweep(Node):
    """A table of cells: axes multiply each other; `list` and `zip` are one axis each."""

    name: str = Field(default="sweep", pattern=r"^[a-z0-9_]+$")
    axes: Axes = Field(default_factory=dict)
    zip: Axes = Field(default_factory=dict)  # arrays of equal length, stepped through together
    list: Rows = ()  # tables of dotted keys, each with an optional "label"
    exclude: Rows = ()  # key = value: a point that has them all is left out
    seeds: Positive | Annotated[tuple[Seed, ...], BeforeValidator(as_tuple)] | None = None  # in place of the config's
    tune: TuneWords = Tune()  # tried for each row; the one with the best mean `select` stands for it, and is tested
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
    def _rows_have_grids(cls, rows: tuple[Tree, ...]) -> tuple[Mapping[str, Json | Tune], ...]:
        return tuple({**row, "tune": _tune_of(row)} if "tune" in row else row for row in rows)

    @property
    def tuned(self) -> dict[str, Tried]:
        """Every key that is tuned, of the sweep or of a row, with its values."""
        return {key: values for tune in self.tunes for key, values in tune.grid.items()}

    @property
    def tunes(self) -> tuple[Tune, ...]:
        """The sweep's `tune`, and those of its rows."""
        return (self.tune, *(row["tune"] for row in self.list if "tune" in row))
