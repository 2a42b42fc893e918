"""The command line: `app` is what the word `stepladder` calls."""

import research.cli.commons as commons  # its commands, and that of the next line, are those of `app` once they are imported
import research.cli.table_command as table_command
from research.cli.main import app

__all__ = ["app", "commons", "table_command"]
