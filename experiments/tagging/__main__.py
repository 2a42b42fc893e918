"""`python -m experiments.tagging --preset quick` is `stepladder reproduce tagging --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "tagging", *sys.argv[1:]])
