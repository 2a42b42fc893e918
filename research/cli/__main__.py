"""`python -m research.cli` is `stepladder`."""

from research.cli import app

app()
