"""What is refused of the words of [sweep], before any of its points is made."""

from collections.abc import Iterable, Sequence

import tomli_w

from research.config.errors import StepladderError, did_you_mean
from research.config.fields import is_key
from research.config.merge import Assignment
from research.config.plain import Json
from research.config.schema import Config
from research.config.sweep import Sweep, matched_keys
from research.config.sweep_axes import AxisStep, axis_names, matches_values, row_values
from research.config.tuning import Tune
from research.config.validation_errors import unknown_key
from research.config.value_labels import value_text

DURATIONS = ("train.steps", "train.epochs")


def check_overrides(sweep: Sweep, command: Iterable[Assignment]) -> None:
    """Raises StepladderError for an override that changes nothing, since every point of the sweep sets its key itself."""
    rows = [row_values(row) | (row["tune"].grid if "tune" in row else {}) for row in sweep.list]
    row_keys = {key for key in (rows[0] if rows else ()) if all(key in row for row in rows)}
    table_by_key = {**dict.fromkeys(sweep.axes, "axes"), **dict.fromkeys(sweep.zip, "zip"), **dict.fromkeys(sweep.tune.grid, "tune")}
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


def check_keys(sweep: Sweep, where: str) -> None:
    """Every key is a word of the config, set in one place, and part of a cell."""
    tables = {
        "axes": list(sweep.axes),
        "zip": list(sweep.zip),
        "tune": list(sweep.tuned),
        "list": sorted({key for row in sweep.list for key in row_values(row)}),
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


def check_table(sweep: Sweep, where: str) -> None:
    """Every axis is shown or tuned, and the table names nothing else."""
    rows, columns = axis_names(sweep.table.rows), axis_names(sweep.table.columns)
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


def check_tune(sweep: Sweep, tunes: Sequence[Tune], where: str) -> None:
    """Each tuned key is tried for some row, and what chooses among values has values to choose among."""
    unused = [key for key in sweep.tuned if not any(key in tune.grid for tune in tunes)]
    if unused:
        raise StepladderError(
            f"{where}, sweep.tune: `{unused[0]}` means nothing to any row, or every row sets it itself. Take it out, or name a key that a "
            "row's own kind of model has."
        )
    if timed := [key for tune in sweep.tunes if tune.halving for key in tune.grid if key in DURATIONS]:
        raise StepladderError(
            f"{where}, sweep.tune: halving trains the values of a row for a part of its {timed[0]}, which is tried itself. Take one of "
            "them out."
        )
    if sweep.select is not None and not sweep.tuned:
        raise StepladderError(
            f"{where}: sweep.select = {sweep.select} chooses among the values of sweep.tune, and there are none. Which checkpoint of a run "
            f'is kept is train.select = "{sweep.select}".'
        )


def check_tuned_by(sweep: Sweep, where: str) -> None:
    """Values come from a file or are tried, not both."""
    if sweep.tuned:
        raise StepladderError(
            f"{where}: sweep.tuned_by takes the values of rows from {sweep.tuned_by}, and sweep.tune tries others; say one of them. A file "
            'that extends this one ends it with tuned_by = "".'
        )


def check_exclude(sweep: Sweep, steps: list[AxisStep], where: str) -> None:
    """What is left out is there in the first place."""
    axes = {key for step in steps for key in (*step.labels, *step.values)}
    for row in sweep.exclude:
        for key, value in row.items():
            if key not in axes:
                raise StepladderError(
                    f"{where}, sweep.exclude: `{key}` is no axis{did_you_mean(key, axes) or '.'} The axes are {', '.join(sorted(axes))}."
                )
            if not any(matches_values(step, {key: value}) for step in steps):
                raise StepladderError(f"{where}, sweep.exclude: {value_text(value)} is no value of `{key}`, so nothing would be left out.")
