"""The application with its commands: importing a module of commands adds them, in this order."""

from research.cli import launch_commands, listing_commands, using_commands, commons, table_command  # noqa: I001  the order of --help
from research.cli.application import app

__all__ = ["app", "commons", "launch_commands", "listing_commands", "table_command", "using_commands"]
