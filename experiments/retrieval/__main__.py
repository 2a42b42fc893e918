"""`python -m experiments.retrieval --preset quick` is `stepladder reproduce retrieval --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "retrieval", *sys.argv[1:]])
