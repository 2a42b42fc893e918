"""The command line. Commands import what they need when they run: `--help` and a config error must not wait for jax."""

import functools
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from research.config.errors import StepladderError
from research.config.levels import levels_varied_by
from research.first_imports import without_collections

app = typer.Typer(
    name="stepladder",
    help="Sequence models in JAX, one controlled step at a time: configs in, honest tables out.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Overrides = Annotated[list[str] | None, typer.Argument(metavar="[a.b=value ...]", help="Changes to the config, read as TOML values.")]
RunsDir = Annotated[Path, typer.Option("--runs", envvar="STEPLADDER_RUNS", help="Where runs are kept.")]
DataDir = Annotated[Path | None, typer.Option("--data-dir", envvar="STEPLADDER_DATA", help="A folder with datasets already on disk.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, nothing else.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Runs at a time; by default one a core. 1: a run has all cores.")]
OnError = Annotated[str, typer.Option("--on-error", metavar="continue|stop", help="When a run crashes.")]
Rerun = Annotated[str | None, typer.Option(metavar="failed|all|CELL_ID", help="Do these again.")]
AllowPlugins = Annotated[bool, typer.Option("--allow-plugins", help="Let the plugins that the file names run on this machine.")]
Preset = Annotated[str | None, typer.Option(help="Of an experiment: quick (the default), full, ...")]
Spec = Annotated[str, typer.Argument(metavar="SPEC", help="A TOML file, or an experiment's name or folder.")]
ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="A TOML file, or the name of one in configs/.")]
RunName = Annotated[str, typer.Argument(metavar="RUN", help="A run's folder, or the beginning of a cell_id, with /seed if wanted.")]
OutDir = Annotated[
    Path | None,
    typer.Option("--out", help="Where the report goes; by default reports/NAME."),
]
RUNS = Path("runs")
REPORT_FORMATS = "md,tex,csv,html,json,frame"  # of report.formats.registry, which `--help` does not wait for
RANKED, MERGED = (", ".join(levels_varied_by(kind)) for kind in ("sample", "bpe_dropout"))  # levels of probabilities, and of merges


def _guarded(command: Callable[..., int | None]) -> Callable[..., None]:
    """A user's mistake is one paragraph and exit 2; a stop by the user is 130; a bug keeps its traceback."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # a terminal may not have every character
        try:
            code = command(*args, **kwargs)
        except StepladderError as error:
            print(f"error: {error}", file=sys.stderr)
            raise typer.Exit(2) from None
        except BrokenPipeError:
            raise typer.Exit(0) from None
        raise typer.Exit(code or 0)

    return run


def _print_version(requested: bool) -> bool:
    if requested:
        from importlib.metadata import version

        print(f"stepladder {version('stepladder')}")
        raise typer.Exit(0)
    return requested


@app.callback()
def main(
    version: Annotated[bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Say which version this is.")] = False,
) -> None:
    pass


@app.command()
@_guarded
def train(
    config: ConfigFile,
    overrides: Overrides = None,
    runs: RunsDir = RUNS,
    data_dir: DataDir = None,
    workers: Workers = None,
    rerun: Rerun = None,
    allow_plugins: AllowPlugins = False,
    as_json: AsJson = False,
) -> int:
    """Train one cell, all its seeds. Goes on where it was interrupted; returns at once if it is done."""
    from research.api.loaded_cell import load

    _set_device_flags(workers)
    cell = load(config, *(overrides or []), runs=runs, data_dir=data_dir, allow_plugins=allow_plugins)
    with without_collections():
        from research.cli import commands

    return commands.train_command(cell, rerun, as_json)


@app.command()
@_guarded
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
    allow_plugins: AllowPlugins = False,
    as_json: AsJson = False,
) -> int:
    """Run every cell of a sweep that is not done, and print its table."""
    from research.api.loaded_sweep import sweep as load_sweep

    _set_device_flags(workers)
    chosen = load_sweep(spec, *(overrides or []), preset=preset, runs=runs, data_dir=data_dir, allow_plugins=allow_plugins)
    if on_error not in ("continue", "stop"):
        raise StepladderError(f"--on-error is continue or stop, not {on_error!r}.")
    with without_collections():
        from research.cli import commands

    if dry_run:
        return commands.show_command(chosen, as_json)
    words = [spec, *(overrides or []), *(["--preset", preset] if preset else [])]
    return commands.sweep_command(chosen, on_error == "continue", rerun, as_json, words)


@app.command()
@_guarded
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
    _set_device_flags(workers)
    loaded = load_sweep(name, *(overrides or []), preset=preset, runs=runs or RUNS, data_dir=data_dir, allow_plugins=allow_plugins)
    with without_collections():
        from research.cli import commands

    code = commands.sweep_command(loaded, True, None, as_json)
    if code != commands.STOPPED:
        from research.cli.report_command import report_command

        files = report_command(name, overrides or [], preset, runs or RUNS, out, ("html", "md", "tex", "csv"))
        print(f"report: {files['report.html']}", file=sys.stderr)
    return code


@app.command()
@_guarded
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
@_guarded
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


@app.command()
@_guarded
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

    _set_device_flags(workers)
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
    print(store.to_json(detail)) if as_json else print_detail(detail, Console(highlight=False))
    return 0


@app.command("runs")
@_guarded
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
@_guarded
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
@_guarded
def generate(
    run: RunName,
    prompt: Annotated[str | None, typer.Option(help="Text to go on from.")] = None,
    prompts: Annotated[Path | None, typer.Option(help="A UTF-8 file, a prompt a line: all in one batch.")] = None,
    tokens: Annotated[int, typer.Option(min=1, help="How many tokens to draw, at most.")] = 50,
    decoder: Annotated[str, typer.Option(metavar="greedy|sample|top_k|top_p|beam", help="How a token is chosen.")] = "sample",
    temperature: Annotated[float | None, typer.Option(help="Of sample, top_k and top_p: 1 by default.")] = None,
    k: Annotated[int | None, typer.Option(help="Of top_k: drawn from the k likeliest.")] = None,
    p: Annotated[float | None, typer.Option(help="Of top_p: drawn from the fewest whose mass reaches p.")] = None,
    beam: Annotated[int | None, typer.Option(help="Of beam: how many beginnings are kept.")] = None,
    length_penalty: Annotated[float | None, typer.Option("--length-penalty", help="Of beam: 0 for none.")] = None,
    n_best: Annotated[int | None, typer.Option("--n-best", help="Of beam: so many texts with their scores.")] = None,
    until_end: Annotated[bool, typer.Option("--until-end", help="Stop a text at its end symbol.")] = False,
    recompute: Annotated[bool, typer.Option("--recompute", help="Also time a token where the text before it is read again.")] = False,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    runs: RunsDir = RUNS,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Draw text from a trained or counted language model."""
    from research.config.decoder_options import check_n_best, decoder_from_options

    options = {"temperature": temperature, "k": k, "p": p, "beam": beam, "length-penalty": length_penalty}
    decoder_config = decoder_from_options(decoder, options)
    best_count = check_n_best(decoder_config, n_best)
    _set_device_flags(1)
    with without_collections():
        from research.api.opened_run import open as open_run
        from research.cli import commands
        from research.use.continuations import GenerationRequest
        from research.use.generate import prompts_from_options

    request = GenerationRequest(prompts_from_options(prompt, prompts), tokens, decoder_config, best_count, until_end, recompute, seed)
    return commands.generate_command(open_run(run, runs, data_dir), request, as_json)


@app.command()
@_guarded
def score(
    run: RunName,
    file: Annotated[
        Path | None, typer.Option(help="A UTF-8 file, a prompt, a tab and its completion a line; the first of several is right.")
    ] = None,
    text: Annotated[str | None, typer.Option(help="A text.")] = None,
    examples: Annotated[int | None, typer.Option(min=0, help="Other lines of the file put before each prompt.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the examples; by default the run's.")] = None,
    runs: RunsDir = RUNS,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """How well a language model completes prompts, or its perplexity on a text."""
    _set_device_flags(1)
    with without_collections():
        from research.api.opened_run import open as open_run
        from research.cli import commands
        from research.use.score import scoring_request

    request = scoring_request(file, text, examples, seed)
    return commands.score_command(open_run(run, runs, data_dir), request, as_json)


@app.command()
@_guarded
def tokenize(
    config: ConfigFile,
    overrides: Overrides = None,
    text: Annotated[str, typer.Option(help="The text to cut.")] = "",
    n_best: Annotated[int | None, typer.Option("--n-best", help=f"{RANKED}: so many segmentations with their probabilities.")] = None,
    merges: Annotated[int | None, typer.Option(help=f"{MERGED}: the first so many merges, in order.")] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Show how a config's vocabulary cuts a text: pieces and their ids."""
    from research.api.loaded_cell import find_cell_config
    from research.config.loader import load_config
    from research.use.encode_text import encode_text, encoding_lines

    loaded = load_config(find_cell_config(config), overrides or [])
    if loaded.config is None:
        raise StepladderError(f"{config} is a sweep, so it has many vocabularies; name a file of one cell.")
    encoding = encode_text(loaded.config, text, n_best, merges, data_dir)
    print(json.dumps(encoding) if as_json else "\n".join(encoding_lines(encoding)))
    return 0


@app.command()
@_guarded
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE.py", help="A plugin: what it registers is checked. Naming it allows it to run.")],
    only: Annotated[str | None, typer.Option(metavar="NAME", help="This entry alone.")] = None,
    as_json: AsJson = False,
) -> int:
    """Try the standing laws on your own mixer, score, position, cell, task, metric or dataset: which hold, and what shows where not."""
    _set_device_flags(1)
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
@_guarded
def predict(
    run: RunName,
    text: Annotated[str | None, typer.Option(help="A sentence.")] = None,
    file: Annotated[Path | None, typer.Option(help="A UTF-8 file, a sentence a line.")] = None,
    runs: RunsDir = RUNS,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Classify sentences: the class, its probability, and the words that drove it; or tag words, which white space sets apart."""
    _set_device_flags(1)
    with without_collections():
        from research.api.opened_run import open as open_run
        from research.cli import commands

    return commands.predict_command(open_run(run, runs, data_dir), text, file, as_json)


@app.command()
@_guarded
def probe(
    run: RunName,
    overrides: Annotated[
        list[str] | None,
        typer.Argument(metavar="[data.b=value ...]", help="Labelled or tagged sentences, if they are not the run's own."),
    ] = None,
    out: OutDir = None,
    runs: RunsDir = RUNS,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> int:
    """Ask every layer of a finished model for the class of a sentence, or the tag of a word, by a linear probe."""
    _set_device_flags(1)
    with without_collections():
        from research.api.opened_run import open as open_run
        from research.cli import commands

    return commands.probe_command(open_run(run, runs, data_dir), overrides or [], out, as_json)


@app.command()
@_guarded
def schema() -> int:
    """Print the JSON Schema of the config, by which editors complete the words of a TOML file."""
    from research.config.toml_schema import toml_schema

    print(json.dumps(toml_schema(), indent=2))
    return 0


@app.command()
@_guarded
def bench(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME ...]", help="Benchmarks, or BENCHMARK/CASE; by default most.")] = None,
    repeats: Annotated[int, typer.Option(min=1, help="Rounds of each side.")] = 5,
    as_json: AsJson = False,
) -> int:
    """Measure speed against peers (torch, flax, KenLM, ...), side by side in one run."""
    from research.bench.bench_command import run_benchmarks as run

    return run(names or [], repeats, as_json)


def _set_device_flags(workers: int | None) -> None:
    from research.machine import use_workers

    use_workers(workers)


def _spec(spec: str, preset: str | None, overrides: list[str] | None, allow_plugins: bool = False) -> Any:
    """A TOML file, or an experiment's preset, with what its folder adds."""
    from research.catalog.choose import choose_experiment

    return choose_experiment(spec, preset, overrides or [], allow_plugins)


def _measure(
    experiment: Any, overrides: list[str], preset: str | None, out: Path | None, data_dir: Path | None, workers: int | None, as_json: bool
) -> int:
    """A study: its numbers, its table, and its report."""
    _set_device_flags(workers)
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
@_guarded
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
    _set_device_flags(workers)
    with without_collections():
        from research.cli import work_command

    request = work_command.WorkRequest(runs_dir, data_dir, unit, capacity, seconds, as_json)
    return work_command.list_command(contents, request) if list_units else work_command.work_command(contents, str(manifest), request)
