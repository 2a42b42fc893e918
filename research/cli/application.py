"""The application that all commands belong to, the options that several of them have, and how a command ends."""

import functools
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from research.config.errors import StepladderError
from research.config.unicode import visible_text
from research.machine_refusals import is_refusal, refusal_text
from research.stops import STOPPED, interrupt_at_once

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


Workers = Annotated[int | None, typer.Option(min=1, max=1024, help="Runs at a time; by default one a core. 1: a run has all cores.")]


OnError = Annotated[str, typer.Option("--on-error", metavar="continue|stop", help="When a run crashes.")]


Rerun = Annotated[str | None, typer.Option(metavar="failed|all|CELL_ID", help="Do these again.")]


Wait = Annotated[bool, typer.Option("--wait", help="Wait for runs that other processes hold; without it they end with exit code 75.")]


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
NEWLINE = "\n"


def guarded(command: Callable[..., int | None]) -> Callable[..., None]:
    """A user's mistake, or a no of the machine, is one paragraph and exit 2; a stop by the user is 130; a bug keeps its traceback."""

    @functools.wraps(command)
    def interruptible(*args: Any, **kwargs: Any) -> int | None:
        interrupt_at_once()
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            return STOPPED

    return guarded_launch(interruptible)


def guarded_launch(command: Callable[..., int | None]) -> Callable[..., None]:
    """As `guarded`, of a command that runs are under way in: it stops them cleanly, and before them it has nothing to lose."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")  # a terminal may not have every character
        try:
            code = command(*args, **kwargs)
        except StepladderError as error:
            print(f"error: {visible_text(str(error), kept=NEWLINE)}", file=sys.stderr)
            raise typer.Exit(2) from None
        except BrokenPipeError:
            raise typer.Exit(0) from None
        except OSError as error:
            if not is_refusal(error):
                raise
            print(f"error: {refusal_text(error)}", file=sys.stderr)
            raise typer.Exit(2) from None
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


def set_device_flags(workers: int | None) -> None:
    from research.machine import use_workers

    use_workers(workers)
