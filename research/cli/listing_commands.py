"""Commands that say what there is: experiments, runs, data, words; and those that measure speed or hold a variant to the laws."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from research.cli.application import RUNS, AsJson, DataDir, RunsDir, app, guarded, set_device_flags
from research.config.errors import StepladderError
from research.first_imports import without_collections


@app.command()
@guarded
def experiments(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One of them in full.")] = None,
    root: Annotated[Path | None, typer.Option("--in", metavar="DIR", help="Those in a folder of your own.")] = None,
    as_json: AsJson = False,
) -> int:
    """List the experiments: question, presets, cost; of one its claims too."""
    from research.catalog.describe import describe_experiment, describe_in_full, list_experiments

    folders = list_experiments(root)
    if name is not None:
        experiment = describe_in_full(name, folders)
        print(json.dumps(experiment._asdict()) if as_json else "\n".join(experiment.lines))
        return 0
    entries = [describe_experiment(folder) for folder in folders]
    listed = json.dumps({"experiments": [entry._asdict() for entry in entries]}) if as_json else ""
    print(listed or "\n".join(line for entry in entries for line in entry.lines))
    return 0


@app.command("runs")
@guarded
def list_runs(
    cell: Annotated[str, typer.Argument(metavar="[CELL_ID]", help="Its beginning: those cells alone.")] = "",
    sweep: Annotated[str | None, typer.Option(help="The cells of this sweep.")] = None,
    status: Annotated[str | None, typer.Option(metavar="done|running|stopped|diverged|failed", help="Cells with such a seed.")] = None,
    metric: Annotated[str | None, typer.Option(help="Which number, as test.accuracy.")] = None,
    sort: Annotated[str, typer.Option(metavar="age|cell|metric|what", help="Metric: the best first.")] = "age",
    runs: RunsDir = RUNS,
    as_json: AsJson = False,
) -> int:
    """List what is in the runs folder: cell, what it is, seeds, metric, age."""
    from research.report.cell_listing import CellQuery, list_cells, print_cells
    from research.runs.store import to_json

    cells = list_cells(runs, CellQuery(cell, sweep, status, metric, sort))
    print(to_json({"cells": cells})) if as_json else print_cells(cells, runs)
    return 0


@app.command()
@guarded
def data(
    action: Annotated[str, typer.Argument(metavar="list|fetch|verify", help="What to do.")],
    name: Annotated[str | None, typer.Argument(metavar="[NAME]")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """List datasets, fetch one, or check its files against their checksums."""
    from research.data import dataset_sources

    if action == "list":
        datasets = dataset_sources.list_sources(data_dir)
        lines = [f"{dataset['name']:<16} {'here' if dataset['here'] else 'to fetch':<9} {dataset['what']}" for dataset in datasets]
    elif action in ("fetch", "verify"):
        if name is None:
            raise StepladderError(f"Name a dataset: `stepladder data {action} NAME`; `stepladder data list` shows them.")
        datasets = [
            {"name": name, "path": str(path)}
            for path in (dataset_sources.fetch_source if action == "fetch" else dataset_sources.verify_source)(name, data_dir)
        ]
        lines = [dataset["path"] for dataset in datasets]
    else:
        raise StepladderError(f"`stepladder data {action}` does not exist; it is list, fetch NAME or verify NAME.")
    print(json.dumps({"data": datasets}, default=str) if as_json else "\n".join(lines))
    return 0


@app.command()
@guarded
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE.py", help="A plugin: what it registers is checked. Naming it allows it to run.")],
    only: Annotated[str | None, typer.Option(metavar="NAME", help="This entry alone.")] = None,
    as_json: AsJson = False,
) -> int:
    """Try the standing laws on your own mixer, score, position, cell, task, metric or dataset: which hold, and what shows where not."""
    set_device_flags(1)
    with without_collections():
        from research.laws.check_plugin import check_plugin, checked_plugin_data

    checked = check_plugin(file, only, lambda entry: print(f"checking the {entry.family} {entry.name} ...", file=sys.stderr))
    if as_json:
        print(json.dumps(checked_plugin_data(file, checked)))
    else:
        from rich.console import Console

        from research.cli.print_laws import print_laws

        print_laws(checked, Console(highlight=False, markup=False))
    return 0 if all(entry.holds for entry in checked) else 1


@app.command()
@guarded
def schema() -> int:
    """Print the JSON Schema of the config, by which editors complete the words of a TOML file."""
    from research.config.toml_schema import toml_schema

    print(json.dumps(toml_schema(), indent=2))
    return 0


@app.command()
@guarded
def bench(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME ...]", help="Benchmarks, or BENCHMARK/CASE; by default most.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Rounds of each side.")] = 5,
    as_json: AsJson = False,
) -> int:
    """Measure speed against peers (torch, flax, KenLM, ...), side by side in one run."""
    from research.bench.bench_command import run_benchmarks as run

    return run(names or [], repeats, as_json)
