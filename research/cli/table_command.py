"""`stepladder table`: finished runs of any sweeps in one table, grouped by all words but the seed."""

from typing import Annotated

import typer

from research.cli.application import RUNS, AsJson, RunsDir, app, guarded


@app.command("table")
@guarded
def table_of_runs(
    names: Annotated[list[str] | None, typer.Argument(metavar="[RUN ...]", help="Cells, or sweeps by name; by default all runs.")] = None,
    rows: Annotated[list[str] | None, typer.Option(metavar="KEY", help="Of a config, as model.mixer.kind; several: again.")] = None,
    columns: Annotated[list[str] | None, typer.Option(metavar="KEY", help="The same for columns.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="The first is what rows are compared by; others are columns.")] = None,
    where: Annotated[str | None, typer.Option(metavar="EXPR", help="Those cells alone, as \"data.kind == 'ptb'\".")] = None,
    format_name: Annotated[str | None, typer.Option("--format", metavar="md|tex|csv|html|text", help="By default as sweep prints.")] = None,
    runs: RunsDir = RUNS,
    as_json: AsJson = False,
) -> int:
    """Put any finished runs into one table, without their sweep: the same statistics and the same refusals."""
    from research.api.result_table import TableRequest, any_runs_table

    request = TableRequest(_keys(rows), _keys(columns), _keys(metric), where, tuple(names or ()))
    table = any_runs_table(runs, request)
    if as_json or format_name is not None:
        print(table.render("json" if as_json or format_name is None else format_name).rstrip("\n"))
        return 0
    from rich.console import Console

    from research.report.sheets import table_sheet
    from research.report.terminal import print_sheet

    print_sheet(table_sheet(table.data), Console(highlight=False, markup=False))
    return 0


def _keys(words: list[str] | None) -> tuple[str, ...]:
    """Each option's keys, which may stand behind one option with commas between."""
    return tuple(key.strip() for word in words or () for key in word.split(",") if key.strip())
