"""`python -m experiments.multilingual_sampling --preset quick` is `stepladder reproduce multilingual_sampling --preset quick`."""

import sys

from research.cli import app

app(["reproduce", "multilingual_sampling", *sys.argv[1:]])
