"""The command line. Commands import what they need when they run: `--help` and a config error must not wait for jax."""

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from research.cli.application import (
    RUNS,
    AllowPlugins,
    AsJson,
    ConfigFile,
    DataDir,
    OnError,
    OutDir,
    Overrides,
    Preset,
    Rerun,
    RunsDir,
    Spec,
    Wait,
    Workers,
    app,
    guarded,
    guarded_launch,
    set_device_flags,
)
from research.config.errors import StepladderError
from research.first_imports import without_collections
from research.stops import STOPPED, interrupt_at_once

REPORT_FORMATS = "md,tex,csv,html,json,frame"  # of report.formats.registry, which `--help` does not wait for


@app.command()
@guarded_launch
def train(
    config: ConfigFile,
    overrides: Overrides = None,
    runs: RunsDir = RUNS,
    data_dir: DataDir = None,
    workers: Workers = None,
    rerun: Rerun = None,
    wait: Wait = False,
    allow_plugins: AllowPlugins = False,
    as_json: AsJson = False,
) -> int:
    """Train one cell, all its seeds. Goes on where it was interrupted; returns at once if it is done."""
    from research.api.loaded_cell import load

    set_device_flags(workers)
    cell = load(config, *(overrides or []), runs=runs, data_dir=data_dir, allow_plugins=allow_plugins)
    with without_collections():
        from research.cli import commands

    return commands.train_command(cell, workers, rerun, as_json, wait)


@app.command()
@guarded_launch
def sweep(
    spec: Spec,
    overrides: Overrides = None,
    preset: Preset = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the cells and their cost; run nothing.")] = False,
    runs: RunsDir = RUNS,
    data_dir: DataDir = None,
    workers: Workers = None,
    on_error: OnError = "continue",
    rerun: Rerun = None,
    wait: Wait = False,
    allow_plugins: AllowPlugins = False,
    as_json: AsJson = False,
) -> int:
    """Run every cell of a sweep that is not done, and print its table."""
    from research.api.loaded_sweep import sweep as load_sweep

    set_device_flags(workers)
    chosen = load_sweep(spec, *(overrides or []), preset=preset, runs=runs, data_dir=data_dir, allow_plugins=allow_plugins)
    if on_error not in ("continue", "stop"):
        raise StepladderError(f"--on-error is continue or stop, not {on_error!r}.")
    with without_collections():
        from research.cli import commands

    if dry_run:
        return commands.show_command(chosen, as_json)
    words = [spec, *(overrides or []), *(["--preset", preset] if preset else [])]
    return commands.sweep_command(chosen, workers, on_error == "continue", rerun, as_json, words, wait)


@app.command()
@guarded_launch
def reproduce(
    name: Annotated[str, typer.Argument(metavar="NAME", help="An experiment, by name or folder: `stepladder experiments` lists them.")],
    overrides: Overrides = None,
    preset: Preset = None,
    out: OutDir = None,
    runs: Annotated[
        Path | None, typer.Option("--runs", envvar="STEPLADDER_RUNS", help="Where runs are kept: `runs` by default. A study keeps none.")
    ] = None,
    data_dir: DataDir = None,
    workers: Workers = None,
    wait: Wait = False,
    allow_plugins: AllowPlugins = False,
    as_json: AsJson = False,
) -> int:
    """Run one experiment and write its report. A study keeps no runs: what it measures is in its report.json."""
    from research.api.loaded_sweep import sweep as load_sweep
    from research.catalog.folders import find_experiment

    folder = find_experiment(name)
    if folder is not None and folder.is_study:
        if runs is not None and str(runs) != os.environ.get("STEPLADDER_RUNS"):
            raise StepladderError(
                f"{name} is a study: it keeps no runs, so --runs {runs} would hold nothing. Leave it out; --out says where the report goes."
            )
        return _measure(folder, overrides or [], preset, out, data_dir, workers, as_json)
    set_device_flags(workers)
    loaded = load_sweep(name, *(overrides or []), preset=preset, runs=runs or RUNS, data_dir=data_dir, allow_plugins=allow_plugins)
    with without_collections():
        from research.cli import commands

    code = commands.sweep_command(loaded, workers, True, None, as_json, wait=wait)
    if code != STOPPED:
        from research.cli.report_command import report_command

        files = report_command(name, overrides or [], preset, runs or RUNS, out, ("html", "md", "tex", "csv"))
        print(f"report: {files['report.html']}", file=sys.stderr)
    return code


@app.command()
@guarded
def report(
    spec: Annotated[str, typer.Argument(metavar="SPEC|MANIFEST", help="A TOML file, an experiment, or runs/sweeps/NAME-HASH.json.")],
    overrides: Overrides = None,
    preset: Preset = None,
    out: OutDir = None,
    formats: Annotated[
        str, typer.Option("--format", metavar=REPORT_FORMATS, help="Any of these, with commas between.")
    ] = "md,tex,csv,html",
    runs: RunsDir = RUNS,
    data_dir: DataDir = None,
) -> int:
    """Write the table and the report of a sweep from what is in the runs folder; trains nothing, and reads no data."""
    from research.cli.report_command import report_command

    for path in report_command(spec, overrides or [], preset, runs, out, formats.split(",")).values():
        print(path)
    return 0


@app.command()
@guarded
def show(
    spec: Annotated[str, typer.Argument(metavar="CONFIG|SPEC|RUN", help="A TOML file, an experiment's name, or a cell that was run.")],
    overrides: Overrides = None,
    preset: Preset = None,
    runs: RunsDir = RUNS,
    data_dir: DataDir = None,
    workers: Workers = None,
    allow_plugins: AllowPlugins = False,
    as_json: AsJson = False,
) -> int:
    """Show the resolved config, shapes, parameters, FLOPs, memory and predicted time; of a run its results. Trains nothing."""
    if _names_a_run(spec, runs):
        return _show_run(spec, runs, as_json)
    from research.api.loaded_sweep import sweep as load_sweep

    set_device_flags(workers)
    shown = load_sweep(spec, *(overrides or []), preset=preset, runs=runs, data_dir=data_dir, allow_plugins=allow_plugins)
    with without_collections():
        from research.cli import commands

    return commands.show_command(shown, as_json)


def _names_a_run(spec: str, runs: Path) -> bool:
    """The beginning of a cell_id that is there, or a run's folder: names of files and of experiments come first."""
    from research.runs import store

    cell = spec.partition("/")[0]
    is_prefix = len(cell) > 1 and any(cell_id.startswith(cell) for cell_id in store.cell_ids(runs))
    return not Path(spec).is_file() and (is_prefix or (Path(spec) / "config.toml").exists() or (Path(spec).parent / "config.toml").exists())


def _show_run(spec: str, runs: Path, as_json: bool) -> int:
    from rich.console import Console

    from research.report.cell_detail import cell_detail, print_detail
    from research.runs import store

    detail = cell_detail(store.find_run(runs, spec))
    print(store.to_json(detail)) if as_json else print_detail(detail, Console(highlight=False, markup=False))
    return 0


def _spec(spec: str, preset: str | None, overrides: list[str] | None, allow_plugins: bool = False) -> Any:
    """A TOML file, or an experiment's preset, with what its folder adds."""
    from research.catalog.choose import choose_experiment

    return choose_experiment(spec, preset, overrides or [], allow_plugins)


def _measure(
    experiment: Any, overrides: list[str], preset: str | None, out: Path | None, data_dir: Path | None, workers: int | None, as_json: bool
) -> int:
    """A study: its numbers, its table, and its report."""
    interrupt_at_once()
    set_device_flags(workers)
    from research.catalog.choose import measure_study
    from research.compare.provenance import report_folder
    from research.report.study import print_study, study_manifest, write_study
    from research.runs.store import read_json
    from research.runs.sweep_manifest import Launch

    study, cards = measure_study(experiment, preset, overrides, data_dir)
    study = study._replace(command=Launch(experiment.spec, preset=study.preset, data_dir=data_dir).command)
    folder = out or report_folder(f"{experiment.name}-{study.preset}", study_manifest(study, cards)["hash"])
    files = write_study(study, cards, folder)
    print(json.dumps(read_json(files["report.json"]))) if as_json else print_study(study, cards)
    print(f"report: {files['report.html']}", file=sys.stderr)
    return 0


@app.command()
@guarded_launch
def work(
    manifest: Annotated[Path, typer.Argument(metavar="MANIFEST", help="A plan: runs/sweeps/NAME-HASH.json, written by sweep and train.")],
    unit: Annotated[str, typer.Argument(metavar="[UNIT]", help="The beginning of a unit's id; by default all that can be done.")] = "",
    list_units: Annotated[bool, typer.Option("--list", help="Print the units and what they wait for; do nothing.")] = False,
    capacity: Annotated[int | None, typer.Option(min=1, help="The most runs of a unit.")] = None,
    seconds: Annotated[float | None, typer.Option(min=0, help="Checkpoint and stop after so long, with exit code 75.")] = None,
    runs: Annotated[
        Path | None, typer.Option("--runs", envvar="STEPLADDER_RUNS", help="Where runs are kept: by default the manifest's folder.")
    ] = None,
    data_dir: DataDir = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> int:
    """Do a unit of a plan, or all that is left: what a node runs. 75: the rest is held by others or waits, or the time is up."""
    from research.runs.sweep_manifest import read_manifest_file

    contents, runs_dir = read_manifest_file(manifest, runs)
    set_device_flags(workers)
    with without_collections():
        from research.cli import work_command

    request = work_command.WorkRequest(runs_dir, data_dir, unit, capacity, seconds, as_json, workers)
    return work_command.list_command(contents, request) if list_units else work_command.work_command(contents, str(manifest), request)
