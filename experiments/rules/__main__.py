"""`python -m experiments.rules --preset quick` is `stepladder reproduce rules --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "rules", *sys.argv[1:]])
