"""`python -m experiments.fine_tuning --preset quick` is `stepladder reproduce fine_tuning --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "fine_tuning", *sys.argv[1:]])
