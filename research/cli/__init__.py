"""The command line: `app` is what the word `stepladder` calls."""

from research.cli.main import app

__all__ = ["app"]
