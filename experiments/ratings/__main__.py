"""`python -m experiments.ratings --preset quick` is `stepladder reproduce ratings --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "ratings", *sys.argv[1:]])
