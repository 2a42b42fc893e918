"""The command line: `main` is what the word `stepladder` calls, `app` the application with all its commands.

Nothing is imported before the signals are handled: typer alone takes a moment in which Ctrl-C would be lost.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer


def main() -> None:
    """A command, as a process of its own."""
    from research.stops import own_process

    own_process()
    from research.cli.streams import forgive_closed_streams

    forgive_closed_streams()
    from research.cli.all_commands import app

    app()


def __getattr__(name: str) -> "typer.Typer":
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from research.cli.all_commands import app

    return app
