"""A table of results: of a sweep, or of any runs; it shows as the report's table, with the notes under it."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from research.api.places import runs_folder
from research.compare.cell_facts import TableRequest, any_runs_manifest
from research.compare.cells import Manifest, load_cells
from research.compare.stability import find_unstable_verdicts, table_on_any_machine
from research.compare.tables import TableData

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class ResultTable:
    """A table as a value. In a notebook it is HTML, on a terminal text."""

    data: TableData

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be read with its numbers."""
        return self.data.notes

    def frame(self) -> "pd.DataFrame":
        """A row for each place and seed: the labels, `metric`, `value`, and mean, interval, sd and n of the place."""
        from research.report.table_rows import table_frame

        return table_frame(self.data)

    def render(self, format_name: str) -> str:
        """As text, md, tex, csv, html or json."""
        from research.report.table_formats import render_table

        return render_table(self.data, format_name)

    def __repr__(self) -> str:
        return self.render("text")

    def _repr_html_(self) -> str:
        return self.render("html")


def table(
    runs: Path | str | None = None,
    rows: str | Sequence[str] = (),
    columns: str | Sequence[str] = (),
    metrics: str | Sequence[str] = (),
    where: str | None = None,
    names: Sequence[str] = (),
) -> ResultTable:
    """A table of any finished runs, without their sweep: cells are grouped by all words but the seed, and stand where their words say.

    `rows`, `columns`: dotted keys of a config, defaults too. `metrics`: the first is what rows are compared by. `where`: a condition, true
    of whole cells. `names`: cells by the beginnings of their ids, or sweeps, alone. Raises StepladderError for words that no run answers
    to, and for two cells in one place.
    """
    words = [(text,) if isinstance(text, str) else tuple(text) for text in (rows, columns, metrics)]
    return any_runs_table(runs_folder(runs), TableRequest(words[0], words[1], words[2], where, tuple(names)))


def any_runs_table(runs_dir: Path, request: TableRequest) -> ResultTable:
    """The table of any runs of a folder."""
    return manifest_table(any_runs_manifest(runs_dir, request._replace(command=_command(runs_dir, request))), runs_dir)


def manifest_table(manifest: Manifest, runs_dir: Path) -> ResultTable:
    """The table that a manifest asks for, from the records alone."""
    cells = load_cells(manifest, runs_dir)
    return ResultTable(table_on_any_machine(manifest, runs_dir, cells, find_unstable_verdicts(manifest, cells)))


def _command(runs_dir: Path, request: TableRequest) -> str:
    """What makes the table again."""
    options = [(f"--{name}", value) for name, values in (("rows", request.rows), ("columns", request.columns)) for value in values]
    options += [("--metric", metric) for metric in request.metrics] + ([("--where", request.where)] if request.where else [])
    options += [("--runs", str(runs_dir))]
    return shlex.join(["stepladder", "table", *request.names, *(word for option in options for word in option)])
