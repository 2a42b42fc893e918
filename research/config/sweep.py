"""The words of [sweep]: the axes of one table, what is compared, and how honest the comparison is."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from research.config.node import Integers, Node, Rate, Strings

Value = Any  # a TOML value; a table replaces a table


def _rows(value: Any) -> Any:
    return tuple(dict(row) for row in value) if isinstance(value, list) else value


Rows = Annotated[tuple[dict[str, Value], ...], BeforeValidator(_rows)]


class Match(Node):
    """Solve widths so that every cell costs what the reference cell costs."""

    of: str  # "key=value[, key=value]": the reference cell
    by: Strings  # keys of integers to solve, coarse first
    target: Literal["params", "flops", "total"] = "params"  # without embedding and output; forward per token; all parameters
    tolerance: Rate = 0.01


class Table(Node):
    """How cells become rows and columns."""

    rows: str | Strings = "label"  # an axis, several, or the label of a `list`
    columns: str | Strings = ()  # axes that become columns; without any, `metrics` are the columns
    baseline: str | None = None  # the row that others are compared with; without one, the best
    metrics: Strings = ()  # columns beside `metric`: a metric, or params, flops_per_token, tokens_seen, seconds, ...
    figure: Literal["curves", "flops", "lengths", "none"] = "curves"


class Comparison(Node):
    """A comparison that the spec names before the run: Holm corrects over these."""

    better: str
    worse: str


class Sweep(Node):
    """A table of cells: axes multiply each other; `list` and `zip` are one axis each."""

    name: str = Field(default="sweep", pattern=r"^[a-z0-9_]+$")
    axes: dict[str, Annotated[tuple[Value, ...], BeforeValidator(_rows_or_values := (lambda v: tuple(v) if isinstance(v, list) else v))]] = {}
    zip: dict[str, Annotated[tuple[Value, ...], BeforeValidator(_rows_or_values)]] = {}
    list: Rows = ()
    exclude: Rows = ()
    seeds: int | Integers | None = None
    tune: dict[str, Annotated[tuple[Value, ...], BeforeValidator(_rows_or_values)]] = {}
    match: Match | None = None
    metric: str = "test.perplexity"
    select: str = "valid.perplexity"
    table: Table = Table()
    comparisons: tuple[Comparison, ...] = ()
