"""The command line: `app` is what the word `stepladder` calls."""

import research.cli.commons as commons  # its commands are those of `app` once it is imported
from research.cli.main import app

__all__ = ["app", "commons"]
